//! Which agent takes a build, and what keeps one from it.

use crate::model::{Agent, BuildType, BuildTypeKind};
use crate::state::State;

/// Why an agent can't run a configuration; `None` if it can. Whether it is enabled, authorized or connected does not matter.
pub(crate) fn obstacle(state: &State, agent: &Agent, of: &BuildType) -> Option<String> {
    let pooled = state
        .pools
        .iter()
        .any(|pool| pool.id == agent.pool && pool.projects.contains(&of.project));
    if !pooled {
        return Some("Agent belongs to the pool not associated with the project".to_owned());
    }
    let found = agent.cannot_run.iter().find(|(id, _)| *id == of.id);
    found.map(|(_, requirement)| format!("Unmet requirements:\n\t{requirement}"))
}

/// Agents that could run a build: the one that it must run on, or any; only those that nothing keeps from it.
fn compatible<'s>(
    state: &'s State,
    of: &'s BuildType,
    wanted: Option<u64>,
) -> impl Iterator<Item = &'s Agent> {
    state
        .agents
        .iter()
        .filter(move |agent| wanted.is_none_or(|wanted| agent.id == wanted))
        .filter(|agent| obstacle(state, agent, of).is_none())
}

/// Whether a build waits for ever, as no agent can run it. A server without any agents is one that nobody described.
pub(crate) fn nobody_can(state: &State, of: &BuildType, wanted: Option<u64>) -> bool {
    of.kind != BuildTypeKind::Composite
        && !state.agents.is_empty()
        && compatible(state, of, wanted).next().is_none()
}

/// The agent that takes a build: the first compatible one that is ready, or else the first that is compatible at all.
pub(crate) fn able(state: &State, of: &BuildType) -> Option<u64> {
    if of.kind == BuildTypeKind::Composite {
        return None;
    }
    let ready = |agent: &&Agent| agent.connected && agent.enabled && agent.authorized;
    let found = compatible(state, of, None).find(ready);
    let found = found.or_else(|| compatible(state, of, None).next());
    found.map(|agent| agent.id)
}
