//! The build statuses of a run: one row a build on the pipeline's commit.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;

use super::board::Board;
use super::refusal::why;
use super::settings::PublishSettings;
use crate::bitbucket::Error;
use crate::bitbucket::model::{BuildStatus, Row, State};
use crate::outcome::{BuildOutcome, Ending, Position, QueuedBuild, RunOutcome};
use crate::report::Warning;
use crate::report::status::{self, StatusContext};
use crate::teamcity::page::{self, BuildPage};
use crate::types::{BuildId, BuildTypeId};

/// The rows of a run.
pub(super) struct Rows {
    context: StatusContext,
    commit: String,
    shown: bool,
    waits: bool,
    picks_up: bool,
    /// TeamCity itself reports builds of these.
    left: RefCell<HashSet<BuildTypeId>>,
    /// Rows that earlier steps opened for builds that are picked up.
    taken_over: RefCell<Option<HashMap<Position, Vec<Row>>>>,
    /// What Bitbucket was told.
    told: RefCell<Vec<BuildStatus>>,
}

impl Rows {
    pub(super) fn new(settings: &PublishSettings, repository: String) -> Self {
        Self {
            context: StatusContext {
                server_url: settings.server_url.clone(),
                repository,
                branch: settings.branch.clone(),
                label: settings.label.clone(),
            },
            commit: settings.commit.clone(),
            shown: settings.build_status,
            waits: settings.waits,
            picks_up: settings.picks_up,
            left: RefCell::default(),
            taken_over: RefCell::default(),
            told: RefCell::default(),
        }
    }

    /// Opens no rows for builds of this configuration.
    pub(super) fn leave(&self, build_type: BuildTypeId) {
        self.left.borrow_mut().insert(build_type);
    }

    fn is_left(&self, build_type: &BuildTypeId) -> bool {
        self.left.borrow().contains(build_type)
    }

    /// The builds are queued.
    pub(super) async fn open(&self, board: &Board, builds: &[QueuedBuild]) -> Result<(), Warning> {
        // Who picks builds up and leaves them again opens nothing.
        if !self.shown || !board.has_credential() || (self.picks_up && !self.waits) {
            return Ok(());
        }
        let named = builds
            .iter()
            .map(|build| (build.build, build.id, build.url.as_deref()));
        let taken = self.take_over(board, named).await?;
        let turns = status::turns(builds.iter().map(|build| &build.build_type));
        let mut rows = Vec::new();
        for (build, turn) in builds.iter().zip(turns) {
            match taken.get(&build.build) {
                Some(found) => {
                    let text = self.context.queued_text(build);
                    let url = self.context.link(build.url.as_deref());
                    let open = found.iter().filter(|row| !row.is_result());
                    rows.extend(
                        open.map(|row| row.with(State::InProgress, text.clone(), url.clone())),
                    );
                }
                None if self.is_left(&build.build_type) => {}
                None => rows.push(self.context.queued(build, turn)),
            }
        }
        self.set(board, rows).await
    }

    /// The run is over, or is being stopped.
    pub(super) async fn end(&self, board: &Board, outcome: &RunOutcome) -> Result<(), Warning> {
        if !self.shown || !board.has_credential() || (self.picks_up && !self.waits) {
            return Ok(());
        }
        let named = outcome.builds.iter().enumerate();
        let named =
            named.filter_map(|(position, build)| Some((position, build.id?, build.url.as_deref())));
        let taken = self.take_over(board, named).await?;
        let turns = status::turns(outcome.builds.iter().map(|build| &build.build_type));
        let mut rows = Vec::new();
        for ((position, build), turn) in outcome.builds.iter().enumerate().zip(turns) {
            if build.id.is_none() || (!self.waits && goes_on(build)) {
                continue;
            }
            let reason = outcome.reason.as_deref().and_then(|why| why.lines().next());
            let own = self.context.finished(build, turn, reason);
            match taken.get(&position) {
                Some(found) => rows.extend(
                    found
                        .iter()
                        .map(|row| row.with(own.state, own.description.clone(), own.url.clone())),
                ),
                None if self.is_left(&build.build_type) => {}
                None => rows.push(own),
            }
        }
        self.set(board, rows).await
    }

    /// Finds the rows that earlier steps opened for these builds.
    async fn take_over<'a>(
        &self,
        board: &Board,
        builds: impl Iterator<Item = (Position, BuildId, Option<&'a str>)>,
    ) -> Result<HashMap<Position, Vec<Row>>, Warning> {
        if !self.picks_up {
            return Ok(HashMap::new());
        }
        if let Some(known) = self.taken_over.borrow().clone() {
            return Ok(known);
        }
        let rows = board
            .rows(&self.commit)
            .await
            .map_err(|error| why(&error))?;
        let own = page::server(&self.context.server_url);
        let mut found: HashMap<Position, Vec<Row>> = HashMap::new();
        for (position, id, url) in builds {
            // Links lead to the server's own address, which may not be the one by which it is reached.
            let linked = url.and_then(BuildPage::of).map(|page| page.server);
            for row in &rows {
                let Some(page) = status::build_of(row) else {
                    continue;
                };
                let server = Some(page.server);
                if page.build == id && (server == linked || server == own) {
                    found.entry(position).or_default().push(row.clone());
                }
            }
        }
        *self.taken_over.borrow_mut() = Some(found.clone());
        Ok(found)
    }

    async fn set(&self, board: &Board, mut rows: Vec<BuildStatus>) -> Result<(), Warning> {
        rows.retain(|row| !self.told.borrow().contains(row));
        let told = join_all(rows.iter().map(|row| async {
            board.set(&self.commit, row).await.inspect(|()| {
                let mut told = self.told.borrow_mut();
                told.retain(|known| known.key != row.key || known.refname != row.refname);
                told.push(row.clone());
            })
        }));
        let told: Result<Vec<()>, Error> = told.await.into_iter().collect();
        told.map(drop).map_err(|error| why(&error))
    }
}

/// Whether a build has not come to its end.
fn goes_on(build: &BuildOutcome) -> bool {
    matches!(build.ending, Ending::Queued | Ending::Running)
}
