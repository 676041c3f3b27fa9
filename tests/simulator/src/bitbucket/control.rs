//! What tests do to Bitbucket.

use std::time::Duration;

use super::pipeline::{Pipeline, PipelineState};
use super::pull_request::PullRequest;
use super::{
    Bitbucket, Breakdown, Call, Credential, Environment, Fault, RateLimit, Repository, Scope,
};

impl Bitbucket {
    /// Adds a repository (`workspace/slug`) with these commits.
    #[must_use]
    pub fn with_repository(self, name: &str, commits: &[&str]) -> Self {
        let repository = Repository {
            name: name.to_owned(),
            commits: commits.iter().map(ToString::to_string).collect(),
            ..Repository::default()
        };
        {
            let mut state = self.state();
            state.repositories.insert(name.to_owned(), repository);
            if let Some((workspace, _)) = name.split_once('/') {
                state.workspaces.entry(workspace.to_owned()).or_default();
            }
        }
        self
    }

    /// Accepts this value of `Authorization` (`Bearer x`, `Basic …`) for these scopes.
    #[must_use]
    pub fn with_credential(self, authorization: &str, scopes: &[Scope]) -> Self {
        self.add_credential(Credential::of(authorization, scopes));
        self
    }

    /// Adds a credential, or replaces it.
    pub fn add_credential(&self, credential: Credential) {
        let mut state = self.state();
        state
            .credentials
            .retain(|known| known.authorization() != credential.authorization());
        state.credentials.push(credential);
    }

    /// Answers to a credential do not say which scopes it has. By default they do (`X-OAuth-Scopes`).
    #[must_use]
    pub fn without_scopes_header(self) -> Self {
        self.state().no_scopes_header = true;
        self
    }

    /// Reports and statuses take the scope that writes, as some people saw; by the API's description they do not.
    #[must_use]
    pub fn writing_needs_write(self) -> Self {
        self.state().writing_needs_write = true;
        self
    }

    /// The step's proxy serves these calls. By default reports and annotations alone, as is known of it.
    #[must_use]
    pub fn with_proxy_serving(self, calls: &[Call]) -> Self {
        self.state().proxy_serves = Some(calls.to_vec());
        self
    }

    /// Each credential has so many requests; then 429. Answers say where it stands.
    #[must_use]
    pub fn with_rate_limit(self, limit: usize, retry_after: Option<Duration>) -> Self {
        self.state().rate_limit = Some(RateLimit { limit, retry_after });
        self
    }

    /// A status without `refname` overwrites the row of its key that has one, rather than be a row of its own. Nobody
    /// outside Atlassian knows.
    pub fn null_refname_keeps_the_row(&self, repository: &str) {
        self.change(repository, |repository| {
            repository.null_refname_keeps_the_row = true;
        });
    }

    /// Adds a commit.
    pub fn add_commit(&self, repository: &str, commit: &str) {
        self.change(repository, |repository| {
            repository.commits.push(commit.to_owned());
        });
    }

    /// `…/commit/{asked}` answers with another commit's hash, as no honest server does.
    pub fn answer_commit_with(&self, repository: &str, asked: &str, hash: &str) {
        self.change(repository, |repository| {
            repository
                .wrong_commits
                .push((asked.to_owned(), hash.to_owned()));
        });
    }

    /// Adds a pipeline, the newest one.
    pub fn add_pipeline(&self, repository: &str, mut pipeline: Pipeline) {
        pipeline.created = self.state().tick();
        self.change(repository, |repository| repository.pipelines.push(pipeline));
    }

    /// A pipeline, by number or id, gets elsewhere.
    pub fn set_pipeline(&self, repository: &str, uuid_or_number: &str, to: PipelineState) {
        self.change(repository, |repository| {
            for pipeline in &mut repository.pipelines {
                if pipeline.is(uuid_or_number) {
                    pipeline.set(to);
                }
            }
        });
    }

    /// Adds a pull request, or replaces the one of that number.
    pub fn add_pull_request(&self, repository: &str, pull_request: PullRequest) {
        self.change(repository, |repository| {
            repository
                .pull_requests
                .retain(|known| known.number != pull_request.number);
            repository.pull_requests.push(pull_request);
        });
    }

    /// Adds a deployment environment to a repository, and gives its id.
    pub fn add_environment(&self, repository: &str, name: &str) -> String {
        let uuid = self.state().uuid();
        let environment = Environment {
            uuid: uuid.clone(),
            name: name.to_owned(),
            variables: Vec::new(),
        };
        self.change(repository, |repository| {
            repository.environments.push(environment);
        });
        uuid
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

    /// From now on, requests whose path contains `part` meet a fault; an empty part is all of them.
    pub fn break_down(&self, part: &str, fault: Fault) {
        self.add_fault(Breakdown::of(fault).path_contains(part));
    }

    /// From now on, requests meet a fault. The last that was added and hits wins.
    pub fn add_fault(&self, breakdown: Breakdown) {
        self.state().faults.push(breakdown);
    }

    /// All is well again.
    pub fn repair(&self) {
        self.state().faults.clear();
    }

    fn change(&self, repository: &str, change: impl FnOnce(&mut Repository)) {
        let mut state = self.state();
        let repository = state
            .repositories
            .entry(repository.to_owned())
            .or_insert_with(|| Repository {
                name: repository.to_owned(),
                ..Repository::default()
            });
        change(repository);
    }
}
