//! `/app/rest/agents` (TeamCity's source: AgentRequest.java, AgentFinder.java, Agent.java).

use crate::agents::obstacle;
use crate::json::Json;
use crate::lifecycle::Phase;
use crate::model::{Agent, BuildType};

use super::build_json::build_json;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::{Answer, Call, Reply, agent_pools, build_types, builds, only, text_or_406};

const KNOWN: [&str; 15] = [
    "id",
    "name",
    "typeId",
    "connected",
    "authorized",
    "enabled",
    "ip",
    "protocol",
    "pool",
    "build",
    "compatible",
    "incompatible",
    "defaultFilter",
    "count",
    "start",
];

pub(super) fn agent_json(call: &Call<'_>, agent: &Agent, fields: &Fields) -> Json {
    let state = &call.state;
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, agent.id)
        .put("name", Level::Short, agent.name.as_str())
        .put("typeId", Level::Short, agent.id)
        .always("connected", Level::Long, agent.connected)
        .always("enabled", Level::Long, agent.enabled)
        .always("authorized", Level::Long, agent.authorized)
        .always("uptodate", Level::Long, agent.uptodate)
        .always("outdated", Level::Named, !agent.uptodate)
        .put("ip", Level::Long, "127.0.0.1")
        .put("host", Level::Long, "127.0.0.1")
        .put("protocol", Level::Named, "polling")
        .put("version", Level::Named, super::server::BUILD_NUMBER)
        .put(
            "href",
            Level::Short,
            call.href(&format!("agents/id:{}", agent.id)),
        )
        .put(
            "webUrl",
            Level::Short,
            format!(
                "{}/agentDetails.html?id={}&agentTypeId={}&realAgentName={}",
                state.web_url, agent.id, agent.id, agent.name
            ),
        );
    obj.nest("pool", Level::Long, &Fields::short(), |fields| {
        agent_pools::by_id(call, agent.pool).map_or(Json::Null, |pool| {
            agent_pools::pool_json(call, pool, fields)
        })
    });
    obj.nest("build", Level::Long, &Fields::short(), |fields| {
        let running = state
            .listed_builds(call.now)
            .into_iter()
            .find(|(build, course)| {
                course.phase(call.now) == Phase::Running
                    && build.runs_on() == Some(agent.id)
                    && state.may_view_type(&call.who, &build.build_type)
            });
        running.map_or(Json::Null, |seen| build_json(call, &seen, fields))
    });
    for (name, value) in [
        ("enabledInfo", agent.enabled),
        ("authorizedInfo", agent.authorized),
    ] {
        obj.with(name, Level::Long, || {
            let mut info = vec![("status".to_owned(), value.into())];
            if let Some(text) = agent.comment.as_ref().filter(|_| !value) {
                let comment = Json::object([("text", text.as_str().into())]);
                info.push(("comment".to_owned(), comment));
            }
            Json::Object(info)
        });
    }
    obj.nest("properties", Level::Long, &Fields::long(), |_| {
        let property = |name: &str, value: String| {
            Json::object([("name", name.into()), ("value", value.into())])
        };
        let list = vec![
            property("system.agent.name", agent.name.clone()),
            property("teamcity.agent.jvm.os.name", "Linux".to_owned()),
        ];
        Json::object([("count", list.len().into()), ("property", Json::List(list))])
    });
    obj.done()
}

/// The configurations that the caller may see, with what keeps an agent from running them.
fn compatibility<'s>(call: &'s Call<'_>, agent: &Agent) -> Vec<(&'s BuildType, Option<String>)> {
    call.state
        .build_types
        .iter()
        .filter(|of| !of.template && call.state.may_view_type(&call.who, &of.id))
        .map(|of| (of, obstacle(call.state, agent, of)))
        .collect()
}

fn compatible_json(call: &Call<'_>, agent: &Agent) -> Json {
    let fields = call.fields();
    let all = compatibility(call, agent);
    let found: Vec<&BuildType> = all
        .iter()
        .filter(|(_, obstacle)| obstacle.is_none())
        .map(|(of, _)| *of)
        .collect();
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, found.len());
    obj.nest("buildType", Level::Long, &Fields::short(), |fields| {
        found
            .iter()
            .map(|of| build_types::build_type_json(call, of, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

fn incompatible_json(call: &Call<'_>, agent: &Agent) -> Json {
    let fields = call.fields();
    let all = compatibility(call, agent);
    let found: Vec<(&BuildType, &String)> = all
        .iter()
        .filter_map(|(of, obstacle)| Some((*of, obstacle.as_ref()?)))
        .collect();
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, found.len());
    obj.nest("compatibility", Level::Short, &Fields::long(), |fields| {
        let list = found.iter().map(|(of, obstacle)| {
            let mut obj = Obj::new(fields);
            obj.always("compatible", Level::Short, false);
            obj.nest("buildType", Level::Short, &Fields::short(), |fields| {
                build_types::build_type_json(call, of, fields)
            });
            // The old form of the same, by which older clients go.
            obj.with("incompatibleReasons", Level::Named, || {
                Json::object([("reason", Json::List(vec![obstacle.as_str().into()]))])
            });
            obj.with("unmetRequirements", Level::Short, || {
                Json::object([("description", obstacle.as_str().into())])
            });
            obj.done()
        });
        list.collect::<Vec<_>>()
    });
    obj.done()
}

/// The configurations of a `compatible` or `incompatible` dimension.
fn types_of(call: &Call<'_>, text: &str) -> Result<Vec<String>, ApiError> {
    let inner = Locator::parse(text)?;
    if let Some(build_type) = inner.raw("buildType")? {
        let found = build_types::find_all(call, &Locator::parse(build_type)?)?;
        return Ok(found.iter().map(|of| of.id.clone()).collect());
    }
    if let Some(build) = inner.raw("build")? {
        return Ok(vec![builds::find_one(call, build)?.0.build_type.clone()]);
    }
    Err(ApiError::bad_request(
        "Invalid compatible locator: should contain 'buildType' dimension",
    ))
}

/// Numbers of the agents that fit a locator.
fn find_all(call: &Call<'_>, locator: &Locator) -> Result<Vec<u64>, ApiError> {
    locator.help(&KNOWN)?;
    let state = &call.state;
    let id = locator.value("id")?;
    let name = locator
        .value("name")?
        .or_else(|| locator.single().map(str::to_owned));
    let type_id = locator.value("typeId")?;
    let pool = locator
        .raw("pool")?
        .map(|text| agent_pools::find(call, text).map(|pool| pool.id))
        .transpose()?;
    let can = locator
        .raw("compatible")?
        .map(|text| types_of(call, text))
        .transpose()?;
    let cannot = locator
        .raw("incompatible")?
        .map(|text| types_of(call, text))
        .transpose()?;
    let build = locator
        .raw("build")?
        .map(|text| builds::find_one(call, text).map(|seen| seen.0.runs_on()))
        .transpose()?;
    let filtered = locator.boolean("defaultFilter")?;
    let by_item = ["id", "name", "build", "pool", "ip", "protocol"];
    let defaults = filtered.unwrap_or_else(|| {
        locator.single().is_none() && !by_item.iter().any(|name| locator.has(name))
    });
    let mut connected = locator.boolean("connected")?;
    let mut authorized = locator.boolean("authorized")?;
    let enabled = locator.boolean("enabled")?;
    if defaults {
        if can.is_some() && !locator.has("connected") {
            connected = Some(true);
        }
        if !locator.has("authorized") {
            authorized = Some(true);
        }
    }
    for name in ["ip", "protocol", "count", "start", "lookupLimit"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let runs = |agent: &Agent, types: &[String]| {
        types.iter().any(|id| {
            state
                .build_type(id)
                .is_some_and(|of| obstacle(call.state, agent, of).is_none())
        })
    };
    let fits = |agent: &&Agent| {
        id.as_ref().is_none_or(|id| agent.id.to_string() == *id)
            && type_id
                .as_ref()
                .is_none_or(|id| agent.id.to_string() == *id)
            && name.as_ref().is_none_or(|name| agent.name == *name)
            && pool.is_none_or(|pool| agent.pool == pool)
            && build.is_none_or(|on| on == Some(agent.id))
            && connected.is_none_or(|wanted| agent.connected == wanted)
            && authorized.is_none_or(|wanted| agent.authorized == wanted)
            && enabled.is_none_or(|wanted| agent.enabled == wanted)
            && can.as_ref().is_none_or(|types| runs(agent, types))
            && cannot.as_ref().is_none_or(|types| !runs(agent, types))
    };
    let found = state.agents.iter().filter(fits);
    Ok(found.map(|agent| agent.id).collect())
}

pub(super) fn by_id<'s>(call: &'s Call<'_>, id: u64) -> Option<&'s Agent> {
    call.state.agents.iter().find(|agent| agent.id == id)
}

/// The one agent of a locator in a path.
pub(super) fn find<'s>(call: &'s Call<'_>, text: &str) -> Result<&'s Agent, ApiError> {
    let locator = Locator::parse(text)?;
    let found = find_all(call, &locator)?;
    if let Some(agent) = found.first().and_then(|id| by_id(call, *id)) {
        return Ok(agent);
    }
    Err(ApiError::not_found(
        match (locator.single(), locator.value("id")?) {
            (Some(name), _) => format!("No agent can be found by name '{name}'."),
            (None, Some(id)) => format!("No agent can be found by id '{id}'."),
            (None, None) => format!("Nothing is found by locator 'count:1,{text}'."),
        },
    ))
}

/// A list of agents, as another resource has one.
pub(super) fn agents_json(call: &Call<'_>, found: &[&Agent], fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, found.len());
    obj.nest("agent", Level::Long, &Fields::short(), |fields| {
        found
            .iter()
            .map(|agent| agent_json(call, agent, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// A permission for agents: it is had in the projects of their pool, of which the root project stands for all here.
fn needs(call: &Call<'_>, permission: &str, name: &str) -> Result<(), ApiError> {
    super::projects::needs(call, "_Root", permission, name)
}

fn field(call: &mut Call<'_>, text: &str, field: &str) -> Answer {
    text_or_406(call)?;
    only(call, &["GET", "PUT"])?;
    let id = find(call, text)?.id;
    if call.method == "PUT" {
        let value = String::from_utf8_lossy(call.body).trim() == "true";
        match field {
            "enabled" => needs(call, "enable_disable_agent", "Enable / disable agent")?,
            "authorized" => needs(call, "authorize_agent", "Authorize agent")?,
            _ => {
                return Err(ApiError::bad_request(format!(
                    "Changing field '{field}' is not supported. Supported fields are: enabled, authorized"
                )));
            }
        }
        set(call, id, field, value);
    }
    let agent = by_id(call, id).ok_or_else(ApiError::null_pointer)?;
    let value = match field {
        "id" => agent.id.to_string(),
        "name" => agent.name.clone(),
        "connected" => agent.connected.to_string(),
        "enabled" => agent.enabled.to_string(),
        "authorized" => agent.authorized.to_string(),
        "ip" => "127.0.0.1".to_owned(),
        _ => {
            return Err(ApiError::bad_request(format!(
                "Unknown field '{field}'. Supported fields are: id, name, connected, enabled, authorized, ip, authToken"
            )));
        }
    };
    Ok(Reply::Text(200, value))
}

fn set(call: &mut Call<'_>, id: u64, field: &str, value: bool) {
    for agent in call.state.agents.iter_mut().filter(|agent| agent.id == id) {
        match field {
            "enabled" => agent.enabled = value,
            _ => agent.authorized = value,
        }
    }
}

/// `enabledInfo` and `authorizedInfo`: the same as the fields, with a comment.
fn info(call: &mut Call<'_>, text: &str, field: &'static str) -> Answer {
    only(call, &["GET", "PUT"])?;
    let id = find(call, text)?.id;
    if call.method == "PUT" {
        match field {
            "enabled" => needs(call, "enable_disable_agent", "Enable / disable agent")?,
            _ => needs(call, "authorize_agent", "Authorize agent")?,
        }
        let value = super::posted::flag(&call.json()?, "status")?;
        set(call, id, field, value);
    }
    let agent = by_id(call, id).ok_or_else(ApiError::null_pointer)?;
    let value = match field {
        "enabled" => agent.enabled,
        _ => agent.authorized,
    };
    Ok(Reply::Entity(
        "agentEnabledInfo",
        Json::object([("status", value.into())]),
    ))
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        [] => {
            only(call, &["GET"])?;
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::read(&locator, None, None)?;
            let paged = page(find_all(call, &locator)?, wanted, |_| true);
            Ok(Reply::Entity(
                "agents",
                list(
                    call,
                    "agents",
                    &text,
                    wanted,
                    &paged,
                    "agent",
                    |id, fields| {
                        by_id(call, *id).map_or(Json::Null, |agent| agent_json(call, agent, fields))
                    },
                ),
            ))
        }
        [text] => {
            only(call, &["GET"])?;
            let agent = find(call, text)?;
            Ok(Reply::Entity(
                "agent",
                agent_json(call, agent, &call.fields()),
            ))
        }
        [text, "pool"] => agent_pools::of_agent(call, text),
        [text, "enabledInfo"] => info(call, text, "enabled"),
        [text, "authorizedInfo"] => info(call, text, "authorized"),
        [text, "compatibleBuildTypes"] => {
            only(call, &["GET"])?;
            let agent = find(call, text)?;
            Ok(Reply::Entity("buildTypes", compatible_json(call, agent)))
        }
        [text, "incompatibleBuildTypes"] => {
            only(call, &["GET"])?;
            let agent = find(call, text)?;
            Ok(Reply::Entity(
                "compatibilities",
                incompatible_json(call, agent),
            ))
        }
        [text, name] => field(call, text, name),
        _ => Err(ApiError::jersey(404)),
    }
}
