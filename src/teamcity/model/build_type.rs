//! Build configurations, and what the token's user may do with them.

use serde::Deserialize;

use super::build::Agent;

/// A build configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuildType {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The project's full name.
    pub project_name: Option<String>,
    /// The project's id.
    pub project_id: Option<String>,
    /// Paused: nothing triggers it by itself.
    pub paused: bool,
    /// A template, which can't be run.
    pub template_flag: bool,
    /// `regular`, `composite` or `deployment`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its page.
    pub web_url: Option<String>,
}

/// A page of agents.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AgentNames {
    /// The agents.
    pub agent: Vec<Agent>,
}

/// Permissions of a user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permissions {
    /// One a permission and project.
    pub permission_assignment: Vec<PermissionAssignment>,
}

/// One permission.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PermissionAssignment {
    /// Which.
    pub permission: Option<Permission>,
}

/// A permission's name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Permission {
    /// In lower case: `run_build`.
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
