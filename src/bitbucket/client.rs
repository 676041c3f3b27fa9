//! One method a request that the pipe makes about commits.

use std::rc::Rc;

use http::Method;
use url::Url;

use super::error::{Error, ErrorKind};
use super::model::{Annotation, BuildStatus, Commit, Pipeline, Report, Row};
use super::patience::Patience;
use super::send::Sender;
use crate::http::Transport;
use crate::types::Credential;

/// Most annotations in one call.
const ANNOTATIONS_A_CALL: usize = 100;
/// Most annotations of a report.
pub(super) const MOST_ANNOTATIONS: usize = 1000;

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its workspace.
    pub workspace: String,
    /// Its name in addresses.
    pub slug: String,
}

impl Repository {
    /// By workspace and name, where both are known.
    pub fn of(names: Option<(String, String)>) -> Option<Self> {
        names.map(|(workspace, slug)| Self { workspace, slug })
    }
}

/// Bitbucket, through one way: the step's proxy, or a credential.
#[derive(Clone)]
pub struct Client {
    pub(super) sender: Sender,
}

impl Client {
    /// A client of the API at `base` (`https://api.bitbucket.org/2.0`).
    ///
    /// # Errors
    /// When the credential can't be a header's value.
    pub fn new(
        transport: Rc<dyn Transport>,
        base: Url,
        credential: Option<&Credential>,
        patience: Rc<Patience>,
    ) -> Result<Self, http::header::InvalidHeaderValue> {
        Ok(Self {
            sender: Sender::new(transport, base, credential, patience)?,
        })
    }

    /// The same, for requests that close what was opened: for them a part of the patience is kept.
    #[must_use]
    pub fn closing(&self) -> Self {
        Self {
            sender: self.sender.closing(),
        }
    }

    /// The same, for one of so many ways: when it is away, time is left for the others.
    #[must_use]
    pub fn one_of(&self, ways: u32) -> Self {
        Self {
            sender: self.sender.one_of(ways),
        }
    }

    fn commit_segments<'a>(
        &self,
        of: &'a Repository,
        commit: &'a str,
        rest: &[&'a str],
    ) -> Vec<&'a str> {
        let mut segments = vec!["repositories", &of.workspace, &of.slug, "commit", commit];
        segments.extend(rest);
        segments
    }

    fn commit_url(&self, of: &Repository, commit: &str, rest: &[&str]) -> Url {
        self.sender
            .url(&self.commit_segments(of, commit, rest), &[])
    }

    /// The whole hash of a commit that is given in short.
    ///
    /// # Errors
    /// Like every method here: when Bitbucket refuses, or does not answer sensibly for as long as there is patience.
    pub async fn commit(&self, of: &Repository, short: &str) -> Result<String, Error> {
        let url = self.commit_url(of, short, &[]);
        let commit: Commit = self.sender.json(Method::GET, url, None::<&()>).await?;
        Ok(commit.hash)
    }

    /// Deletes a report with its annotations, if it is there.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn delete_report(
        &self,
        of: &Repository,
        commit: &str,
        id: &str,
    ) -> Result<(), Error> {
        let url = self.commit_url(of, commit, &["reports", id]);
        match self.sender.send(Method::DELETE, url, None::<&()>).await {
            Ok(_)
            | Err(Error {
                kind: ErrorKind::NotFound(_),
            }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes or replaces a report. Its annotations stay.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn put_report(
        &self,
        of: &Repository,
        commit: &str,
        report: &Report,
    ) -> Result<(), Error> {
        let url = self.commit_url(of, commit, &["reports", &report.external_id]);
        self.sender
            .send(Method::PUT, url, Some(report))
            .await
            .map(drop)
    }

    /// The reports of a commit. Those that this version can't read are left out.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn reports(&self, of: &Repository, commit: &str) -> Result<Vec<Report>, Error> {
        let segments = self.commit_segments(of, commit, &["reports"]);
        let all: Vec<serde_json::Value> = self.sender.list(&segments).await?;
        Ok(all
            .into_iter()
            .filter_map(|report| serde_json::from_value(report).ok())
            .collect())
    }

    /// Adds annotations to a report: the first thousand, a hundred a call.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn add_annotations(
        &self,
        of: &Repository,
        commit: &str,
        report: &str,
        annotations: &[Annotation],
    ) -> Result<(), Error> {
        let url = self.commit_url(of, commit, &["reports", report, "annotations"]);
        let kept = annotations.get(..MOST_ANNOTATIONS).unwrap_or(annotations);
        for part in kept.chunks(ANNOTATIONS_A_CALL) {
            self.sender
                .send(Method::POST, url.clone(), Some(part))
                .await?;
        }
        Ok(())
    }

    /// Puts a build status on a commit; one of the same key is replaced.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn set_status(
        &self,
        of: &Repository,
        commit: &str,
        status: &BuildStatus,
    ) -> Result<(), Error> {
        let url = self.commit_url(of, commit, &["statuses", "build"]);
        self.sender
            .send(Method::POST, url, Some(status))
            .await
            .map(drop)
    }

    /// The build statuses of a commit, of all branches.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn statuses(&self, of: &Repository, commit: &str) -> Result<Vec<Row>, Error> {
        let segments = self.commit_segments(of, commit, &["statuses"]);
        self.sender.list(&segments).await
    }

    /// A pipeline, by its number.
    ///
    /// # Errors
    /// See [`Self::commit`].
    pub async fn pipeline(&self, of: &Repository, number: u64) -> Result<Pipeline, Error> {
        let number = number.to_string();
        let segments = [
            "repositories",
            &of.workspace,
            &of.slug,
            "pipelines",
            &number,
        ];
        let url = self.sender.url(&segments, &[]);
        self.sender.json(Method::GET, url, None::<&()>).await
    }
}
