//! Tells Bitbucket: a Code Insights report with annotations, and a build status for each build.
//!
//! Bitbucket being away, refusing or slow changes no result, and costs half a minute in all: what could not be shown
//! is one warning at the end.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::bitbucket::model::{Annotation, BuildStatus, Report};
use crate::bitbucket::{Client, Error, ErrorKind, Repository};
use crate::outcome::QueuedBuild;
use crate::outcome::RunOutcome;
use crate::report::status::StatusContext;
use crate::report::{Warning, annotations, insights, location};

/// The most that Bitbucket may cost a run.
const BUDGET: Duration = Duration::from_secs(30);
/// How much of it is spent at the start.
const AT_START: Duration = Duration::from_secs(8);

/// What to show, and where.
#[derive(Debug, Clone)]
pub struct PublishSettings {
    /// The repository.
    pub repository: Repository,
    /// The commit; a short hash will do.
    pub commit: String,
    /// The branch of the pipeline, if it has one.
    pub branch: Option<String>,
    /// TeamCity, as the user reaches it.
    pub server_url: String,
    /// Show a report.
    pub code_insights: bool,
    /// Show build statuses.
    pub build_status: bool,
    /// The clone, in which the files of annotations are looked for.
    pub clone_dir: Option<PathBuf>,
}

/// Tells Bitbucket what happens.
pub struct Publisher {
    settings: PublishSettings,
    status: StatusContext,
    proxy: Option<Client>,
    direct: Option<Client>,
    spent: Cell<Duration>,
    /// An earlier run's annotations are gone.
    cleared: Cell<bool>,
    /// Statuses were set to "in progress" for so many builds.
    statuses: RefCell<Vec<BuildStatus>>,
}

impl Publisher {
    /// `proxy` is the way through the step's own proxy, which serves reports alone; `direct` the one with a
    /// credential.
    pub fn new(settings: PublishSettings, proxy: Option<Client>, direct: Option<Client>) -> Self {
        let repository = &settings.repository;
        let status = StatusContext {
            server_url: settings.server_url.clone(),
            repository: format!("{}/{}", repository.workspace, repository.slug),
            branch: settings.branch.clone(),
        };
        Self {
            settings,
            status,
            proxy,
            direct,
            spent: Cell::default(),
            cleared: Cell::default(),
            statuses: RefCell::default(),
        }
    }

    /// The builds are queued. What fails now is tried again at the end, so that nothing is said of it.
    pub async fn started(&self, builds: &[QueuedBuild]) {
        let begun = Instant::now();
        let end = begun + AT_START;
        let report = insights::pending(&self.settings.server_url, builds);
        let statuses: Vec<_> = builds
            .iter()
            .map(|build| self.status.queued(build))
            .collect();
        let (_, told) = tokio::join!(
            self.report(&report, &[], end),
            self.set_statuses(&statuses, end)
        );
        if told.is_ok() {
            *self.statuses.borrow_mut() = statuses;
        }
        self.spent.set(self.spent.get() + begun.elapsed());
    }

    /// The run is over. What Bitbucket does not show is the warning.
    pub async fn finished(&self, outcome: &RunOutcome) -> Option<Warning> {
        let end = Instant::now() + BUDGET.saturating_sub(self.spent.get());
        let report = insights::finished(outcome);
        let notes = if self.settings.code_insights {
            self.annotations(outcome)
        } else {
            Vec::new()
        };
        let builds = outcome.builds.iter().enumerate();
        let statuses: Vec<_> = builds
            .filter(|(_, build)| build.id.is_some())
            .map(|(position, build)| self.status.finished(build, position))
            .collect();
        let (report, statuses) = tokio::join!(
            self.report(&report, &notes, end),
            self.set_statuses(&statuses, end)
        );
        let missing: Vec<_> = [report.err(), statuses.err()]
            .into_iter()
            .flatten()
            .collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    fn annotations(&self, outcome: &RunOutcome) -> Vec<Annotation> {
        let names = annotations::file_names(outcome);
        let tree = match &self.settings.clone_dir {
            Some(root) => location::Tree::walk(root, &names),
            None => location::Tree::default(),
        };
        annotations::all(outcome, &tree)
    }

    async fn report(
        &self,
        report: &Report,
        notes: &[Annotation],
        end: Instant,
    ) -> Result<(), Warning> {
        if !self.settings.code_insights {
            return Ok(());
        }
        let ways: Vec<_> = [&self.proxy, &self.direct].into_iter().flatten().collect();
        let mut why = "there is no way to Bitbucket".to_owned();
        for (at, way) in ways.iter().enumerate() {
            let left = end.saturating_duration_since(Instant::now());
            // A silent proxy leaves time for the other way.
            let share = left / u32::try_from(ways.len() - at).unwrap_or(1);
            match timeout(share, self.report_by(way, report, notes)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => why = "Bitbucket does not answer in time".to_owned(),
            }
        }
        Err(format!(
            "the commit has no up-to-date Code Insights report: {why}"
        ))
    }

    async fn report_by(
        &self,
        way: &Client,
        report: &Report,
        notes: &[Annotation],
    ) -> Result<(), Error> {
        let PublishSettings {
            repository, commit, ..
        } = &self.settings;
        if !self.cleared.get() {
            // Annotations of an earlier run outlive a report that is only replaced. A refusal to delete it must not keep
            // the new one away.
            let deleted = way
                .delete_report(repository, commit, &report.external_id)
                .await;
            if let Err(error) = deleted
                && matches!(
                    error.kind,
                    ErrorKind::Unreachable(_) | ErrorKind::Unavailable(_)
                )
            {
                return Err(error);
            }
            self.cleared.set(true);
        }
        way.put_report(repository, commit, report).await?;
        way.add_annotations(repository, commit, &report.external_id, notes)
            .await
    }

    async fn set_statuses(&self, statuses: &[BuildStatus], end: Instant) -> Result<(), Warning> {
        let Some(way) = self.direct.as_ref().filter(|_| self.settings.build_status) else {
            return Ok(());
        };
        let work = async {
            for status in statuses {
                if !self.statuses.borrow().contains(status) {
                    way.set_status(&self.settings.repository, &self.settings.commit, status)
                        .await?;
                }
            }
            Ok::<_, Error>(())
        };
        let why = match timeout(end.saturating_duration_since(Instant::now()), work).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Error {
                kind: ErrorKind::Forbidden(why),
            })) => {
                format!("the credential lacks the scope for it ({why})")
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "Bitbucket does not answer in time".to_owned(),
        };
        Err(format!("the commit has no up-to-date build status: {why}"))
    }
}

#[cfg(test)]
mod tests;
