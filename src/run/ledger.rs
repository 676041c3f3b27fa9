//! What this run has put into TeamCity: written before each step that a stop could interrupt, so that a stop at any
//! moment finds all of it.

use std::cell::RefCell;

use super::follow::asked::Asked;
use crate::outcome::{BuildOutcome, Ending, QueuedBuild};
use crate::results;
use crate::teamcity::model::Build;
use crate::types::{BuildId, BuildTypeId};

/// One build of the run.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its configuration.
    pub build_type: BuildTypeId,
    /// The tag that it carries, or would.
    pub tag: Option<String>,
    /// A queue request was sent whose answer is not known.
    pub in_flight: bool,
    /// Its id, once known.
    pub id: Option<BuildId>,
    /// Other ids that its request has had: it was merged with a double of its own, or was put back as another build.
    pub had: Vec<BuildId>,
    /// This run may cancel it: it queued it, and it was not merged with another's.
    pub own: bool,
    /// What is known of it; final once it has ended.
    pub outcome: BuildOutcome,
    /// It was asked for on the default branch, whatever that is called.
    pub on_default_branch: bool,
    /// What it must turn out to build.
    pub asked: Asked,
    /// It is over.
    pub ended: bool,
}

/// All builds of the run, in the order of `BUILD_TYPE_ID`.
#[derive(Debug, Default)]
pub struct Ledger(RefCell<Vec<Entry>>);

impl Ledger {
    /// Adds a build; its position is its place.
    pub fn add(&self, entry: Entry) {
        self.0.borrow_mut().push(entry);
    }

    /// Changes one.
    pub fn update(&self, position: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.0.borrow_mut().get_mut(position) {
            change(entry);
        }
    }

    /// Notes how a build ended: known from here on, whatever comes of the details.
    pub fn end(&self, position: usize, ending: Ending, build: Option<&Build>) {
        self.update(position, |entry| {
            let outcome = &mut entry.outcome;
            let said = outcome.status_text.clone();
            if let Some(build) = build {
                results::read(outcome, build);
            }
            if ending == Ending::WrongRevision {
                outcome.status_text = said;
            }
            outcome.ending = ending;
            entry.ended = true;
        });
    }

    /// A copy of all.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.borrow().clone()
    }

    /// The builds that are in TeamCity, as they were queued.
    pub fn queued(&self) -> Vec<QueuedBuild> {
        let entries = self.0.borrow();
        let of = entries.len();
        let queued = entries.iter().enumerate().filter_map(|(build, entry)| {
            let outcome = &entry.outcome;
            Some(QueuedBuild {
                build,
                of,
                id: entry.id?,
                build_type: entry.build_type.clone(),
                name: outcome.full_name(),
                url: outcome.url.clone(),
                branch: outcome.branch.clone(),
                revision: outcome.revision.clone(),
                joined: None,
            })
        });
        queued.collect()
    }

    /// A copy of one.
    pub fn entry(&self, position: usize) -> Option<Entry> {
        self.0.borrow().get(position).cloned()
    }
}
