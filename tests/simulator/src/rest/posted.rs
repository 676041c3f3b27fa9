//! The body of `POST /app/rest/buildQueue`: what TeamCity reads of it, and what it refuses (TeamCity's source: Build.java).

use serde_json::Value;

use crate::model::{BuildType, Property, Revision, Tag, Trigger, TriggeringOptions};
use crate::queueing::{Order, revisions};
use crate::state::State;

use super::errors::ApiError;
use super::{Call, build_types, builds, changes};

fn text<'v>(value: &'v Value, name: &str) -> Result<Option<&'v str>, ApiError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_type(name)),
    }
}

fn flag(value: &Value, name: &str) -> Result<bool, ApiError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
        Some(_) => Err(wrong_type(name)),
    }
}

fn items<'v>(value: &'v Value, container: &str, item: &str) -> Result<&'v [Value], ApiError> {
    match value.get(container) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Object(members)) => match members.get(item) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(wrong_type(item)),
        },
        Some(_) => Err(wrong_type(container)),
    }
}

fn wrong_type(name: &str) -> ApiError {
    ApiError::bad_request(format!("Cannot deserialize value of member '{name}'"))
}

/// An id that may come as a number or as a text.
fn id_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a posted build.
pub(super) fn order(call: &Call<'_>, body: &Value) -> Result<Order, ApiError> {
    if !body.is_object() {
        return Err(ApiError::bad_request(
            "Cannot parse the request body: an object is expected",
        ));
    }
    let build_type = build_type(call, body)?;
    let project = &build_type.project;
    let needs = |permission: &str, name: &str| {
        if call.state.may(&call.who, project, permission) {
            Ok(())
        } else {
            Err(ApiError::lacks(
                name,
                &call.state.project_internal_id(project),
            ))
        }
    };
    needs("run_build", "Run build")?;
    let mut order = Order::plain(build_type.id.clone(), call.who.user);
    order.branch = text(body, "branchName")?.map(str::to_owned);
    if flag(body, "personal")? {
        if call.who.user == 0 {
            return Err(ApiError::bad_request(
                "Cannot trigger a personal build while no current user is present. Please specify credentials of a valid and non-special user.",
            ));
        }
        if !build_type.allow_personal {
            return Err(ApiError::bad_request(
                "Cannot trigger build: personal builds are not allowed for this build configuration",
            ));
        }
        order.personal = Some(call.who.user);
    }
    if let Some(comment) = body.get("comment").filter(|comment| !comment.is_null()) {
        let comment = text(comment, "text")?;
        order.comment = Some(
            comment
                .ok_or_else(|| {
                    ApiError::bad_request("Submitted comment does not have 'text' set.")
                })?
                .to_owned(),
        );
    }
    for property in items(body, "properties", "property")? {
        let name = text(property, "name")?.ok_or_else(|| {
            ApiError::bad_request("Incorrectly configured parameter: the name is null.")
        })?;
        let kind = property
            .pointer("/type/rawValue")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let value = text(property, "value")?.unwrap_or_default().to_owned();
        order.properties.push(Property {
            name: name.to_owned(),
            value,
            kind,
        });
    }
    if !order.properties.is_empty() {
        needs("customize_build_parameters", "Customize build parameters")?;
    }
    for tag in items(body, "tags", "tag")? {
        let name = text(tag, "name")?.unwrap_or_default();
        if name.is_empty() {
            return Err(ApiError::bad_request("Tag name cannot be empty."));
        }
        let owner = flag(tag, "private")?.then_some(call.who.user);
        let tag = Tag {
            name: name.to_owned(),
            owner,
        };
        if !order.tags.contains(&tag) {
            order.tags.push(tag);
        }
    }
    order.options = options(body)?;
    if call.query("moveToTop") == Some("true") {
        order.options.queue_at_top = true;
    }
    if order.options.queue_at_top {
        needs("reorder_build_queue", "Reorder builds in queue")?;
    }
    order.agent = agent(call, body)?;
    for dependency in items(body, "snapshot-dependencies", "build")? {
        if let Some(id) = id_text(dependency.get("id")) {
            order
                .given_dependencies
                .push(builds::find_one(call, &format!("id:{id}"))?.0.id);
        }
    }
    if let Some(id) = id_text(body.pointer("/triggered/build/id")).and_then(|id| id.parse().ok()) {
        order.trigger = Trigger::SnapshotDependency(id);
    }
    order.pinned = pinned(call, body, build_type, &order)?;
    if !order.pinned.is_empty() {
        needs("customize_build_revisions", "Customize build revisions")?;
    }
    Ok(order)
}

fn build_type<'s>(call: &'s Call<'_>, body: &Value) -> Result<&'s BuildType, ApiError> {
    let missing = || ApiError::bad_request("No 'buildType' element in the posted entry.");
    let entry = body.get("buildType").filter(|entry| !entry.is_null());
    let visible = |id: &str| {
        let found = call.state.build_type(id)?;
        call.state.may_view_type(&call.who, id).then_some(found)
    };
    let found = if let Some(entry) = entry {
        if flag(entry, "paused")? {
            return Err(ApiError::bad_request(
                "Cannot trigger build: customized 'paused' setting of the build type is not supported",
            ));
        }
        if let Some(id) = text(entry, "id")? {
            visible(id).ok_or_else(|| build_types::no_build_type(call, id))?
        } else if let Some(internal) = text(entry, "internalId")? {
            build_types::find(call, &format!("internalId:{internal}"))?
        } else if let Some(locator) = text(entry, "locator")? {
            build_types::find(call, locator)?
        } else {
            return Err(missing());
        }
    } else if let Some(id) = text(body, "buildTypeId")? {
        visible(id).ok_or_else(|| {
            ApiError::not_found(format!("No build type found by submitted id '{id}'"))
        })?
    } else {
        return Err(missing());
    };
    if found.template {
        return Err(ApiError::bad_request(
            "Found template instead on build type. Only build types can run builds.",
        ));
    }
    Ok(found)
}

fn options(body: &Value) -> Result<TriggeringOptions, ApiError> {
    let Some(options) = body
        .get("triggeringOptions")
        .filter(|options| !options.is_null())
    else {
        return Ok(TriggeringOptions::default());
    };
    let freeze = match options.get("freezeSettings") {
        None | Some(Value::Null) => None,
        Some(_) => Some(flag(options, "freezeSettings")?),
    };
    let rebuild = items(options, "rebuildDependencies", "buildType")?;
    Ok(TriggeringOptions {
        clean_sources: flag(options, "cleanSources")?,
        clean_sources_in_all_dependencies: flag(options, "cleanSourcesInAllDependencies")?,
        rebuild_all_dependencies: flag(options, "rebuildAllDependencies")?,
        rebuild_failed_or_incomplete_dependencies: flag(
            options,
            "rebuildFailedOrIncompleteDependencies",
        )?,
        queue_at_top: flag(options, "queueAtTop")?,
        freeze_settings: freeze,
        tag_dependencies: flag(options, "tagDependencies")?,
        rebuild_dependencies: rebuild
            .iter()
            .filter_map(|of| id_text(of.get("id")))
            .collect(),
    })
}

fn agent(call: &Call<'_>, body: &Value) -> Result<Option<u64>, ApiError> {
    let Some(agent) = body.get("agent").filter(|agent| !agent.is_null()) else {
        return Ok(None);
    };
    let id = id_text(agent.get("id")).or_else(|| id_text(agent.get("typeId")));
    let name = text(agent, "name")?;
    let found = call.state.agents.iter().find(|known| match (&id, name) {
        (Some(id), _) => known.id.to_string() == *id,
        (None, Some(name)) => known.name == name,
        (None, None) => false,
    });
    match (found, id, name) {
        (Some(found), ..) => Ok(Some(found.id)),
        (None, Some(id), _) => Err(ApiError::not_found(format!(
            "No agent can be found by id '{id}'."
        ))),
        (None, None, Some(name)) => Err(ApiError::not_found(format!(
            "No agent can be found by name '{name}'."
        ))),
        // A pool restricts to its agents, which is all of them here.
        (None, None, None) => Ok(None),
    }
}

/// The revisions that a posted build is pinned to: `lastChanges` wins over `revisions`.
fn pinned(
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
    let branches = call.state.branches_of(build_type, call.now);
    let asked = order
        .branch
        .as_deref()
        .filter(|name| *name != "<default>" && !name.is_empty());
    let branch = match asked {
        None => branches.iter().find(|branch| branch.default),
        Some(name) => branches
            .iter()
            .find(|branch| branch.name == name)
            .or_else(|| branches.iter().find(|branch| branch.default)),
    };
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
    let attached = build_type.roots.iter().any(|(id, _)| *id == change.root);
    let Some(vcs_ref) = refs
        .iter()
        .find(|name| change.refs.contains(name))
        .filter(|_| attached)
    else {
        return Err(ApiError::bad_request(format!(
            "Cannot trigger build, if the changes are specified, they should be visible on the build configuration Change Log under the requested branch. Original error: Cannot find change with id {} in the change log",
            change.id
        )));
    };
    let own = Revision {
        root: change.root.clone(),
        version: change.version.clone(),
        vcs_branch: vcs_ref.clone(),
    };
    // Other roots get what was current then; changes here are ordered by their number.
    let mut all = vec![own.clone()];
    let name = branch.map(|branch| branch.name.as_str());
    for other in revisions(call.state, build_type, name, &[], call.now) {
        if other.root != own.root {
            all.push(at_that_time(call.state, &other, change.id).unwrap_or(other));
        }
    }
    Ok(all)
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
    let chain = with_dependencies(state, build_type);
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
    // A configuration that lacks any revision gets none of them: it builds the latest changes.
    if !missing_of(build_type).is_empty() {
        given.clear();
    }
    Ok(given)
}

/// A configuration and all that it depends on.
fn with_dependencies<'s>(state: &'s State, build_type: &'s BuildType) -> Vec<&'s BuildType> {
    let mut found = vec![build_type];
    let mut at = 0;
    while let Some(of) = found.get(at).copied() {
        for dependency in &of.dependencies {
            if let Some(next) = state.build_type(&dependency.build_type)
                && !found.iter().any(|known| known.id == next.id)
            {
                found.push(next);
            }
        }
        at += 1;
    }
    found
}

/// The tags of a posted list.
pub(super) fn tags(call: &Call<'_>) -> Result<Vec<Tag>, ApiError> {
    let body = call.json()?;
    let list = match body.get("tag") {
        Some(Value::Array(list)) => list.clone(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for tag in &list {
        let name = text(tag, "name")?.unwrap_or_default();
        if name.is_empty() {
            return Err(ApiError::bad_request("Tag name cannot be empty."));
        }
        found.push(Tag {
            name: name.to_owned(),
            owner: flag(tag, "private")?.then_some(call.who.user),
        });
    }
    Ok(found)
}
