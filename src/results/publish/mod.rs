//! Tells Bitbucket: a Code Insights report with annotations, and a build status for each build.
//!
//! Bitbucket being away or refusing changes no result: what could not be shown is one warning at the end.

mod board;
mod changed_files;
mod refusal;
mod reports;
mod rows;
mod settings;

use std::time::Duration;

use tokio::time::timeout;

pub use board::Board;
use reports::Reports;
use rows::Rows;
pub use settings::PublishSettings;

use crate::outcome::{QueuedBuild, RunOutcome};
use crate::report::Warning;
use crate::types::BuildTypeId;

/// The most that a slow Bitbucket may cost while builds are queued. One that is away costs less.
const AT_START: Duration = Duration::from_secs(8);
/// The same at the end.
const AT_END: Duration = Duration::from_secs(30);
/// The same when the step is stopped: it has ten seconds for all.
const AT_STOP: Duration = Duration::from_secs(8);

/// Tells Bitbucket what happens.
pub struct Publisher {
    settings: PublishSettings,
    board: Board,
    rows: Rows,
    reports: Reports,
}

impl Publisher {
    /// Tells it on this board.
    pub fn new(settings: PublishSettings, board: Board) -> Self {
        Self {
            rows: Rows::new(&settings, board.repository()),
            reports: Reports::new(&settings),
            settings,
            board,
        }
    }

    /// Sets no statuses of this configuration's builds.
    pub fn leave(&self, build_type: BuildTypeId) {
        self.rows.leave(build_type);
    }

    /// The builds are queued. What fails now is tried again at the end, so that nothing is said of it.
    pub async fn started(&self, builds: &[QueuedBuild]) {
        let told = async {
            tokio::join!(
                self.reports.open(&self.board, builds),
                self.rows.open(&self.board, builds)
            )
        };
        let _ = timeout(AT_START, told).await;
    }

    /// The step is being stopped: what is open ends, as far as builds have not.
    pub async fn stopped(&self, outcome: &RunOutcome) {
        let _ = self.end(outcome, AT_STOP).await;
    }

    /// The run is over. What Bitbucket does not show is the warning.
    pub async fn finished(&self, outcome: &RunOutcome) -> Option<Warning> {
        self.end(outcome, AT_END).await
    }

    async fn end(&self, outcome: &RunOutcome, limit: Duration) -> Option<Warning> {
        const SLOW: &str = "Bitbucket does not answer in time";
        let board = self.board.closing();
        // Each by itself, so that a slow report does not hide what came of the rows.
        let (report, rows) = tokio::join!(
            timeout(limit, self.reports.end(&board, outcome)),
            timeout(limit, self.rows.end(&board, outcome))
        );
        let why_report = report.unwrap_or_else(|_| Err(SLOW.to_owned())).err();
        let why_rows = rows.unwrap_or_else(|_| Err(SLOW.to_owned())).err();
        let missing: Vec<_> = [
            why_report
                .map(|why| format!("the commit has no up-to-date Code Insights report: {why}")),
            why_rows.map(|why| format!("the commit has no up-to-date build status: {why}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    /// Whether anything was to be shown.
    pub fn shows(&self) -> bool {
        self.settings.code_insights || self.settings.build_status
    }
}

#[cfg(test)]
mod tests;
