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

/// The first agent that can take a build of a configuration, or else the first at all; none for composite ones.
pub(crate) fn able(state: &State, build_type: &BuildType) -> Option<u64> {
    if build_type.kind == BuildTypeKind::Composite {
        return None;
    }
    let able = state.agents.iter().find(|agent| {
        let ready = agent.connected && agent.enabled && agent.authorized;
        ready && obstacle(state, agent, build_type).is_none()
    });
    able.or(state.agents.first()).map(|agent| agent.id)
}
