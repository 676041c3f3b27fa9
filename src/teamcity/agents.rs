//! Agents and their pools: who could run a build.

use super::client::Client;
use super::error::Error;
use super::fields;
use super::locator::Locator;
use super::model::{AgentNames, AgentState, Obstacles, Pool};
use super::request::Need;
use crate::types::BuildTypeId;

impl Client {
    /// Agents that are connected, enabled, authorized and could run a configuration's builds, of a pool or of all; 100 at most.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn compatible_agents(
        &self,
        id: &BuildTypeId,
        pool: Option<i64>,
    ) -> Result<AgentNames, Error> {
        let locator = Locator::new()
            .nested("compatible", &of(id))
            .with("connected", true)
            .with("enabled", true)
            .with("authorized", true);
        let locator = match pool {
            Some(pool) => locator.nested("pool", &Locator::new().with("id", pool)),
            None => locator,
        };
        self.agents(&locator.with("count", 100)).await
    }

    /// Whether an agent, connected or not, can't run a configuration's builds.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn is_incompatible(&self, agent: i64, id: &BuildTypeId) -> Result<bool, Error> {
        let locator = Locator::new()
            .with("id", agent)
            .nested("incompatible", &of(id))
            .with("defaultFilter", false);
        Ok(!self.agents(&locator).await?.agent.is_empty())
    }

    async fn agents(&self, locator: &Locator) -> Result<AgentNames, Error> {
        let query = [("locator", locator.as_str()), ("fields", fields::AGENTS)];
        self.requests
            .get(self.rest(&["agents"], &query), Need::May)
            .await
    }

    /// One agent.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn agent(&self, locator: &Locator) -> Result<AgentState, Error> {
        let url = self.rest(&["agents", locator.as_str()], &[("fields", fields::AGENT)]);
        self.requests.get(url, Need::May).await
    }

    /// What an agent can't run, and why. Takes no locator: all configurations that the user may see are in it.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn obstacles(&self, agent: i64) -> Result<Obstacles, Error> {
        let of = Locator::new().with("id", agent);
        let url = self.rest(
            &["agents", of.as_str(), "incompatibleBuildTypes"],
            &[("fields", fields::OBSTACLES)],
        );
        self.requests.get(url, Need::May).await
    }

    /// A pool, by its name.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn pool(&self, name: &str) -> Result<Pool, Error> {
        let of = Locator::new().with("name", name);
        let url = self.rest(&["agentPools", of.as_str()], &[("fields", fields::POOL)]);
        self.requests.get(url, Need::May).await
    }
}

fn of(id: &BuildTypeId) -> Locator {
    Locator::new().nested("buildType", &Locator::new().with("id", id))
}
