//! Tries what a credential may do, without changing anything.

use std::time::Duration;

use super::client::{Client, Repository};
use super::error::{self, Error};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial<'a> {
    /// The build statuses of this commit are read.
    Statuses(&'a str),
    /// The list of pipelines is read.
    Pipelines,
    /// The files that this pull request changes are read.
    ChangedFiles(&'a str),
}

impl Client {
    /// Reads, once; gives the scopes that Bitbucket says the credential has (`X-OAuth-Scopes`), where it says so.
    ///
    /// # Errors
    /// When Bitbucket refuses, or does not answer within `limit`.
    pub async fn attempt(
        &self,
        of: &Repository,
        trial: Trial<'_>,
        limit: Duration,
    ) -> Result<Option<Vec<String>>, Error> {
        let mut segments = vec!["repositories", &of.workspace, &of.slug];
        segments.extend(match trial {
            Trial::Statuses(commit) => vec!["commit", commit, "statuses"],
            Trial::Pipelines => vec!["pipelines"],
            Trial::ChangedFiles(number) => vec!["pullrequests", number, "diffstat"],
        });
        let url = self.sender.url(&segments, &[("pagelen", "1")]);
        let (status, headers, body) = self.sender.look(url, limit).await?;
        if status >= 400 {
            return Err(error::of_answer(status, &body).into());
        }
        let scopes = headers.get("x-oauth-scopes");
        Ok(scopes.and_then(|scopes| {
            let names = scopes.to_str().ok()?.split(',').map(str::trim);
            Some(names.map(ToOwned::to_owned).collect())
        }))
    }
}
