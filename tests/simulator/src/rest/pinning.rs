//! The revisions that a posted build is pinned to, by `lastChanges` or `revisions` (TeamCity's source: Build.java).

use serde_json::Value;

use crate::model::{BuildType, Revision};
use crate::queueing::Order;
use crate::state::State;
use crate::vcs::{LogicalBranch, revisions};

use super::errors::ApiError;
use super::posted::{flag, id_text, items, text};
use super::{Call, changes};

/// The revisions that a posted build is pinned to: `lastChanges` wins over `revisions`.
pub(super) fn pinned(
    call: &Call<'_>,
    body: &Value,
    build_type: &BuildType,
    order: &Order,
) -> Result<Vec<Revision>, ApiError> {
    let submitted = items(body, "lastChanges", "change")?;
    if submitted.is_empty() {
        // The member came in 2022.04; older servers do not know it and build the latest change.
        return if call.state.version.at_least(2022, 4, 0) {
            custom_revisions(call, body, build_type)
        } else {
            Ok(Vec::new())
        };
    }
    let (mut regular, mut personal) = (Vec::new(), 0);
    for change in submitted {
        if flag(change, "personal")? {
            personal += 1;
        } else if let Some(id) = id_text(change.get("id")) {
            regular.push(changes::find_one(call, &format!("id:{id}"))?);
        } else if let Some(locator) = text(change, "locator")? {
            regular.push(changes::find_one(call, locator)?);
        } else {
            return Err(ApiError::bad_request(
                "Submitted change does not have 'id' or 'locator' set.",
            ));
        }
    }
    if regular.len() > 1 {
        return Err(ApiError::bad_request(format!(
            "Several non-personal changes are submitted, only one can be present. Found: {}",
            regular.len()
        )));
    }
    if personal > 1 {
        return Err(ApiError::bad_request(format!(
            "Several personal changes are submitted, only one can be present. Found: {personal}"
        )));
    }
    let Some(change) = regular.first() else {
        return Ok(Vec::new());
    };
    // The top of a chain may see the changes of the roots below it.
    let has = |of: &BuildType| of.roots.iter().any(|(id, _)| *id == change.root);
    let chain = call.state.with_dependencies(build_type);
    let build_type = chain
        .iter()
        .copied()
        .find(|of| has(of))
        .filter(|_| call.state.doubts.tops_take_changes)
        .unwrap_or(build_type);
    let branches = call.state.branches_of(build_type, call.now);
    let branch = branch_of(&branches, order.branch.as_deref());
    let root = call.state.root(&change.root);
    let refs: Vec<String> = match branch {
        Some(branch) => branch
            .refs
            .iter()
            .filter(|(id, _)| *id == change.root)
            .map(|(_, name)| name.clone())
            .collect(),
        None => root
            .map(|root| vec![root.default_branch.clone()])
            .unwrap_or_default(),
    };
    let Some(vcs_ref) = refs
        .iter()
        .find(|name| change.refs.contains(name))
        .filter(|_| has(build_type))
    else {
        return Err(ApiError::bad_request(format!(
            "Cannot trigger build, if the changes are specified, they should be visible on the build configuration Change Log under the requested branch. Original error: Cannot find change with id {} in the change log",
            change.id
        )));
    };
    let mut all = vec![Revision {
        root: change.root.clone(),
        version: change.version.clone(),
        vcs_branch: vcs_ref.clone(),
    }];
    // Other roots of the chain get what was current then; changes here are ordered by their number.
    for of in chain {
        let branches = call.state.branches_of(of, call.now);
        let name = branch_of(&branches, order.branch.as_deref()).map(|branch| branch.name.as_str());
        for other in revisions(call.state, of, name, &[], call.now) {
            if !all.iter().any(|known| known.root == other.root) {
                all.push(at_that_time(call.state, &other, change.id).unwrap_or(other));
            }
        }
    }
    Ok(all)
}

/// The branch of a configuration that is meant by a name: the default one where there is no such.
fn branch_of<'b>(branches: &'b [LogicalBranch], asked: Option<&str>) -> Option<&'b LogicalBranch> {
    let asked = asked.filter(|name| *name != "<default>" && !name.is_empty());
    let default = || branches.iter().find(|branch| branch.default);
    match asked {
        None => default(),
        Some(name) => branches
            .iter()
            .find(|branch| branch.name == name)
            .or_else(default),
    }
}

/// The revision of a root that was current when a change came.
fn at_that_time(state: &State, revision: &Revision, change: u64) -> Option<Revision> {
    let older = state.changes.iter().filter(|other| {
        other.id <= change
            && other.root == revision.root
            && other.refs.contains(&revision.vcs_branch)
    });
    let newest = older.max_by_key(|other| other.id)?;
    Some(Revision {
        version: newest.version.clone(),
        ..revision.clone()
    })
}

fn custom_revisions(
    call: &Call<'_>,
    body: &Value,
    build_type: &BuildType,
) -> Result<Vec<Revision>, ApiError> {
    let state = &*call.state;
    let mut given = Vec::new();
    let posted = items(body, "revisions", "revision")?;
    if posted.is_empty() {
        return Ok(given);
    }
    let chain = state.with_dependencies(build_type);
    for entry in posted {
        // Left out, TeamCity dereferences null.
        let instance = entry
            .get("vcs-root-instance")
            .filter(|i| i.is_object())
            .ok_or_else(ApiError::null_pointer)?;
        let root = match id_text(instance.get("id")) {
            Some(id) => state
                .roots
                .iter()
                .find(|root| state.instance_id(&root.id).to_string() == id),
            None => text(instance, "vcs-root-id")?.and_then(|id| state.root(id)),
        };
        let Some(root) = root else { continue };
        let rules = text(entry, "checkout-rules")?;
        let attached = chain
            .iter()
            .flat_map(|of| &of.roots)
            .find(|(id, _)| *id == root.id);
        let Some((_, own_rules)) = attached else {
            continue;
        };
        if rules.is_some_and(|rules| rules != own_rules) {
            continue;
        }
        given.push(Revision {
            root: root.id.clone(),
            version: text(entry, "version")?
                .ok_or_else(ApiError::null_pointer)?
                .to_owned(),
            vcs_branch: text(entry, "vcsBranchName")?.unwrap_or_default().to_owned(),
        });
    }
    let checks = state.version.at_least(2022, 10, 0)
        || ((state.version.major, state.version.minor) == (2022, 4) && state.version.patch >= 4);
    let fail_on_missing = body
        .pointer("/revisions/failOnMissingRevisions")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let missing_of = |of: &BuildType| -> Vec<String> {
        of.roots
            .iter()
            .filter(|(id, _)| !given.iter().any(|revision| revision.root == *id))
            .map(|(id, _)| state.root(id).map_or(id.clone(), |root| root.name.clone()))
            .collect()
    };
    if checks && fail_on_missing {
        let lines: Vec<String> = chain
            .iter()
            .filter_map(|of| {
                let missing = missing_of(of);
                (!missing.is_empty()).then(|| {
                    format!(
                        "build configuration: {}, VCS roots: {}",
                        of.name,
                        missing.join(", ")
                    )
                })
            })
            .collect();
        if !lines.is_empty() {
            return Err(ApiError::bad_request(format!(
                "Missing revisions for the following build configurations and VCS roots:\n{}\n(add attribute failOnMissingRevisions=false to the revisions element to disable this check)",
                lines.join("\n")
            )));
        }
    }
    Ok(given)
}
