//! The variables of Pipelines, in which a token of TeamCity's may be kept.

use http::Method;
use url::Url;

use super::client::{Client, Repository};
use super::error::{Error, ErrorKind};
use super::model::{Environment, NewVariable, Variable};

/// Where a variable belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All repositories of a workspace.
    Workspace(String),
    /// One repository.
    Repository(Repository),
    /// One deployment environment of a repository.
    Deployment {
        /// The repository.
        repository: Repository,
        /// The environment's id, in braces.
        environment: String,
    },
}

impl Client {
    fn variables_url(&self, scope: &Scope, uuid: Option<&str>) -> Url {
        let mut segments = path(scope);
        segments.extend(uuid);
        self.sender.url(&segments, &[])
    }

    /// All variables of a scope.
    ///
    /// # Errors
    /// When Bitbucket refuses, or does not answer sensibly in half a minute.
    pub async fn variables(&self, scope: &Scope) -> Result<Vec<Variable>, Error> {
        self.sender.list(&path(scope)).await
    }

    /// Stores a new variable; [`ErrorKind::Conflict`] when one of its name is there.
    ///
    /// # Errors
    /// See [`Self::variables`].
    pub async fn create_variable(
        &self,
        scope: &Scope,
        variable: &NewVariable,
    ) -> Result<(), Error> {
        let url = self.variables_url(scope, None);
        self.sender
            .send(Method::POST, url, Some(variable))
            .await
            .map(drop)
    }

    /// Replaces a variable.
    ///
    /// # Errors
    /// See [`Self::variables`].
    pub async fn update_variable(
        &self,
        scope: &Scope,
        uuid: &str,
        variable: &NewVariable,
    ) -> Result<(), Error> {
        let url = self.variables_url(scope, Some(uuid));
        self.sender
            .send(Method::PUT, url, Some(variable))
            .await
            .map(drop)
    }

    /// Deletes a variable; one that is gone already is deleted.
    ///
    /// # Errors
    /// See [`Self::variables`].
    pub async fn delete_variable(&self, scope: &Scope, uuid: &str) -> Result<(), Error> {
        let url = self.variables_url(scope, Some(uuid));
        match self.sender.send(Method::DELETE, url, None::<&()>).await {
            Ok(_)
            | Err(Error {
                kind: ErrorKind::NotFound(_),
            }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All deployment environments of a repository.
    ///
    /// # Errors
    /// See [`Self::variables`].
    pub async fn environments(&self, of: &Repository) -> Result<Vec<Environment>, Error> {
        self.sender
            .list(&["repositories", &of.workspace, &of.slug, "environments"])
            .await
    }
}

/// Repository and workspace differ by an underscore and a hyphen.
fn path(scope: &Scope) -> Vec<&str> {
    match scope {
        Scope::Workspace(workspace) => {
            vec!["workspaces", workspace, "pipelines-config", "variables"]
        }
        Scope::Repository(of) => {
            vec![
                "repositories",
                &of.workspace,
                &of.slug,
                "pipelines_config",
                "variables",
            ]
        }
        Scope::Deployment {
            repository: of,
            environment,
        } => vec![
            "repositories",
            &of.workspace,
            &of.slug,
            "deployments_config",
            "environments",
            environment,
            "variables",
        ],
    }
}
