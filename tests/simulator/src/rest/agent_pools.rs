//! `/app/rest/agentPools` (TeamCity's source: AgentPoolRequest.java, AgentPoolFinder.java, AgentPool.java).

use crate::json::Json;
use crate::model::{Agent, Pool};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::posted::{id_text, text};
use super::{Answer, Call, Reply, agents, only, projects, text_or_406};

const KNOWN: [&str; 8] = [
    "id",
    "name",
    "project",
    "agent",
    "projectPool",
    "orphanedPool",
    "count",
    "start",
];

pub(super) fn by_id<'s>(call: &'s Call<'_>, id: u64) -> Option<&'s Pool> {
    call.state.pools.iter().find(|pool| pool.id == id)
}

pub(super) fn pool_json(call: &Call<'_>, pool: &Pool, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    // 0 is the number of a pool, not a default that may be left out.
    obj.always("id", Level::Short, pool.id)
        .put("name", Level::Short, pool.name.as_str())
        .put(
            "href",
            Level::Short,
            call.href(&format!("agentPools/id:{}", pool.id)),
        )
        .put("maxAgents", Level::Long, pool.max_agents);
    obj.nest("projects", Level::Long, &Fields::long(), |fields| {
        let visible = |id: &&String| call.state.may(&call.who, id, "view_project");
        let found: Vec<&String> = pool.projects.iter().filter(visible).collect();
        let mut obj = Obj::new(fields);
        obj.always("count", Level::Short, found.len());
        obj.nest("project", Level::Long, &Fields::short(), |fields| {
            found
                .iter()
                .map(|id| projects::project_json(call, id, fields))
                .collect::<Vec<_>>()
        });
        obj.done()
    });
    obj.nest("agents", Level::Long, &Fields::long(), |fields| {
        let own: Vec<&Agent> = call
            .state
            .agents
            .iter()
            .filter(|agent| agent.pool == pool.id && agent.authorized)
            .collect();
        agents::agents_json(call, &own, fields)
    });
    obj.done()
}

/// Pools are seen by those who may see agents.
fn visible(call: &Call<'_>) -> bool {
    call.state.may(&call.who, "_Root", "view_agent_details")
}

fn find_all<'s>(call: &'s Call<'_>, locator: &Locator) -> Result<Vec<&'s Pool>, ApiError> {
    locator.help(&KNOWN)?;
    let id = match locator.single() {
        Some(single) => Some(single.to_owned()),
        None => locator.value("id")?,
    };
    let name = locator.value("name")?;
    let project = locator
        .raw("project")?
        .map(|inner| projects::find(call, inner))
        .transpose()?;
    let agent = locator
        .raw("agent")?
        .map(|inner| agents::find(call, inner).map(|agent| agent.pool))
        .transpose()?;
    let own = locator.boolean("projectPool")?;
    for name in ["orphanedPool", "count", "start", "lookupLimit"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let shown = visible(call);
    let fits = |pool: &&Pool| {
        shown
            && id.as_ref().is_none_or(|id| pool.id.to_string() == *id)
            && name.as_ref().is_none_or(|name| pool.name == *name)
            && project.as_ref().is_none_or(|id| pool.projects.contains(id))
            && agent.is_none_or(|of| pool.id == of)
            && own != Some(true)
    };
    Ok(call.state.pools.iter().filter(fits).collect())
}

/// The one pool of a locator.
pub(super) fn find<'s>(call: &'s Call<'_>, text: &str) -> Result<&'s Pool, ApiError> {
    let locator = Locator::parse(text)?;
    let found = find_all(call, &locator)?;
    found.first().copied().ok_or_else(|| {
        ApiError::not_found(format!(
            "Nothing is found by locator 'count:1,{text},orphanedPool:false'."
        ))
    })
}

fn needs(call: &Call<'_>) -> Result<(), ApiError> {
    projects::needs(call, "_Root", "manage_agent_pools", "Manage agent pools")
}

fn change(call: &mut Call<'_>, id: u64, change: impl FnOnce(&mut Pool)) {
    if let Some(pool) = call.state.pools.iter_mut().find(|pool| pool.id == id) {
        change(pool);
    }
}

fn create(call: &mut Call<'_>) -> Answer {
    needs(call)?;
    let body = call.json()?;
    if body.get("agents").is_some_and(|agents| !agents.is_null()) {
        return Err(ApiError::bad_request(
            "Creating an agent pool with agents is not supported. Please add agents after the pool creation",
        ));
    }
    let name = text(&body, "name")?.unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(ApiError::bad_request("Agent pool name cannot be empty"));
    }
    if call.state.pools.iter().any(|pool| pool.name == name) {
        return Err(ApiError::bad_request(format!(
            "Agent pool with name '{name}' already exists."
        )));
    }
    let last = call.state.pools.iter().map(|pool| pool.id).max();
    let mut pool = Pool::new(last.unwrap_or(0) + 1, name);
    pool.max_agents = id_text(body.get("maxAgents")).and_then(|most| most.parse().ok());
    for project in super::posted::items(&body, "projects", "project")? {
        pool.projects.push(projects::posted(call, project)?);
    }
    let json = pool_json(call, &pool, &Fields::long());
    call.state.pools.push(pool);
    Ok(Reply::Entity("agentPool", json))
}

fn delete(call: &mut Call<'_>, text: &str) -> Answer {
    needs(call)?;
    let id = find(call, text)?.id;
    let used = call.state.agents.iter().any(|agent| agent.pool == id);
    if id == Pool::DEFAULT || used {
        return Err(ApiError::bad_request(format!(
            "Cannot delete agent pool with id '{id}'."
        )));
    }
    call.state.pools.retain(|pool| pool.id != id);
    Ok(Reply::Empty(204))
}

fn projects_of(call: &mut Call<'_>, text: &str, rest: &[&str]) -> Answer {
    let id = find(call, text)?.id;
    match (rest, call.method) {
        ([], "POST") => {
            needs(call)?;
            let project = projects::posted(call, &call.json()?)?;
            let json = projects::project_json(call, &project, &Fields::long());
            change(call, id, |pool| {
                if !pool.projects.contains(&project) {
                    pool.projects.push(project);
                }
            });
            return Ok(Reply::Entity("project", json));
        }
        ([], "PUT") => {
            needs(call)?;
            let body = call.json()?;
            let list = body.get("project").and_then(|list| list.as_array());
            let new = list
                .into_iter()
                .flatten()
                .map(|project| projects::posted(call, project))
                .collect::<Result<Vec<_>, _>>()?;
            change(call, id, |pool| pool.projects = new);
        }
        ([], "DELETE") => {
            needs(call)?;
            change(call, id, |pool| pool.projects.clear());
            return Ok(Reply::Empty(204));
        }
        ([project], "DELETE") => {
            needs(call)?;
            let project = projects::find(call, project)?;
            change(call, id, |pool| pool.projects.retain(|it| *it != project));
            return Ok(Reply::Empty(204));
        }
        ([project], _) => {
            only(call, &["GET", "DELETE"])?;
            let project = projects::find(call, project)?;
            let json = projects::project_json(call, &project, &call.fields());
            return Ok(Reply::Entity("project", json));
        }
        ([], _) => only(call, &["GET", "POST", "PUT", "DELETE"])?,
        _ => return Err(ApiError::jersey(404)),
    }
    let pool = by_id(call, id).ok_or_else(ApiError::null_pointer)?;
    let fields = call.fields();
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, pool.projects.len());
    obj.nest("project", Level::Long, &Fields::short(), |fields| {
        pool.projects
            .iter()
            .map(|id| projects::project_json(call, id, fields))
            .collect::<Vec<_>>()
    });
    Ok(Reply::Entity("projects", obj.done()))
}

/// Moves an agent into a pool.
fn put_agent(call: &mut Call<'_>, agent: u64, pool: u64) {
    let moved = call.state.agents.iter_mut().filter(|it| it.id == agent);
    moved.for_each(|agent| agent.pool = pool);
}

/// `/agents/{locator}/pool`.
pub(super) fn of_agent(call: &mut Call<'_>, text: &str) -> Answer {
    only(call, &["GET", "PUT"])?;
    let (agent, mut pool) = {
        let agent = agents::find(call, text)?;
        (agent.id, agent.pool)
    };
    if call.method == "PUT" {
        needs(call)?;
        let body = call.json()?;
        let wanted = match (id_text(body.get("id")), text_of(&body, "locator")?) {
            (Some(id), None) => format!("id:{id}"),
            (None, Some(locator)) => locator,
            _ => {
                return Err(ApiError::bad_request(
                    "Either 'locator' or other attributes should be specified.",
                ));
            }
        };
        pool = find(call, &wanted)?.id;
        put_agent(call, agent, pool);
    }
    let found = by_id(call, pool).ok_or_else(ApiError::null_pointer)?;
    Ok(Reply::Entity(
        "agentPool",
        pool_json(call, found, &call.fields()),
    ))
}

fn text_of(body: &serde_json::Value, name: &str) -> Result<Option<String>, ApiError> {
    Ok(text(body, name)?.map(str::to_owned))
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        [] if call.method == "POST" => create(call),
        [] => {
            only(call, &["GET", "POST"])?;
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::usual(&locator)?;
            let paged = page(find_all(call, &locator)?, wanted, |_| true);
            Ok(Reply::Entity(
                "agentPools",
                list(
                    call,
                    "agentPools",
                    &text,
                    wanted,
                    &paged,
                    "agentPool",
                    |pool, fields| pool_json(call, pool, fields),
                ),
            ))
        }
        [text] => {
            only(call, &["GET", "DELETE"])?;
            if call.method == "DELETE" {
                return delete(call, text);
            }
            let pool = find(call, text)?;
            Ok(Reply::Entity(
                "agentPool",
                pool_json(call, pool, &call.fields()),
            ))
        }
        [text, "projects", ref rest @ ..] => projects_of(call, text, rest),
        [text, "agents"] => {
            only(call, &["GET", "POST"])?;
            let id = find(call, text)?.id;
            if call.method == "POST" {
                needs(call)?;
                let body = call.json()?;
                let wanted = id_text(body.get("id")).unwrap_or_default();
                let agent = agents::find(call, &format!("id:{wanted}"))?.id;
                put_agent(call, agent, id);
                let agent = agents::by_id(call, agent).ok_or_else(ApiError::null_pointer)?;
                let json = agents::agent_json(call, agent, &Fields::long());
                return Ok(Reply::Entity("agent", json));
            }
            let own: Vec<&Agent> = call
                .state
                .agents
                .iter()
                .filter(|agent| agent.pool == id)
                .collect();
            Ok(Reply::Entity(
                "agents",
                agents::agents_json(call, &own, &call.fields()),
            ))
        }
        [text, name] => {
            text_or_406(call)?;
            only(call, &["GET"])?;
            let pool = find(call, text)?;
            match name {
                "name" => Ok(Reply::Text(200, pool.name.clone())),
                "maxAgents" => Ok(Reply::Text(
                    200,
                    pool.max_agents
                        .map_or_else(|| "unlimited".to_owned(), |most| most.to_string()),
                )),
                _ => Err(ApiError::not_found(format!(
                    "Field '{name}' is not supported. Supported are: name, maxAgents."
                ))),
            }
        }
        _ => Err(ApiError::jersey(404)),
    }
}
