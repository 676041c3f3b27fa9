//! The body of `POST /app/rest/buildQueue`: what TeamCity reads of it, and what it refuses (TeamCity's source: Build.java).

use serde_json::Value;

use crate::model::{BuildType, Property, Tag, Trigger, TriggeringOptions};
use crate::queueing::Order;

use super::errors::ApiError;
use super::{Call, agent_pools, agents, build_types, builds, pinning};

pub(super) fn text<'v>(value: &'v Value, name: &str) -> Result<Option<&'v str>, ApiError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_type(name)),
    }
}

pub(super) fn flag(value: &Value, name: &str) -> Result<bool, ApiError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
        Some(_) => Err(wrong_type(name)),
    }
}

pub(super) fn items<'v>(
    value: &'v Value,
    container: &str,
    item: &str,
) -> Result<&'v [Value], ApiError> {
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
pub(super) fn id_text(value: Option<&Value>) -> Option<String> {
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
    let guarded = call.state.doubts.extras_need_rights;
    if guarded && order.comment.is_some() {
        needs("comment_build", "Comment build")?;
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
    if guarded && !order.tags.is_empty() {
        needs("tag_build", "Tag build")?;
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
    order.personal_change = personal_change(call, body, order.personal)?;
    order.pinned = pinning::pinned(call, body, build_type, &order)?;
    let chooses = call
        .state
        .may(&call.who, project, "customize_build_revisions");
    if !order.pinned.is_empty() && !chooses {
        let user = call.state.user(call.who.user);
        return Err(ApiError::may_not_choose_revisions(
            user.map_or("", |user| user.username.as_str()),
            &call.state.project_internal_id(project),
        ));
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

/// The uploaded change that a personal build names among its `lastChanges`.
fn personal_change(
    call: &Call<'_>,
    body: &Value,
    personal: Option<u64>,
) -> Result<Option<u64>, ApiError> {
    for change in items(body, "lastChanges", "change")? {
        if !flag(change, "personal")? {
            continue;
        }
        let id = id_text(change.get("id")).unwrap_or_default();
        let known = call
            .state
            .personal_changes
            .iter()
            .find(|known| known.id.to_string() == id && known.user == call.who.user);
        let known = known.ok_or_else(|| {
            ApiError::not_found(format!("No personal change can be found by id '{id}'."))
        })?;
        if personal.is_none() {
            return Err(ApiError::bad_request(
                "Cannot trigger build: a personal change needs a personal build",
            ));
        }
        return Ok(Some(known.id));
    }
    Ok(None)
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

/// The agent that a build must run on: by `id` or `locator`, else any of a `pool`, else by `typeId`. A bare `name` is refused
/// (TeamCity's source: Agent.java, getAgentRestrictor).
fn agent(call: &Call<'_>, body: &Value) -> Result<Option<u64>, ApiError> {
    let Some(agent) = body.get("agent").filter(|agent| !agent.is_null()) else {
        return Ok(None);
    };
    let locator = text(agent, "locator")?;
    let id = id_text(agent.get("id"));
    let wanted = match (id, locator) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request(
                "Both 'locator' and 'id' attributes are specified. Only one should be present.",
            ));
        }
        (Some(id), None) => Some(format!("id:{id}")),
        (None, Some(locator)) => Some(locator.to_owned()),
        (None, None) => None,
    };
    if let Some(wanted) = wanted {
        return Ok(Some(agents::find(call, &wanted)?.id));
    }
    if let Some(pool) = agent.get("pool").filter(|pool| !pool.is_null()) {
        let wanted = match (id_text(pool.get("id")), text(pool, "locator")?) {
            (Some(id), _) => format!("id:{id}"),
            (None, Some(locator)) => locator.to_owned(),
            (None, None) => {
                return Err(ApiError::bad_request(
                    "Either 'locator' or other attributes should be specified.",
                ));
            }
        };
        let pool = agent_pools::find(call, &wanted)?.id;
        let mut of_pool = call.state.agents.iter().filter(|agent| agent.pool == pool);
        // Agents do not limit how many builds run, so that the first of the pool takes it.
        return Ok(of_pool.next().map(|agent| agent.id));
    }
    if let Some(kind) = id_text(agent.get("typeId")) {
        return Ok(Some(agents::find(call, &format!("typeId:{kind}"))?.id));
    }
    Err(ApiError::bad_request(
        "No agent specified. Either 'id' or 'locator' attribute should be present.",
    ))
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
