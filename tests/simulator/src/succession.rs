//! Builds that come in the place of others: re-added ones (seen in 2026: TeamCity did it, nobody had asked), and dependencies
//! that are retried while their chain runs (2026.2).
//!
//! As states follow from time, a successor is there from the start; it exists once its predecessor has ended as foreseen.

use std::sync::Arc;
use std::time::Duration;

use crate::lifecycle::Phase;
use crate::model::{Build, InsteadOf, Outcome, Plan, Trigger};
use crate::state::State;

/// Puts a build in the place of one that ends at `end`. Gives its number.
pub(crate) fn succeed(
    state: &mut State,
    id: u64,
    end: Duration,
    plan: Plan,
    trigger: Trigger,
) -> Option<u64> {
    let old = state.builds.get(&id)?.clone();
    let readded = matches!(trigger, Trigger::ReAdded { .. });
    let new = if readded && !state.doubts.readded_ids_grow {
        state.next_low_build -= 1;
        state.next_low_build
    } else {
        state.next_build += 1;
        state.next_build - 1
    };
    let number = state.numbers.entry(old.build_type.clone()).or_default();
    *number += 1;
    let number = *number;
    state.next_order += 1;
    let gap = if readded {
        state.doubts.readding_takes
    } else {
        Duration::ZERO
    };
    let untagged = readded && state.doubts.readded_without_tags;
    let build = Build {
        id: new,
        trigger,
        tags: if untagged {
            Vec::new()
        } else {
            old.tags.clone()
        },
        comment: None,
        queued_at: end + gap,
        number,
        order: state.next_order,
        plan: Arc::new(plan),
        instead_of: Some(InsteadOf { id, end }),
        succeeded_by: None,
        kept: None,
        canceled: None,
        approved: None,
        deleted: None,
        forced_start: None,
        forced_finish: None,
        extra_log: Vec::new(),
        ..old
    };
    let planned = build.queued_at;
    state.builds.insert(new, build);
    if let Some(old) = state.builds.get_mut(&id) {
        old.succeeded_by = Some(new);
    }
    if readded && state.doubts.replaced_ids_lead_on {
        state.merges.push((planned, id, new));
    }
    foresee(state, new);
    Some(new)
}

/// Puts those into the queue that a build's plan foresees in its place.
pub(crate) fn foresee(state: &mut State, id: u64) {
    let Some(build) = state.builds.get(&id) else {
        return;
    };
    let plan = Arc::clone(&build.plan);
    let (queued_at, trigger) = (build.queued_at, build.trigger.clone());
    match &plan.outcome {
        Outcome::ReAdded { at, then, .. } => {
            let restarted = state.doubts.readded_as_restarted;
            let trigger = Trigger::ReAdded {
                by: None,
                restarted,
            };
            succeed(state, id, queued_at + *at, (**then).clone(), trigger);
        }
        Outcome::Retried { at, then } => {
            succeed(state, id, queued_at + *at, (**then).clone(), trigger);
        }
        _ => {}
    }
}

/// Stops a build that has been stopped just now, and adds it to the queue again as it ends. Gives the successor's number.
pub(crate) fn readd(
    state: &mut State,
    id: u64,
    by: Option<u64>,
    plan: Plan,
    now: Duration,
) -> Option<u64> {
    let end = state.timeline(id)?.finish?;
    let trigger = Trigger::ReAdded {
        by,
        restarted: state.doubts.readded_as_restarted,
    };
    succeed(state, id, end.max(now), plan, trigger)
}

impl State {
    /// Whether a build is there: it was queued by then, and the one before it ended as foreseen.
    pub(crate) fn exists(&self, build: &Build, now: Duration) -> bool {
        build.queued_at <= now
            && build.instead_of.as_ref().is_none_or(|of| {
                let end = self.timeline(of.id).and_then(|course| course.finish);
                end == Some(of.end)
                    && self
                        .builds
                        .get(&of.id)
                        .is_some_and(|old| self.exists(old, now))
            })
    }

    /// The builds that are there.
    pub(crate) fn existing(&self, now: Duration) -> impl DoubleEndedIterator<Item = &Build> {
        self.builds
            .values()
            .filter(move |build| self.exists(build, now))
    }

    /// Which build stands for a dependency: itself, or the one in its place by then.
    pub(crate) fn stand_in(&self, id: u64, now: Duration) -> u64 {
        let mut id = id;
        while let Some(next) = self.builds.get(&id).and_then(|build| build.succeeded_by) {
            let there = self
                .builds
                .get(&next)
                .is_some_and(|next| self.exists(next, now));
            if !there {
                break;
            }
            id = next;
        }
        id
    }

    /// The builds that a build depends on, as it shows them.
    pub(crate) fn dependencies_of(&self, build: &Build, now: Duration) -> Vec<u64> {
        let ids = build.dependencies.iter();
        ids.map(|id| self.stand_in(*id, now)).collect()
    }

    /// Cancels what a configuration's limit of running builds in a branch does not allow beside a new one (2026.1).
    pub(crate) fn enforce_limit(&mut self, id: u64, now: Duration) {
        let Some(new) = self.builds.get(&id) else {
            return;
        };
        let of = self.build_type(&new.build_type);
        let Some(limit) = of.and_then(|of| of.most_in_branch) else {
            return;
        };
        let mut running: Vec<(Duration, u64)> = self
            .existing(now)
            .filter(|b| b.id != id && b.build_type == new.build_type && b.branch == new.branch)
            .filter_map(|build| {
                let course = self.timeline(build.id)?;
                (course.phase(now) == Phase::Running).then_some((course.start?, build.id))
            })
            .collect();
        running.sort_unstable();
        let many = (running.len() + 1).saturating_sub(limit);
        for (_, oldest) in running.into_iter().take(many) {
            if let Some(build) = self.builds.get_mut(&oldest) {
                let words = "Canceled: the limit of running builds in the branch is reached";
                build
                    .canceled
                    .get_or_insert(crate::model::Cancellation::new(now, None, words));
            }
        }
    }
}
