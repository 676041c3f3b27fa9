//! Where in Bitbucket a variable lives.

use std::fmt;

/// Where in Bitbucket a variable lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A workspace, by its slug.
    Workspace(String),
    /// A repository: workspace and repository.
    Repository(String, String),
    /// A deployment environment: workspace, repository, and the environment's name.
    Environment(String, String, String),
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace(workspace) => write!(formatter, "workspace {workspace}"),
            Self::Repository(workspace, repository) => {
                write!(formatter, "repository {workspace}/{repository}")
            }
            Self::Environment(workspace, repository, environment) => write!(
                formatter,
                "environment {environment} of {workspace}/{repository}"
            ),
        }
    }
}
