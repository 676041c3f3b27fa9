//! Repositories as the server sees them: which refs and changes it knows, and which branches a configuration has of them.

mod revisions;

use std::time::Duration;

use crate::model::{BuildType, Change, Root};
use crate::state::State;

pub(crate) use revisions::{resolve_branch, revisions};

/// A branch of a build configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogicalBranch {
    pub(crate) name: String,
    pub(crate) default: bool,
    /// Root and ref.
    pub(crate) refs: Vec<(String, String)>,
}

impl State {
    pub(crate) fn knows_change(change: &Change, now: Duration) -> bool {
        change.known_at.is_some_and(|at| at <= now)
    }

    fn knows_ref(&self, root: &str, vcs_ref: &str, now: Duration) -> bool {
        self.branches.iter().any(|branch| {
            branch.root == root
                && branch.vcs_ref == vcs_ref
                && branch.known_at.is_some_and(|at| at <= now)
        }) || self.changes.iter().any(|change| {
            change.root == root
                && change.refs.iter().any(|known| known == vcs_ref)
                && Self::knows_change(change, now)
        })
    }

    /// The refs of a root that the server knows, the default branch always among them.
    pub(crate) fn known_refs(&self, root: &Root, now: Duration) -> Vec<String> {
        let mut refs = vec![root.default_branch.clone()];
        let named = self
            .branches
            .iter()
            .filter(|branch| branch.root == root.id)
            .map(|branch| &branch.vcs_ref);
        let changed = self
            .changes
            .iter()
            .filter(|change| change.root == root.id)
            .flat_map(|change| &change.refs);
        for vcs_ref in named.chain(changed) {
            if !refs.contains(vcs_ref) && self.knows_ref(&root.id, vcs_ref, now) {
                refs.push(vcs_ref.clone());
            }
        }
        refs
    }

    /// The branches of a configuration, the default one first; none if no root has a specification.
    pub(crate) fn branches_of(&self, build_type: &BuildType, now: Duration) -> Vec<LogicalBranch> {
        let mut found: Vec<LogicalBranch> = Vec::new();
        for (root_id, _) in &build_type.roots {
            let Some(root) = self.root(root_id) else {
                continue;
            };
            if root.spec.is_empty() {
                continue;
            }
            for vcs_ref in self.known_refs(root, now) {
                let default = vcs_ref == root.default_branch;
                let Some(name) = (if default {
                    Some(root.default_logical())
                } else {
                    root.logical(&vcs_ref)
                }) else {
                    continue;
                };
                let place = (root.id.clone(), vcs_ref);
                match found
                    .iter_mut()
                    .find(|known| (default && known.default) || known.name == name)
                {
                    Some(known) => known.refs.push(place),
                    None => found.push(LogicalBranch {
                        name,
                        default,
                        refs: vec![place],
                    }),
                }
            }
        }
        found.sort_by_key(|branch| !branch.default);
        found
    }

    /// The newest known change of a ref.
    pub(crate) fn head(&self, root: &str, vcs_ref: &str, now: Duration) -> Option<&Change> {
        self.changes
            .iter()
            .filter(|change| change.root == root && Self::knows_change(change, now))
            .filter(|change| change.refs.iter().any(|known| known == vcs_ref))
            .max_by_key(|change| change.id)
    }

    /// Tells the server that roots changed: what waits for a hook is noticed after its time.
    pub(crate) fn hook(&mut self, roots: &[String], now: Duration) {
        for change in self
            .changes
            .iter_mut()
            .filter(|change| roots.contains(&change.root))
        {
            if let Some(after) = change.on_hook.take() {
                change.known_at = Some(now + after);
            }
        }
    }
}
