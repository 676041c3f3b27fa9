//! Build configurations, and what the token's user may do with them.

use serde::Deserialize;

use super::build::{Agent, Comment};
use super::lenient;

/// A build configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuildType {
    /// Its id.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The project's full name.
    #[serde(deserialize_with = "lenient::text")]
    pub project_name: Option<String>,
    /// The project's id.
    #[serde(deserialize_with = "lenient::text")]
    pub project_id: Option<String>,
    /// Paused: nothing triggers it by itself.
    #[serde(deserialize_with = "lenient::flag")]
    pub paused: bool,
    /// A template, which can't be run.
    #[serde(deserialize_with = "lenient::flag")]
    pub template_flag: bool,
    /// `regular`, `composite` or `deployment`.
    #[serde(deserialize_with = "lenient::text", rename = "type")]
    pub kind: Option<String>,
    /// Its page.
    #[serde(deserialize_with = "lenient::text")]
    pub web_url: Option<String>,
}

/// A page of agents.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AgentNames {
    /// The agents.
    #[serde(deserialize_with = "lenient::list")]
    pub agent: Vec<Agent>,
}

/// An agent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentState {
    /// Its number.
    #[serde(deserialize_with = "lenient::number")]
    pub id: Option<i64>,
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Whether it is connected.
    #[serde(deserialize_with = "lenient::flag")]
    pub connected: bool,
    /// Whether it takes builds.
    #[serde(deserialize_with = "lenient::flag")]
    pub enabled: bool,
    /// Whether an administrator let it in.
    #[serde(deserialize_with = "lenient::flag")]
    pub authorized: bool,
    /// Why it does not take builds, or does.
    #[serde(deserialize_with = "lenient::part")]
    pub enabled_info: Option<AgentInfo>,
    /// Why it was not let in, or was.
    #[serde(deserialize_with = "lenient::part")]
    pub authorized_info: Option<AgentInfo>,
}

/// Why something about an agent is so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AgentInfo {
    /// Who said why.
    #[serde(deserialize_with = "lenient::part")]
    pub comment: Option<Comment>,
}

/// What an agent can't run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Obstacles {
    /// One a configuration.
    #[serde(deserialize_with = "lenient::list")]
    pub compatibility: Vec<Obstacle>,
}

/// A configuration that an agent can't run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Obstacle {
    /// Which.
    #[serde(deserialize_with = "lenient::part")]
    pub build_type: Option<BuildType>,
    /// Why.
    #[serde(deserialize_with = "lenient::part")]
    pub incompatible_reasons: Option<Reasons>,
    /// Why, on newer servers.
    #[serde(deserialize_with = "lenient::part")]
    pub unmet_requirements: Option<Requirements>,
}

/// Reasons.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Reasons {
    /// Each.
    #[serde(deserialize_with = "lenient::texts")]
    pub reason: Vec<String>,
}

/// Requirements that are not met.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Requirements {
    /// In words.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
}

impl Obstacle {
    /// TeamCity's reasons, in one text.
    pub fn reasons(&self) -> Option<String> {
        let listed = self.incompatible_reasons.as_ref();
        let listed = listed.map(|reasons| reasons.reason.join("; "));
        let listed = listed.filter(|text| !text.is_empty());
        listed.or_else(|| self.unmet_requirements.as_ref()?.description.clone())
    }
}

/// A pool of agents.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pool {
    /// Its number; the default pool has 0.
    #[serde(deserialize_with = "lenient::number")]
    pub id: Option<i64>,
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
}

/// Permissions of a user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permissions {
    /// One a permission and project.
    #[serde(deserialize_with = "lenient::list")]
    pub permission_assignment: Vec<PermissionAssignment>,
}

/// One permission.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PermissionAssignment {
    /// Which.
    #[serde(deserialize_with = "lenient::part")]
    pub permission: Option<Permission>,
}

/// A permission's name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Permission {
    /// In lower case: `run_build`.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
}

impl Permissions {
    /// Whether this permission is among them.
    pub fn has(&self, id: &str) -> bool {
        self.permission_assignment
            .iter()
            .filter_map(|assignment| assignment.permission.as_ref()?.id.as_deref())
            .any(|held| held.eq_ignore_ascii_case(id))
    }
}
