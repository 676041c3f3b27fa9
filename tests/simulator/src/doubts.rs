//! What no record says of real servers, or in what they differ: one choice each, and a switch for the other.

use std::time::Duration;

/// The choices. Each is one method; without it the server is as most were seen to be.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a switch each")]
pub struct Doubts {
    pub(crate) xml_denials: bool,
    pub(crate) unnamed_default_branch: bool,
    pub(crate) unknown_branch_fails: bool,
    pub(crate) lost_commit_cancels: bool,
    pub(crate) late_cancel_dates: bool,
    pub(crate) readded_without_tags: bool,
    pub(crate) readded_ids_grow: bool,
    pub(crate) readded_as_restarted: bool,
    pub(crate) readding_takes: Duration,
    pub(crate) replaced_ids_lead_on: bool,
    pub(crate) tops_take_changes: bool,
    pub(crate) tops_take_branches: bool,
    pub(crate) given_dependencies_are_forgotten: bool,
    pub(crate) merged_ids_forgotten: bool,
    pub(crate) reasons_in_canceled_info_alone: bool,
    pub(crate) queue_holds: Option<usize>,
    pub(crate) successors_name_the_replaced: bool,
    pub(crate) extras_need_rights: bool,
}

impl Doubts {
    /// A 403 of a writing request is XML whatever was accepted (2026.1.1).
    pub fn xml_denials(mut self) -> Self {
        self.xml_denials = true;
        self
    }
    /// Builds of the default branch show `<default>` as their branch also after they left the queue.
    pub fn unnamed_default_branch(mut self) -> Self {
        self.unnamed_default_branch = true;
        self
    }
    /// A build for a branch that no root monitors fails to start (seen in 2026), rather than building the default branch.
    pub fn unknown_branch_fails(mut self) -> Self {
        self.unknown_branch_fails = true;
        self
    }
    /// A build for a commit that is nowhere is canceled by TeamCity itself (seen in 2026), rather than failing.
    pub fn lost_commit_cancels(mut self) -> Self {
        self.lost_commit_cancels = true;
        self
    }
    /// A re-added build has none of the tags of the one before it.
    pub fn readded_without_tags(mut self) -> Self {
        self.readded_without_tags = true;
        self
    }
    /// A re-added build has the next id, rather than a lower one than the build before it (seen in 2026).
    pub fn readded_ids_grow(mut self) -> Self {
        self.readded_ids_grow = true;
        self
    }
    /// A re-added build says that it was `restarted`, rather than `reAddedOnStop`.
    pub fn readded_as_restarted(mut self) -> Self {
        self.readded_as_restarted = true;
        self
    }
    /// So long after a build's end it is put back into the queue, rather than in the same second.
    pub fn readding_takes(mut self, time: Duration) -> Self {
        self.readding_takes = time;
        self
    }
    /// The id of a build that was re-added answers with its successor, rather than with itself.
    pub fn replaced_ids_lead_on(mut self) -> Self {
        self.replaced_ids_lead_on = true;
        self
    }
    /// `replacementIds` of a re-added build names the one before it.
    pub fn successors_name_the_replaced(mut self) -> Self {
        self.successors_name_the_replaced = true;
        self
    }
    /// A build without branches of its own shows the branch that it was asked for, if what it depends on has that branch.
    pub fn tops_take_branches(mut self) -> Self {
        self.tops_take_branches = true;
        self
    }
    /// `snapshot-dependencies` of a queue request are read, and other builds are taken.
    pub fn given_dependencies_are_forgotten(mut self) -> Self {
        self.given_dependencies_are_forgotten = true;
        self
    }
    /// `lastChanges` of a build that has no root of its own may name a change of a root in its chain, rather than being refused.
    pub fn tops_take_changes(mut self) -> Self {
        self.tops_take_changes = true;
        self
    }
    /// The id of a build that was merged into another is unknown, as on another node or after a restart before 2024.12 (TW-85529).
    pub fn merged_ids_forgotten(mut self) -> Self {
        self.merged_ids_forgotten = true;
        self
    }
    /// Why TeamCity itself canceled a build is in `canceledInfo` alone, rather than in the status text too.
    pub fn reasons_in_canceled_info_alone(mut self) -> Self {
        self.reasons_in_canceled_info_alone = true;
        self
    }
    /// The queue holds so many builds; what a server says of one more is not known: here a 409.
    pub fn queue_holds(mut self, builds: usize) -> Self {
        self.queue_holds = Some(builds);
        self
    }
    /// The date of a cancellation is after that of the build's end (seen in 2015).
    pub fn late_cancel_dates(mut self) -> Self {
        self.late_cancel_dates = true;
        self
    }
    /// A comment and tags in a queue request need the rights to comment and to tag, as they do later (not verified on a server).
    pub fn extras_need_rights(mut self) -> Self {
        self.extras_need_rights = true;
        self
    }
}
