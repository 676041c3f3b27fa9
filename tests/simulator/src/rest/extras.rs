//! What hangs on a build: tags, comment, pin, parameters (TeamCity's source: BuildRequest.java).

use crate::json::Json;
use crate::lifecycle::{Phase, Timeline};
use crate::model::{Build, Property};

use super::build_parts::comment as comment_json;
use super::builds::find_one;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::parameters::{Shown, list_json};
use super::{Answer, Call, Reply, build_type_settings, only, posted, text_or_406};

pub(super) fn tags_json(build: &Build, me: u64, fields: &Fields) -> Json {
    let seen: Vec<_> = build
        .tags
        .iter()
        .filter(|tag| tag.owner.is_none_or(|owner| owner == me))
        .collect();
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, seen.len());
    obj.nest("tag", Level::Short, &Fields::long(), |fields| {
        seen.iter()
            .map(|tag| {
                let mut obj = Obj::new(fields);
                obj.put("name", Level::Short, tag.name.as_str())
                    .put("private", Level::Short, tag.owner.is_some())
                    .done()
            })
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// Looks a build up and checks a permission for it.
fn allowed(call: &Call<'_>, text: &str, permission: &str, name: &str) -> Result<u64, ApiError> {
    let (build, _) = find_one(call, text)?;
    let project = call
        .state
        .build_type(&build.build_type)
        .map(|of| of.project.clone())
        .unwrap_or_default();
    if call.state.may(&call.who, &project, permission) {
        return Ok(build.id);
    }
    Err(ApiError::lacks(
        name,
        &call.state.project_internal_id(&project),
    ))
}

pub(super) fn tags(call: &mut Call<'_>, text: &str, rest: &[&str], in_queue: bool) -> Answer {
    if call.method == "GET" && rest.is_empty() {
        let (build, _) = find_one(call, text)?;
        return Ok(Reply::Entity(
            "tags",
            tags_json(build, call.who.user, &call.fields()),
        ));
    }
    only(call, &["GET", "POST", "PUT", "DELETE"])?;
    let id = allowed(call, text, "tag_build", "Tag build")?;
    let replaced = match (call.method, rest) {
        ("POST" | "PUT", []) => posted::tags(call)?,
        ("DELETE", [name]) => {
            let name = (*name).to_owned();
            if let Some(build) = call.state.builds.get_mut(&id) {
                build.tags.retain(|tag| tag.name != name);
            }
            return Ok(Reply::Empty(204));
        }
        _ => return Err(ApiError::jersey(405)),
    };
    let replace = call.method == "PUT";
    let me = call.who.user;
    let fields = call.fields();
    let Some(build) = call.state.builds.get_mut(&id) else {
        return Err(ApiError::null_pointer());
    };
    if replace {
        build
            .tags
            .retain(|tag| tag.owner.is_some_and(|owner| owner != me));
    }
    for tag in replaced {
        if !build.tags.contains(&tag) {
            build.tags.push(tag);
        }
    }
    if in_queue {
        return Ok(Reply::Empty(204));
    }
    Ok(Reply::Entity("tags", tags_json(build, me, &fields)))
}

pub(super) fn comment(call: &mut Call<'_>, text: &str) -> Answer {
    only(call, &["PUT", "DELETE"])?;
    let id = allowed(call, text, "comment_build", "Comment build")?;
    let comment = String::from_utf8_lossy(call.body).into_owned();
    let new = (call.method == "PUT").then_some((comment, call.who.user, call.now));
    if let Some(build) = call.state.builds.get_mut(&id) {
        build.comment = new;
    }
    Ok(Reply::Empty(204))
}

pub(super) fn pin(call: &mut Call<'_>, text: &str) -> Answer {
    if call.method == "GET" {
        let (build, _) = find_one(call, text)?;
        return Ok(Reply::Entity(
            "pinInfo",
            Json::object([("status", build.kept.is_some().into())]),
        ));
    }
    only(call, &["GET", "PUT"])?;
    let id = allowed(call, text, "pin_unpin_build", "Pin / unpin build")?;
    let body = call.json()?;
    let kept = body
        .get("status")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(false);
    let why = body
        .pointer("/comment/text")
        .and_then(|text| text.as_str())
        .unwrap_or_default()
        .to_owned();
    let finished = call
        .state
        .timeline(id)
        .is_some_and(|course| course.phase(call.now) == Phase::Finished);
    if kept && !finished {
        return Err(ApiError::bad_request(
            "Cannot pin build that is not finished.",
        ));
    }
    let (user, now) = (call.who.user, call.now);
    if let Some(build) = call.state.builds.get_mut(&id) {
        build.kept = kept.then_some((why, user, now));
    }
    Ok(Reply::Entity(
        "pinInfo",
        Json::object([("status", kept.into())]),
    ))
}

/// What a build's parameters came to: its own, those of its configuration, and what the server adds.
fn resulting(call: &Call<'_>, build: &Build, course: &Timeline) -> Vec<Shown> {
    let mut all: Vec<Shown> = build.properties.iter().map(Shown::own).collect();
    let mut add = |shown: Shown| {
        if !all.iter().any(|it| it.property.name == shown.property.name) {
            all.push(Shown {
                inherited: false,
                ..shown
            });
        }
    };
    if let Some(of) = call.state.build_type(&build.build_type) {
        build_type_settings::parameters_of(call, of)
            .into_iter()
            .for_each(&mut add);
    }
    let mut server = vec![
        ("system.teamcity.buildType.id", build.build_type.clone()),
        ("teamcity.build.id", build.id.to_string()),
    ];
    if course.phase(call.now) != Phase::Queued {
        server.push(("build.number", build.number.to_string()));
        let agent = call
            .state
            .agents
            .iter()
            .find(|agent| Some(agent.id) == build.runs_on());
        if let Some(agent) = agent {
            server.push(("system.agent.name", agent.name.clone()));
        }
        if let Some(revision) = build.revisions.first() {
            server.push(("build.vcs.number", revision.version.clone()));
        }
    }
    for (name, value) in server {
        add(Shown::own(&Property::plain(name, value)));
    }
    all.sort_by(|a, b| a.property.name.cmp(&b.property.name));
    all
}

pub(super) fn resulting_properties(call: &Call<'_>, text: &str, rest: &[&str]) -> Answer {
    only(call, &["GET"])?;
    let id = allowed(
        call,
        text,
        "view_build_runtime_data",
        "View build runtime parameters and data",
    )?;
    let (build, course) = find_one(call, &format!("id:{id}"))?;
    let all = resulting(call, build, &course);
    match *rest {
        [] => Ok(Reply::Entity(
            "properties",
            list_json(&all, None, &call.fields()),
        )),
        [name] => {
            text_or_406(call)?;
            let found = all.into_iter().find(|shown| shown.property.name == name);
            let property = found.map(|shown| shown.property).ok_or_else(|| {
                ApiError::not_found(format!("No property with name '{name}' is found."))
            })?;
            if property.is_secret() {
                return Err(ApiError::bad_request(
                    "Secure properties cannot be retrieved via remote API by default.",
                ));
            }
            Ok(Reply::Text(200, property.value))
        }
        _ => Err(ApiError::jersey(404)),
    }
}

/// Who canceled a build, and why; without a body if nobody did.
pub(super) fn canceled_info(call: &Call<'_>, text: &str) -> Answer {
    only(call, &["GET"])?;
    let (_, course) = find_one(call, text)?;
    let Some(canceled) = course.canceled(call.now) else {
        return Ok(Reply::Empty(204));
    };
    let (text, user, at) = (&canceled.comment, canceled.user, canceled.at);
    Ok(Reply::Entity(
        "comment",
        comment_json(call, text, user, at, &call.fields()),
    ))
}
