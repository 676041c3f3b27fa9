//! Rows and reports of commits on Bitbucket, and the ways to them.

use crate::bitbucket::model::{BuildStatus, Pipeline, Report, Row};
use crate::bitbucket::{Client, Error, Repository};
use crate::clients::Clients;
use crate::config::Settings;
use crate::report::{open_report, status};

/// A repository's rows and reports.
#[derive(Clone)]
pub struct Board {
    repository: Repository,
    proxy: Option<Client>,
    direct: Option<Client>,
}

impl Board {
    /// `proxy` is the way through the step's own proxy, which serves reports alone; `direct` the one with a
    /// credential.
    pub fn new(repository: Repository, proxy: Option<Client>, direct: Option<Client>) -> Self {
        let proxy = match &direct {
            Some(_) => proxy.map(|proxy| proxy.one_of(2)),
            None => proxy,
        };
        Self {
            repository,
            proxy,
            direct,
        }
    }

    /// That of the pipeline's repository, if it is known.
    pub fn of(settings: &Settings, clients: &Clients) -> Option<Self> {
        let (pipeline, bitbucket) = (&settings.pipeline, &settings.bitbucket);
        let repository = Repository {
            workspace: pipeline.workspace.clone()?,
            slug: pipeline.repository_slug.clone()?,
        };
        // Outside Pipelines there is no proxy.
        let proxy = pipeline.is_pipelines().then(|| {
            clients
                .bitbucket_by_proxy(&bitbucket.api_url, &bitbucket.proxy_url)
                .ok()
        });
        let direct = bitbucket
            .credential
            .as_ref()
            .and_then(|credential| clients.bitbucket(&bitbucket.api_url, credential).ok());
        Some(Self::new(repository, proxy.flatten(), direct))
    }

    /// The same for what closes rows and reports: a part of the patience with Bitbucket is kept for that.
    #[must_use]
    pub fn closing(&self) -> Self {
        Self {
            repository: self.repository.clone(),
            proxy: self.proxy.as_ref().map(Client::closing),
            direct: self.direct.as_ref().map(Client::closing),
        }
    }

    /// The repository's full name.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.repository.workspace, self.repository.slug)
    }

    /// Whether there is a credential, without which rows can't be seen.
    pub fn has_credential(&self) -> bool {
        self.direct.is_some()
    }

    /// This pipe's rows of a commit; none without a credential.
    ///
    /// # Errors
    /// When Bitbucket refuses or is away, as in each method.
    pub async fn rows(&self, commit: &str) -> Result<Vec<Row>, Error> {
        let Some(direct) = &self.direct else {
            return Ok(Vec::new());
        };
        let mut rows = direct.statuses(&self.repository, commit).await?;
        rows.retain(status::is_ours);
        Ok(rows)
    }

    /// Sets a row; nothing without a credential.
    ///
    /// # Errors
    /// See [`Self::rows`].
    pub async fn set(&self, commit: &str, row: &BuildStatus) -> Result<(), Error> {
        match &self.direct {
            Some(direct) => direct.set_status(&self.repository, commit, row).await,
            None => Ok(()),
        }
    }

    /// A pipeline of the repository; none without a credential.
    ///
    /// # Errors
    /// See [`Self::rows`].
    pub async fn pipeline(&self, number: u64) -> Result<Option<Pipeline>, Error> {
        match &self.direct {
            Some(direct) => direct.pipeline(&self.repository, number).await.map(Some),
            None => Ok(None),
        }
    }

    /// This pipe's reports of a commit.
    ///
    /// # Errors
    /// See [`Self::rows`].
    pub async fn reports(&self, commit: &str) -> Result<Vec<Report>, Error> {
        let mut reports = self
            .by_some_way(async |way| way.reports(&self.repository, commit).await)
            .await?
            .unwrap_or_default();
        reports.retain(open_report::is_ours);
        Ok(reports)
    }

    /// Sets a report; its annotations stay.
    ///
    /// # Errors
    /// See [`Self::rows`].
    pub async fn put(&self, commit: &str, report: &Report) -> Result<(), Error> {
        self.by_some_way(async |way| way.put_report(&self.repository, commit, report).await)
            .await
            .map(drop)
    }

    /// Asks by each way until one works; `None` where there is none.
    pub(super) async fn by_some_way<T>(
        &self,
        ask: impl AsyncFn(&Client) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut last = Ok(None);
        for way in self.ways() {
            match ask(way).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => last = Err(error),
            }
        }
        last
    }

    /// The ways, best first.
    pub(super) fn ways(&self) -> Vec<&Client> {
        [&self.proxy, &self.direct].into_iter().flatten().collect()
    }

    pub(super) fn place(&self) -> &Repository {
        &self.repository
    }
}
