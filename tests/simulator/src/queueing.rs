//! Adding builds to the queue: branch, revisions, dependencies, the plan's quirks.

use std::sync::Arc;
use std::time::Duration;

use crate::agents;
use crate::lifecycle::Phase;
use crate::model::{
    Build, BuildType, BuildTypeKind, Outcome, Plan, Property, Revision, Tag, Trigger,
    TriggeringOptions,
};
use crate::state::State;
use crate::succession::foresee;
use crate::vcs::{resolve_branch, revisions};

/// What a build is asked to be.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) build_type: String,
    pub(crate) branch: Option<String>,
    pub(crate) personal: Option<u64>,
    pub(crate) comment: Option<String>,
    pub(crate) user: u64,
    pub(crate) trigger: Trigger,
    pub(crate) tags: Vec<Tag>,
    pub(crate) properties: Vec<Property>,
    pub(crate) options: TriggeringOptions,
    pub(crate) agent: Option<u64>,
    /// Revisions that were given, for this build and those that it depends on.
    pub(crate) pinned: Vec<Revision>,
    /// Builds to use as dependencies.
    pub(crate) given_dependencies: Vec<u64>,
    /// What will happen, instead of the configuration's next plan.
    pub(crate) plan: Option<Plan>,
    /// The personal change to build with it.
    pub(crate) personal_change: Option<u64>,
}

impl Order {
    pub(crate) fn plain(build_type: impl Into<String>, user: u64) -> Self {
        Self {
            build_type: build_type.into(),
            branch: None,
            personal: None,
            comment: None,
            user,
            trigger: Trigger::User(user),
            tags: Vec::new(),
            properties: Vec::new(),
            options: TriggeringOptions::default(),
            agent: None,
            pinned: Vec::new(),
            given_dependencies: Vec::new(),
            plan: None,
            personal_change: None,
        }
    }
}

/// What TeamCity says of a branch that no root monitors.
fn unmonitored(
    state: &State,
    build_type: &BuildType,
    asked: Option<&str>,
    now: Duration,
) -> Option<String> {
    let name = asked.filter(|name| !matches!(*name, "" | "<default>"))?;
    let branches = state.branches_of(build_type, now);
    let known = branches.is_empty() || branches.iter().any(|branch| branch.name == name);
    (!known).then(|| {
        format!(
            "The build was triggered in the branch {name} which does not correspond to any branch monitored by the build VCS roots"
        )
    })
}

/// Puts a build, and those that it depends on, into the queue. The configuration must exist.
pub(crate) fn queue(state: &mut State, order: &Order, now: Duration) -> u64 {
    let id = state.next_build;
    state.next_build += 1;
    queue_as(state, id, order, now, 0);
    id
}

/// What the next build of a configuration will do.
pub(crate) fn next_plan(state: &mut State, build_type: &str) -> Plan {
    let uses = state.plan_uses.entry(build_type.to_owned()).or_default();
    let at = *uses;
    *uses += 1;
    state
        .plans
        .get(build_type)
        .and_then(|plans| plans.get(at).or_else(|| plans.last()))
        .cloned()
        .unwrap_or_default()
}

fn queue_as(state: &mut State, id: u64, order: &Order, now: Duration, depth: usize) {
    let Some(build_type) = state.build_type(&order.build_type).cloned() else {
        return;
    };
    let mut plan = match &order.plan {
        Some(plan) => plan.clone(),
        None => next_plan(state, &build_type.id),
    };
    let ends_anyhow = matches!(
        plan.outcome,
        Outcome::CanceledBy { .. } | Outcome::DeletedAt(_) | Outcome::MergedInto { .. }
    );
    if agents::nobody_can(state, &build_type, order.agent) && !ends_anyhow {
        plan.outcome = Outcome::NeverStarts;
    }
    let (mut branch, mut default_branch) =
        resolve_branch(state, &build_type, order.branch.as_deref(), now);
    if let Outcome::BuildsOtherBranch(other) = &plan.outcome {
        branch = Some(other.clone());
        default_branch = state
            .branches_of(&build_type, now)
            .iter()
            .any(|b| b.default && b.name == *other);
    }
    let unknown = unmonitored(state, &build_type, order.branch.as_deref(), now);
    let cannot_start = unknown
        .clone()
        .filter(|_| state.doubts.unknown_branch_fails);
    // Where the default branch is built instead, the log says so.
    let extra_log = unknown.map(|words| (now, words)).into_iter().collect();
    let mut pinned_here: Vec<Revision> = order
        .pinned
        .iter()
        .filter(|revision| {
            build_type
                .roots
                .iter()
                .any(|(root, _)| *root == revision.root)
        })
        .cloned()
        .collect();
    // A configuration that lacks any revision gets none of them: it builds the latest changes.
    let covered = |root: &String| pinned_here.iter().any(|given| given.root == *root);
    if !build_type.roots.iter().all(|(root, _)| covered(root)) {
        pinned_here.clear();
    }
    let mut revisions = revisions(state, &build_type, branch.as_deref(), &pinned_here, now);
    let mut pinned_revisions = !pinned_here.is_empty();
    let bad_revision = pinned_here.iter().any(|revision| {
        !state
            .changes
            .iter()
            .any(|change| change.root == revision.root && change.version == revision.version)
    });
    if let Outcome::BuildsOtherRevision(other) = &plan.outcome {
        pinned_revisions = false;
        if let Some(first) = revisions.first_mut() {
            first.version.clone_from(other);
        }
    }
    let number = state.numbers.entry(build_type.id.clone()).or_default();
    *number += 1;
    let number = *number;
    state.next_order += 1;
    let place = if order.options.queue_at_top {
        -state.next_order
    } else {
        state.next_order
    };
    let merged_at = match &plan.outcome {
        Outcome::MergedInto { at } => Some(now + *at),
        _ => None,
    };
    let build = Build {
        id,
        build_type: build_type.id.clone(),
        branch,
        default_branch,
        personal: order.personal,
        comment: order.comment.clone().map(|text| (text, order.user, now)),
        tags: order.tags.clone(),
        properties: order.properties.clone(),
        options: order.options.clone(),
        revisions,
        pinned_revisions,
        bad_revision,
        queued_at: now,
        trigger: order.trigger.clone(),
        agent: order.agent,
        taken_by: agents::able(state, &build_type),
        plan: Arc::new(plan),
        dependencies: Vec::new(),
        number,
        order: place,
        kept: None,
        personal_change: order.personal_change,
        canceled: None,
        approved: None,
        deleted: None,
        forced_start: None,
        forced_finish: None,
        instead_of: None,
        succeeded_by: None,
        cannot_start,
        extra_log,
    };
    state.builds.insert(id, build);
    if depth < 32 {
        let dependencies = queue_dependencies(state, id, &build_type, order, now, depth);
        if let Some(build) = state.builds.get_mut(&id) {
            build.dependencies = dependencies;
        }
    }
    if let Some(at) = merged_at {
        merge_into_another(state, id, at, now);
    }
    foresee(state, id);
    state.enforce_limit(id, now);
}

fn queue_dependencies(
    state: &mut State,
    id: u64,
    build_type: &BuildType,
    order: &Order,
    now: Duration,
    depth: usize,
) -> Vec<u64> {
    let mut found = Vec::new();
    for dependency in &build_type.dependencies {
        let Some(of) = state.build_type(&dependency.build_type).cloned() else {
            continue;
        };
        let given = order.given_dependencies.iter().copied().find(|given| {
            !state.doubts.given_dependencies_are_forgotten
                && state
                    .builds
                    .get(given)
                    .is_some_and(|build| build.build_type == of.id)
        });
        let inner = Order {
            build_type: of.id.clone(),
            branch: order.branch.clone(),
            personal: order.personal,
            comment: None,
            user: order.user,
            trigger: Trigger::SnapshotDependency(id),
            tags: if order.options.tag_dependencies {
                order.tags.clone()
            } else {
                Vec::new()
            },
            properties: reverse_properties(&order.properties, &of.id),
            options: TriggeringOptions {
                queue_at_top: false,
                ..order.options.clone()
            },
            agent: None,
            pinned: order.pinned.clone(),
            given_dependencies: order.given_dependencies.clone(),
            plan: None,
            personal_change: None,
        };
        let rebuild = order.options.rebuild_all_dependencies
            || order.options.rebuild_dependencies.contains(&of.id)
            || !dependency.reuse;
        let in_chain = chain_member(state, id, &of.id);
        let reused = given.or(in_chain).or_else(|| {
            let wanted = inner.properties.is_empty() && !rebuild && order.personal.is_none();
            wanted.then(|| suitable(state, &of, &inner, now)).flatten()
        });
        found.push(reused.unwrap_or_else(|| {
            let new = state.next_build;
            state.next_build += 1;
            queue_as(state, new, &inner, now, depth + 1);
            new
        }));
    }
    found
}

/// A build of the same chain, so that a diamond has one top.
fn chain_member(state: &State, id: u64, build_type: &str) -> Option<u64> {
    let mut root = id;
    while let Some(Trigger::SnapshotDependency(above)) =
        state.builds.get(&root).map(|build| &build.trigger)
    {
        root = *above;
    }
    let mut open = vec![root];
    let mut seen = Vec::new();
    while let Some(at) = open.pop() {
        if seen.contains(&at) {
            continue;
        }
        seen.push(at);
        // Those just queued are found by their trigger: their dependents' lists are not written yet.
        open.extend(
            state
                .builds
                .values()
                .filter(|b| b.trigger == Trigger::SnapshotDependency(at))
                .map(|b| b.id),
        );
    }
    seen.into_iter().filter(|at| *at != id).find(|at| {
        state
            .builds
            .get(at)
            .is_some_and(|b| b.build_type == build_type)
    })
}

/// A finished good build with the same revisions and nothing custom.
fn suitable(state: &State, of: &BuildType, order: &Order, now: Duration) -> Option<u64> {
    let (branch, _) = resolve_branch(state, of, order.branch.as_deref(), now);
    let wanted = revisions(state, of, branch.as_deref(), &order.pinned, now);
    let versions = |revisions: &[Revision]| {
        let mut versions: Vec<(String, String)> = revisions
            .iter()
            .map(|revision| (revision.root.clone(), revision.version.clone()))
            .collect();
        versions.sort();
        versions
    };
    let wanted = versions(&wanted);
    state.existing(now).rev().find_map(|build| {
        let fits = build.build_type == of.id
            && build.properties.is_empty()
            && build.personal.is_none()
            && versions(&build.revisions) == wanted
            && of.kind != BuildTypeKind::Composite;
        if !fits {
            return None;
        }
        let course = state.timeline(build.id)?;
        (course.phase(now) == Phase::Finished && course.succeeded()).then_some(build.id)
    })
}

/// `reverse.dep.<id>.<name>` parameters as they arrive at a dependency.
fn reverse_properties(properties: &[Property], build_type: &str) -> Vec<Property> {
    properties
        .iter()
        .filter_map(|property| {
            let rest = property.name.strip_prefix("reverse.dep.")?;
            let name = rest
                .strip_prefix(build_type)
                .or_else(|| rest.strip_prefix('*'))?
                .strip_prefix('.')?;
            Some(Property {
                name: name.to_owned(),
                ..property.clone()
            })
        })
        .collect()
}

fn merge_into_another(state: &mut State, id: u64, at: Duration, now: Duration) {
    let Some(build) = state.builds.get(&id).cloned() else {
        return;
    };
    let other = state
        .existing(now)
        .rev()
        .filter(|other| other.id != id && other.build_type == build.build_type)
        .find(|other| {
            state.timeline(other.id).is_some_and(|course| {
                !matches!(course.phase(now), Phase::Finished | Phase::Deleted)
            })
        })
        .map(|other| other.id);
    let survivor = other.unwrap_or_else(|| {
        let new = state.next_build;
        state.next_build += 1;
        let plan = Plan {
            outcome: Outcome::Success,
            ..(*build.plan).clone()
        };
        let other = Build {
            id: new,
            trigger: Trigger::Vcs,
            tags: Vec::new(),
            properties: Vec::new(),
            comment: None,
            queued_at: at,
            plan: Arc::new(plan),
            number: build.number + 1,
            ..build.clone()
        };
        state.builds.insert(new, other);
        new
    });
    state.merges.push((at, id, survivor));
}
