//! Which branch a build gets for the name that was asked for, and which revisions.

use std::time::Duration;

use crate::model::{BuildType, Revision};
use crate::state::State;

/// The branch a build gets for the name that was asked for.
pub(crate) fn resolve_branch(
    state: &State,
    build_type: &BuildType,
    asked: Option<&str>,
    now: Duration,
) -> (Option<String>, bool) {
    let branches = state.branches_of(build_type, now);
    let default = branches
        .iter()
        .find(|branch| branch.default)
        .map(|branch| branch.name.clone());
    match asked {
        None | Some("" | "<default>") => (default, true),
        Some(name) => match branches.iter().find(|branch| branch.name == name) {
            Some(branch) => (Some(branch.name.clone()), branch.default),
            None if branches.is_empty() => match branch_below(state, build_type, name, now) {
                Some(default) if state.doubts.tops_take_branches => {
                    (Some(name.to_owned()), default)
                }
                _ => (None, true),
            },
            // What nobody knows runs on the default branch, unless the specification forbids it.
            None if build_type.fallback_to_default && !state.doubts.unknown_branch_fails => {
                (default, true)
            }
            None => (Some(name.to_owned()), false),
        },
    }
}

/// Whether a branch that a dependency has is its default branch; `None` if none has it.
fn branch_below(state: &State, build_type: &BuildType, name: &str, now: Duration) -> Option<bool> {
    state
        .with_dependencies(build_type)
        .into_iter()
        .flat_map(|of| state.branches_of(of, now))
        .find(|branch| branch.name == name)
        .map(|branch| branch.default)
}

/// The revisions of a build on a branch.
pub(crate) fn revisions(
    state: &State,
    build_type: &BuildType,
    branch: Option<&str>,
    pinned: &[Revision],
    now: Duration,
) -> Vec<Revision> {
    let branches = state.branches_of(build_type, now);
    let branch = branches
        .iter()
        .find(|known| Some(known.name.as_str()) == branch);
    build_type
        .roots
        .iter()
        .filter_map(|(id, _)| {
            if let Some(given) = pinned.iter().find(|given| given.root == *id) {
                return Some(given.clone());
            }
            let root = state.root(id)?;
            let in_branch =
                branch.and_then(|branch| branch.refs.iter().find(|(root, _)| root == id));
            let vcs_branch = in_branch.map_or(&root.default_branch, |(_, vcs_ref)| vcs_ref);
            let head = state
                .head(id, vcs_branch, now)
                .or_else(|| state.head(id, &root.default_branch, now))?;
            Some(Revision {
                root: id.clone(),
                version: head.version.clone(),
                vcs_branch: vcs_branch.clone(),
            })
        })
        .collect()
}
