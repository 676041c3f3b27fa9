//! A token as lists show it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::info::Expiry;
use super::scope::Scope;

/// One stored token.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The server, if it is noted.
    pub server: Option<String>,
    /// The variable's name.
    pub variable: String,
    /// Where it is.
    pub scope: Place,
    /// Whose token it is.
    pub user: Option<String>,
    /// When it was stored.
    pub date_added: Option<DateTime<Utc>>,
    /// When a server last accepted it.
    pub last_authenticated: Option<DateTime<Utc>>,
    /// When it expires: a time, `never`, or nothing if it is not known.
    pub expires: Expiry,
    /// Whole days until then.
    pub expires_in_days: Option<i64>,
    /// Its name in TeamCity.
    pub token_name: Option<String>,
    /// What is odd about it.
    pub warning: Option<String>,
}

/// A scope, for JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The workspace.
    pub workspace: String,
    /// The repository, if it is one of a repository.
    pub repository: Option<String>,
    /// The environment, if it is one of an environment.
    pub environment: Option<String>,
}

impl From<&Scope> for Place {
    fn from(scope: &Scope) -> Self {
        let (workspace, repository, environment) = match scope {
            Scope::Workspace(workspace) => (workspace, None, None),
            Scope::Repository(workspace, slug) => (workspace, Some(slug), None),
            Scope::Environment(workspace, slug, name) => (workspace, Some(slug), Some(name)),
        };
        Self {
            workspace: workspace.clone(),
            repository: repository.cloned(),
            environment: environment.cloned(),
        }
    }
}
