//! Agents, as far as builds refer to them.

use crate::json::Json;
use crate::model::Agent;

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::{Answer, Call, Reply, only};

pub(super) fn agent_json(call: &Call<'_>, agent: &Agent, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, agent.id)
        .put("name", Level::Short, agent.name.as_str())
        .put("typeId", Level::Short, agent.id)
        .put("connected", Level::Long, agent.connected)
        .put("enabled", Level::Long, true)
        .put("authorized", Level::Long, true)
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
                call.state.web_url, agent.id, agent.id, agent.name
            ),
        );
    obj.done()
}

pub(super) fn route(call: &Call<'_>, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    match *path {
        [] => {
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::read(&locator, None, None)?;
            let paged = page(&call.state.agents, wanted, |agent| agent.connected);
            Ok(Reply::Entity(
                "agents",
                list(
                    call,
                    "agents",
                    &text,
                    wanted,
                    &paged,
                    "agent",
                    |agent, fields| agent_json(call, agent, fields),
                ),
            ))
        }
        [text] => {
            let locator = Locator::parse(text)?;
            let id = locator.value("id")?;
            let name = locator
                .value("name")?
                .or_else(|| locator.single().map(str::to_owned));
            let found = call.state.agents.iter().find(|agent| match (&id, &name) {
                (Some(id), _) => agent.id.to_string() == *id,
                (None, Some(name)) => agent.name == *name,
                (None, None) => false,
            });
            let agent = found.ok_or_else(|| {
                ApiError::not_found(format!("No agent can be found by locator '{text}'."))
            })?;
            Ok(Reply::Entity(
                "agent",
                agent_json(call, agent, &call.fields()),
            ))
        }
        _ => Err(ApiError::jersey(404)),
    }
}
