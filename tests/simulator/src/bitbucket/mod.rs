//! Bitbucket Cloud's side, as it is in 2026: its API, and the proxy that a step has to it.
//!
//! Keeps reports, annotations, build statuses, commits, pull requests, pipelines and Pipelines' variables in memory, with the API's own limits
//! and the bodies of its errors. What a request carries beyond the published API is refused.

mod answer;
mod call;
mod control;
mod credential;
mod faults;
mod insights;
mod look;
mod pipeline;
mod pull_request;
mod route;
mod serve;
mod status;
mod variables;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::body::Body;
pub use call::Call;
pub use credential::{Credential, Scope};
pub use faults::{Breakdown, Fault};
pub use pipeline::{Pipeline, PipelineResult, PipelineState};
pub use pull_request::PullRequest;
pub use serve::Served;
pub use status::MergeCheck;

/// Bitbucket. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Bitbucket(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    workspaces: BTreeMap<String, Vec<Value>>,
    credentials: Vec<Credential>,
    no_scopes_header: bool,
    writing_needs_write: bool,
    proxy_serves: Option<Vec<Call>>,
    rate_limit: Option<RateLimit>,
    faults: Vec<Breakdown>,
    seen: Vec<Seen>,
    next_uuid: u32,
    ticks: i64,
}

#[derive(Debug, Clone, Copy)]
struct RateLimit {
    limit: usize,
    retry_after: Option<Duration>,
}

#[derive(Debug, Default)]
struct Repository {
    name: String,
    commits: Vec<String>,
    wrong_commits: Vec<(String, String)>,
    reports: BTreeMap<(String, String), Report>,
    rows: Vec<status::Row>,
    null_refname_keeps_the_row: bool,
    pipelines: Vec<Pipeline>,
    pull_requests: Vec<PullRequest>,
    variables: Vec<Value>,
    environments: Vec<Environment>,
}

#[derive(Debug, Default)]
struct Report {
    body: Value,
    annotations: BTreeMap<String, Value>,
    created: String,
    updated: String,
}

#[derive(Debug)]
struct Environment {
    uuid: String,
    name: String,
    variables: Vec<Value>,
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
    /// Which call it is.
    pub call: Option<Call>,
    /// The API's address, of which the answer's links are made.
    pub base: String,
    /// It came through the step's proxy.
    pub by_proxy: bool,
    /// Its authorization.
    pub authorization: Option<String>,
    /// Its body; null where there is none.
    pub body: Value,
    /// The status of the answer; 0 where there is none.
    pub status: u16,
}

impl Seen {
    fn of(request: &Request<Bytes>) -> Self {
        let uri = request.uri();
        let header = |name| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(ToOwned::to_owned)
        };
        let host = uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| header(http::header::HOST));
        let base = match host {
            // Tests and odd runners have the API elsewhere.
            Some(host) if host != "api.bitbucket.org" => format!("http://{host}/2.0"),
            _ => "https://api.bitbucket.org/2.0".to_owned(),
        };
        let path = uri.path().strip_prefix("/2.0").unwrap_or(uri.path());
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        Self {
            method: request.method().to_string(),
            path: path.to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            call: Call::of(&parts),
            base,
            by_proxy: uri.scheme_str() == Some("http"),
            authorization: header(http::header::AUTHORIZATION),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
            status: 0,
        }
    }

    /// A parameter of the query, decoded.
    fn query(&self, name: &str) -> Option<String> {
        let of_name = |pair: &str| {
            pair.strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        };
        let value = self.query.split('&').find_map(of_name)?;
        Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
    }
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

    /// Answers a request. An address with `http` and a host is one to the step's proxy; all others reach the API
    /// itself. The body comes as a connection would bring it, so that a fault can make it slow or cut it off.
    ///
    /// # Errors
    /// When the connection breaks instead.
    pub async fn respond(&self, request: Request<Bytes>) -> Result<Response<Body>, Closed> {
        let mut seen = Seen::of(&request);
        let fault = {
            let mut state = self.state();
            let (path, method) = (request.uri().path(), request.method().as_str());
            let mut faults = state.faults.iter_mut().rev();
            faults.find_map(|breakdown| breakdown.hits(method, path, seen.call))
        };
        // Seen from the first moment, so that a hanging one is seen too.
        let at = {
            let mut state = self.state();
            state.seen.push(seen.clone());
            state.seen.len() - 1
        };
        match fault {
            Some(Fault::Refuse) => return Err(Closed),
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        let response = match fault.and_then(|fault| faults::instead(fault, &seen)) {
            Some(response) => response,
            None => route::answer(&mut self.state(), &request, &seen).into_response(),
        };
        match fault {
            Some(Fault::RefuseAfterActing) => return Err(Closed),
            Some(Fault::HangAfterActing) => return std::future::pending().await,
            _ => {}
        }
        seen.status = response.status().as_u16();
        if let Some(known) = self.state().seen.get_mut(at) {
            known.status = seen.status;
        }
        Ok(response.map(|body| faults::spoil(fault, body)))
    }

    /// [`Self::respond`] with the whole body.
    ///
    /// # Errors
    /// When the connection breaks instead, or breaks in the body.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Closed> {
        let (head, mut body) = self.respond(request).await?.into_parts();
        let body = body.read().await.map_err(|_| Closed)?;
        Ok(Response::from_parts(head, body.into()))
    }
}

impl Repository {
    fn rows_of(&self, commit: &str) -> impl Iterator<Item = &status::Row> {
        let commit = commit.to_owned();
        self.rows.iter().filter(move |row| row.commit == commit)
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

    /// The time of the next thing that is made: a second after the last.
    fn tick(&mut self) -> String {
        self.ticks += 1;
        chrono::DateTime::from_timestamp(1_768_471_200 + self.ticks, 0)
            .map(|time| time.format("%Y-%m-%dT%H:%M:%S.000000+00:00").to_string())
            .unwrap_or_default()
    }
}
