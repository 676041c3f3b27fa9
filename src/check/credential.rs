//! What the Bitbucket credential may do of what a run does with it. Nothing is changed, so that what only writing would
//! show is called unproven, unless Bitbucket lists the scopes. Nothing here fails a run.

use std::time::Duration;

use crate::bitbucket::{Client, Error, ErrorKind, Repository, Trial};
use crate::config::Partial;
use crate::preflight::cure::{self, Access};
use crate::preflight::{Findings, Question};
use crate::types::{Credential, Diagnostic};

const CREDENTIAL: Question = "Bitbucket credential";

/// The time for one question.
const PATIENCE: Duration = Duration::from_secs(8);

/// Scopes that let build statuses be set, by Bitbucket's description of its API.
const SETS_STATUSES: [&str; 4] = [
    "repository",
    "repository:write",
    "read:repository:bitbucket",
    "write:repository:bitbucket",
];

/// A credential that is given.
pub struct Given<'a> {
    /// Bitbucket, by it.
    pub client: Client,
    /// It.
    pub credential: &'a Credential,
    /// The pipeline's repository.
    pub repository: Repository,
}

impl Given<'_> {
    /// Tries all that a run with these settings does.
    pub async fn check(&self, all: &mut Findings, settings: &Partial, commit: &str) {
        let tried = self.attempt(Trial::Statuses(commit)).await;
        match tried {
            Ok(scopes) => self.accepted(all, settings.results.build_status, scopes),
            Err(error) => {
                let loses = if settings.results.build_status {
                    "The commit gets no build status."
                } else {
                    ""
                };
                let nothing = matches!(error.kind, ErrorKind::Unauthorized);
                self.refused(
                    all,
                    "trying the Bitbucket credential",
                    &error,
                    Access::Status,
                    loses,
                );
                if nothing {
                    return;
                }
            }
        }
        let doing = "reading pipelines";
        match self.attempt(Trial::Pipelines).await {
            Ok(_) => all.good(CREDENTIAL, "the Bitbucket credential may read pipelines"),
            Err(error) => self.refused(
                all,
                doing,
                &error,
                Access::Pipelines,
                "Builds that stopped steps left behind are not found.",
            ),
        }
        if let Some(number) = &settings.pipeline.pull_request_id
            && settings.results.code_insights
        {
            match self.attempt(Trial::ChangedFiles(number)).await {
                Ok(_) => all.good(
                    CREDENTIAL,
                    "the Bitbucket credential may read pull requests",
                ),
                Err(error) => self.refused(
                    all,
                    "reading the files that the pull request changes",
                    &error,
                    Access::ChangedFiles,
                    "Annotations on files of the pull request do not come first.",
                ),
            }
        }
    }

    fn accepted(&self, all: &mut Findings, sets_statuses: bool, scopes: Option<Vec<String>>) {
        let accepts = "Bitbucket accepts the credential for this repository";
        let proven = scopes.as_ref().map(|scopes| {
            let sets = |name: &&String| SETS_STATUSES.contains(&name.as_str());
            scopes.iter().find(sets)
        });
        match proven {
            _ if !sets_statuses => all.good(CREDENTIAL, accepts),
            Some(Some(scope)) => all.good(
                CREDENTIAL,
                format!("{accepts}: it may set build statuses (scope {scope})"),
            ),
            Some(None) | None => all.good(
                CREDENTIAL,
                format!(
                    "{accepts}. The right to set build statuses is unproven: Bitbucket does not list such a scope"
                ),
            ),
        }
    }

    fn refused(&self, all: &mut Findings, doing: &str, error: &Error, access: Access, loses: &str) {
        let Diagnostic { what, cure, .. } =
            cure::bitbucket(doing, error, Some(self.credential), access);
        all.odd(CREDENTIAL, what, format!("{loses} {cure}").trim());
    }

    async fn attempt(&self, trial: Trial<'_>) -> Result<Option<Vec<String>>, Error> {
        let repository = &self.repository;
        self.client.attempt(repository, trial, PATIENCE).await
    }
}
