//! Which agent a build is to run on, and whether one could run it.

use serde_json::{Value, json};

use super::cure;
use super::finding::{Bad, Findings, Question};
use super::rights;
use crate::config::AgentChoice;
use crate::teamcity::model::{AgentState, BuildType};
use crate::teamcity::{Client, Error, ErrorKind, Locator};
use crate::types::BuildTypeId;

const QUESTION: Question = "agents";
/// What follows where an agent does not take a build now.
const WAITS: &str =
    "The build waits in the queue until that changes. QUEUE_TIMEOUT limits the wait.";

/// The agent, or pool, that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An agent that is there.
    Agent {
        /// Its number.
        id: i64,
        /// Its name.
        name: String,
    },
    /// A pool that is there.
    Pool {
        /// Its number.
        id: i64,
        /// Its name.
        name: String,
    },
    /// What the user may not see, and TeamCity may know.
    Unseen(AgentChoice),
}

impl Target {
    /// The member `agent` of a queue request. A bare name is refused there (TeamCity's source: `Agent.java`).
    pub fn body(&self) -> Value {
        let named = |name: &String| Locator::new().with("name", name).to_string();
        match self {
            Self::Agent { id, .. } => json!({ "id": id }),
            Self::Pool { id, .. } => json!({ "pool": { "id": id } }),
            Self::Unseen(AgentChoice::Id(id)) => json!({ "id": id }),
            Self::Unseen(AgentChoice::Name(name)) => json!({ "locator": named(name) }),
            Self::Unseen(AgentChoice::Pool(name)) => json!({ "pool": { "locator": named(name) } }),
        }
    }
}

/// Looks for what `AGENT` names.
///
/// # Errors
/// When it is not there, or the server stays away.
pub async fn agent(
    client: &Client,
    choice: &AgentChoice,
    all: &mut Findings,
) -> Result<Target, Bad> {
    let found = match choice {
        AgentChoice::Name(name) => {
            let agent = client.agent(&Locator::new().with("name", name)).await;
            agent.map(|agent| state(agent, all))
        }
        AgentChoice::Id(id) => {
            let agent = client.agent(&Locator::new().with("id", id)).await;
            agent.map(|agent| state(agent, all))
        }
        AgentChoice::Pool(name) => client.pool(name).await.map(|pool| {
            all.good(QUESTION, format!("the agent pool {name} exists"));
            pool.id.map(|id| Target::Pool {
                id,
                name: name.clone(),
            })
        }),
    };
    match found {
        Ok(Some(target)) => Ok(target),
        Ok(None) => Ok(Target::Unseen(choice.clone())),
        Err(Error {
            kind: ErrorKind::Forbidden(words),
            ..
        }) => {
            all.odd(
                QUESTION,
                format!("AGENT: the token's user may not view agents ({words})"),
                rights::AGENTS.advice(None),
            );
            Ok(Target::Unseen(choice.clone()))
        }
        Err(error) if error.kind.is_refusal() => Err(Bad::new(QUESTION, cure::no_agent(choice))),
        Err(error) => Err(Bad::new(
            QUESTION,
            cure::teamcity("looking for the agent", &error, client.base()),
        )),
    }
}

/// How an agent stands, with what TeamCity says about it.
fn state(agent: AgentState, all: &mut Findings) -> Option<Target> {
    let id = agent.id?;
    let name = agent.name.unwrap_or_else(|| format!("id:{id}"));
    let why = |info: Option<crate::teamcity::model::AgentInfo>| {
        let text = info.and_then(|info| info.comment?.text);
        text.filter(|text| !text.trim().is_empty())
            .map_or_else(String::new, |text| format!(" ({text})"))
    };
    let mut good = true;
    let mut odd = |what: String| {
        good = false;
        all.odd(QUESTION, what, WAITS);
    };
    if !agent.authorized {
        odd(format!(
            "the agent {name} is not authorized{}",
            why(agent.authorized_info)
        ));
    }
    if !agent.enabled {
        odd(format!(
            "the agent {name} is disabled{}",
            why(agent.enabled_info)
        ));
    }
    if !agent.connected {
        odd(format!("the agent {name} is not connected"));
    }
    if good {
        all.good(QUESTION, format!("the agent {name} accepts builds"));
    }
    Some(Target::Agent { id, name })
}

/// Whether any agent, or the one that is asked for, could run a configuration's builds.
///
/// # Errors
/// When the server stays away.
pub async fn agents(
    client: &Client,
    id: &BuildTypeId,
    build_type: &BuildType,
    target: Option<&Target>,
    all: &mut Findings,
) -> Result<(), Bad> {
    if build_type.kind.as_deref() == Some("composite") {
        all.good(QUESTION, format!("{id} is composite, and needs no agent"));
        return Ok(());
    }
    let asked = match target {
        None => any(client, id, None, all).await,
        Some(Target::Pool { id: pool, name }) => any(client, id, Some((*pool, name)), all).await,
        Some(Target::Agent { id: agent, name }) => this(client, id, *agent, name, all).await,
        Some(Target::Unseen(_)) => Ok(()),
    };
    match asked {
        Ok(()) => Ok(()),
        Err(error) if error.kind.is_refusal() => {
            all.odd(
                QUESTION,
                format!("{id}: the token's user may not view which agents can run it ({error})"),
                rights::AGENTS.advice(None),
            );
            Ok(())
        }
        Err(error) => Err(Bad::new(
            QUESTION,
            cure::teamcity("looking for agents", &error, client.base()),
        )),
    }
}

async fn any(
    client: &Client,
    id: &BuildTypeId,
    pool: Option<(i64, &str)>,
    all: &mut Findings,
) -> Result<(), Error> {
    let found = client
        .compatible_agents(id, pool.map(|(pool, _)| pool))
        .await?;
    let of = pool.map_or_else(String::new, |(_, name)| format!(" of the pool {name}"));
    match found.agent.len() {
        0 => all.odd(
            QUESTION,
            format!("{id}: no connected agent{of} that the token's user may view can run it"),
            "A build would wait in the queue. Connect an agent, or see the page \"Compatible Agents\" of the configuration. QUEUE_TIMEOUT limits \
             the wait.",
        ),
        1 => all.good(QUESTION, format!("{id}: 1 connected agent{of} can run it")),
        count => all.good(QUESTION, format!("{id}: {count} connected agents{of} can run it")),
    }
    Ok(())
}

async fn this(
    client: &Client,
    id: &BuildTypeId,
    agent: i64,
    name: &str,
    all: &mut Findings,
) -> Result<(), Error> {
    if !client.is_incompatible(agent, id).await? {
        all.good(QUESTION, format!("{id}: the agent {name} can run it"));
        return Ok(());
    }
    // Without reasons it is incompatible all the same.
    let obstacles = client.obstacles(agent).await.unwrap_or_default();
    let reasons = obstacles
        .compatibility
        .iter()
        .find(|one| {
            let of = one.build_type.as_ref().and_then(|of| of.id.as_deref());
            of == Some(id.as_str())
        })
        .and_then(|one| one.reasons());
    let why = reasons.map_or_else(String::new, |reasons| format!(": {reasons}"));
    all.odd(
        QUESTION,
        format!("{id}: the agent {name} can't run it{why}"),
        WAITS,
    );
    Ok(())
}
