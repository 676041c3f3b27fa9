//! Bitbucket Cloud's side: its API, and the proxy that a step has to it.
//!
//! Keeps reports, annotations, build statuses, commits and Pipelines' variables in memory, with the API's own limits
//! and the bodies of its errors. What a request carries beyond the published API is refused.

mod answer;
mod insights;
mod route;
mod serve;
mod status;
mod variables;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

pub use serve::Served;

/// Bitbucket. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Bitbucket(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    workspaces: BTreeMap<String, Vec<Value>>,
    credentials: Vec<(String, Vec<Scope>)>,
    faults: Vec<(String, Fault)>,
    seen: Vec<Seen>,
    next_uuid: u32,
}

#[derive(Debug, Default)]
struct Repository {
    commits: Vec<String>,
    reports: BTreeMap<(String, String), Report>,
    statuses: BTreeMap<(String, String), Value>,
    variables: Vec<Value>,
    environments: Vec<Environment>,
}

#[derive(Debug, Default)]
struct Report {
    body: Value,
    annotations: BTreeMap<String, Value>,
}

#[derive(Debug)]
struct Environment {
    uuid: String,
    name: String,
    variables: Vec<Value>,
}

/// What a credential may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read a repository; also set build statuses and reports.
    Repository,
    /// Read pipelines and their variables.
    Pipeline,
    /// Write variables.
    PipelineVariable,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks without an answer.
    Refuse,
    /// It answers with this status.
    Status(u16),
    /// No answer comes, ever.
    Hang,
    /// The answer takes so long.
    Slow(Duration),
}

/// No answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub struct Closed;

/// A request that came, and what it was answered with.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method.
    pub method: String,
    /// Path, encoded as it came, without the version.
    pub path: String,
    /// Query.
    pub query: String,
    /// It came through the step's proxy.
    pub by_proxy: bool,
    /// Its authorization.
    pub authorization: Option<String>,
    /// Its body; null where there is none.
    pub body: Value,
    /// The status of the answer.
    pub status: u16,
}

impl Bitbucket {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a repository (`workspace/slug`) with these commits.
    #[must_use]
    pub fn with_repository(self, name: &str, commits: &[&str]) -> Self {
        let commits = commits.iter().map(ToString::to_string).collect();
        self.state().repositories.insert(
            name.to_owned(),
            Repository {
                commits,
                ..Repository::default()
            },
        );
        if let Some((workspace, _)) = name.split_once('/') {
            self.state()
                .workspaces
                .entry(workspace.to_owned())
                .or_default();
        }
        self
    }

    /// Adds a deployment environment to a repository, and gives its id.
    pub fn add_environment(&self, repository: &str, name: &str) -> String {
        let mut state = self.state();
        let uuid = state.uuid();
        let environment = Environment {
            uuid: uuid.clone(),
            name: name.to_owned(),
            variables: Vec::new(),
        };
        state
            .repositories
            .entry(repository.to_owned())
            .or_default()
            .environments
            .push(environment);
        uuid
    }

    /// Accepts this value of `Authorization` (`Bearer x`, `Basic …`) for these scopes.
    #[must_use]
    pub fn with_credential(self, authorization: &str, scopes: &[Scope]) -> Self {
        self.state()
            .credentials
            .push((authorization.to_owned(), scopes.to_vec()));
        self
    }

    /// From now on, requests whose path contains `part` meet a fault; an empty part is all of them.
    pub fn break_down(&self, part: &str, fault: Fault) {
        self.state().faults.push((part.to_owned(), fault));
    }

    /// All is well again.
    pub fn repair(&self) {
        self.state().faults.clear();
    }

    /// All requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// A report as it stands.
    #[must_use]
    pub fn report(&self, repository: &str, commit: &str, id: &str) -> Option<Value> {
        let state = self.state();
        let report = state
            .repositories
            .get(repository)?
            .reports
            .get(&(commit.to_owned(), id.to_owned()))?;
        Some(report.body.clone())
    }

    /// All reports of a commit, by id.
    #[must_use]
    pub fn reports(&self, repository: &str, commit: &str) -> BTreeMap<String, Value> {
        let state = self.state();
        let all = state
            .repositories
            .get(repository)
            .into_iter()
            .flat_map(|repository| &repository.reports);
        all.filter(|((of, _), _)| of == commit)
            .map(|((_, id), report)| (id.clone(), report.body.clone()))
            .collect()
    }

    /// The annotations of a report.
    #[must_use]
    pub fn annotations(&self, repository: &str, commit: &str, id: &str) -> Vec<Value> {
        let state = self.state();
        let report = state
            .repositories
            .get(repository)
            .and_then(|repository| repository.reports.get(&(commit.to_owned(), id.to_owned())));
        report
            .map(|report| report.annotations.values().cloned().collect())
            .unwrap_or_default()
    }

    /// The build statuses of a commit.
    #[must_use]
    pub fn statuses(&self, repository: &str, commit: &str) -> Vec<Value> {
        let state = self.state();
        let all = state
            .repositories
            .get(repository)
            .into_iter()
            .flat_map(|repository| &repository.statuses);
        all.filter(|((of, _), _)| of == commit)
            .map(|(_, status)| status.clone())
            .collect()
    }

    /// A variable as it is stored, its value too if it is secured: of a workspace (`acme`), a repository (`acme/app`),
    /// or an environment of a repository.
    #[must_use]
    pub fn variable(&self, place: &str, environment: Option<&str>, key: &str) -> Option<Value> {
        let mut state = self.state();
        let list = state.variables(place, environment)?;
        list.iter().find(|variable| variable["key"] == key).cloned()
    }

    /// Stores a variable, or replaces the one of that name.
    pub fn set_variable(
        &self,
        place: &str,
        environment: Option<&str>,
        key: &str,
        value: &str,
        secured: bool,
    ) {
        let mut state = self.state();
        let uuid = state.uuid();
        let Some(list) = state.variables(place, environment) else {
            return;
        };
        list.retain(|variable| variable["key"] != key);
        list.push(serde_json::json!({
            "type": "pipeline_variable", "uuid": uuid, "key": key, "value": value, "secured": secured,
        }));
    }

    /// Answers a request. An address with `http` and a host is one to the step's proxy; all others reach the API
    /// itself.
    ///
    /// # Errors
    /// When the connection breaks instead.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Closed> {
        let uri = request.uri().clone();
        let by_proxy = uri.scheme_str() == Some("http");
        let path = uri
            .path()
            .strip_prefix("/2.0")
            .unwrap_or(uri.path())
            .to_owned();
        let fault = {
            let state = self.state();
            let hit = state
                .faults
                .iter()
                .rev()
                .find(|(part, _)| uri.path().contains(part.as_str()));
            hit.map(|(_, fault)| *fault)
        };
        let authorization = request.headers().get(http::header::AUTHORIZATION);
        let mut seen = Seen {
            method: request.method().to_string(),
            path,
            query: uri.query().unwrap_or_default().to_owned(),
            by_proxy,
            authorization: authorization
                .and_then(|value| value.to_str().ok())
                .map(ToOwned::to_owned),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
            status: 0,
        };
        match fault {
            Some(Fault::Refuse) => {
                self.state().seen.push(seen);
                return Err(Closed);
            }
            Some(Fault::Hang) => {
                self.state().seen.push(seen);
                return std::future::pending().await;
            }
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Status(_)) | None => {}
        }
        let response = match fault {
            Some(Fault::Status(status)) => {
                answer::error(status, "Something went wrong").into_response()
            }
            _ => route::answer(&mut self.state(), &request, &seen).into_response(),
        };
        seen.status = response.status().as_u16();
        self.state().seen.push(seen);
        Ok(response)
    }
}

impl State {
    fn variables(&mut self, place: &str, environment: Option<&str>) -> Option<&mut Vec<Value>> {
        if !place.contains('/') {
            return self.workspaces.get_mut(place);
        }
        let repository = self.repositories.get_mut(place)?;
        let Some(name) = environment else {
            return Some(&mut repository.variables);
        };
        let found = repository
            .environments
            .iter_mut()
            .find(|one| one.name == name)?;
        Some(&mut found.variables)
    }

    fn uuid(&mut self) -> String {
        self.next_uuid += 1;
        format!("{{00000000-0000-4000-8000-{:012x}}}", self.next_uuid)
    }
}
