//! The Code Insights report of a run, on the pipeline's commit.

use std::cell::Cell;
use std::collections::HashSet;
use std::path::PathBuf;

use super::board::Board;
use super::changed_files::changed_files;
use super::refusal::why;
use super::settings::PublishSettings;
use crate::bitbucket::model::{Annotation, Report};
use crate::bitbucket::{Client, Error};
use crate::outcome::{QueuedBuild, RunOutcome};
use crate::report::{Warning, annotations, insights, location};

/// The report of a run.
pub(super) struct Reports {
    commit: String,
    server_url: String,
    label: Option<String>,
    shown: bool,
    clone_dir: Option<PathBuf>,
    pull_request: Option<String>,
    /// An earlier run's annotations are gone.
    cleared: Cell<bool>,
}

impl Reports {
    pub(super) fn new(settings: &PublishSettings) -> Self {
        Self {
            commit: settings.commit.clone(),
            server_url: settings.server_url.clone(),
            label: settings.label.clone(),
            shown: settings.code_insights && (settings.waits || !settings.picks_up),
            clone_dir: settings.clone_dir.clone(),
            pull_request: settings.pull_request.clone(),
            cleared: Cell::default(),
        }
    }

    /// The builds are queued.
    pub(super) async fn open(&self, board: &Board, builds: &[QueuedBuild]) -> Result<(), Warning> {
        let report = insights::pending(&self.server_url, self.label.as_deref(), builds);
        self.set(board, &report, &[]).await
    }

    /// The run is over, or is being stopped.
    pub(super) async fn end(&self, board: &Board, outcome: &RunOutcome) -> Result<(), Warning> {
        if !self.shown {
            return Ok(());
        }
        self.set(
            board,
            &insights::finished(outcome),
            &self.annotations(board, outcome).await,
        )
        .await
    }

    async fn annotations(&self, board: &Board, outcome: &RunOutcome) -> Vec<Annotation> {
        let names = annotations::file_names(outcome);
        let tree = match &self.clone_dir {
            Some(root) => location::Tree::walk(root, &names),
            None => location::Tree::default(),
        };
        let changed = match &self.pull_request {
            Some(number) if !names.is_empty() => changed_files(board, number).await,
            _ => HashSet::new(),
        };
        annotations::all(outcome, &tree, &changed)
    }

    async fn set(
        &self,
        board: &Board,
        report: &Report,
        notes: &[Annotation],
    ) -> Result<(), Warning> {
        if !self.shown {
            return Ok(());
        }
        let told = board
            .by_some_way(async |way| self.set_by(board, way, report, notes).await)
            .await;
        match told {
            Ok(Some(())) => Ok(()),
            Ok(None) => Err("there is no way to Bitbucket".to_owned()),
            Err(error) => Err(why(&error)),
        }
    }

    async fn set_by(
        &self,
        board: &Board,
        way: &Client,
        report: &Report,
        notes: &[Annotation],
    ) -> Result<(), Error> {
        let (repository, commit) = (board.place(), self.commit.as_str());
        if !self.cleared.get() {
            // Annotations of an earlier run outlive a report that is only replaced. A refusal to delete it must not keep
            // the new one away.
            let deleted = way
                .delete_report(repository, commit, &report.external_id)
                .await;
            if let Err(error) = deleted
                && error.kind.may_pass()
            {
                return Err(error);
            }
            self.cleared.set(true);
        }
        way.put_report(repository, commit, report).await?;
        way.add_annotations(repository, commit, &report.external_id, notes)
            .await
    }
}
