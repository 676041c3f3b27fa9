//! Where tokens are kept: a secured variable of Bitbucket's and the note beside it.

use super::info::{self, Info};
use super::scope::Scope;
use super::session::Session;
use crate::bitbucket::model::{Environment, NewVariable, Variable};
use crate::bitbucket::{self, Client, ErrorKind, Repository};
use crate::preflight::cure::{self, Access};
use crate::types::Credential;
use crate::types::Diagnostic;
use crate::types::Secret;
use crate::types::text::one_line;

/// The variables of one scope.
pub struct Store {
    client: Client,
    credential: Option<Credential>,
    place: bitbucket::Scope,
    /// The scope, as it was named.
    pub scope: Scope,
}

/// What is stored under a name.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The variable with the token.
    pub variable: Option<Variable>,
    /// The variable with the note.
    pub note: Option<Variable>,
    /// What the note says, if it can be read.
    pub info: Option<Info>,
}

impl Store {
    /// Opens a scope; of an environment that means to look up its id.
    ///
    /// # Errors
    /// When there is no credential, Bitbucket refuses, or there is no such environment.
    pub async fn open(session: &Session, scope: &Scope) -> Result<Self, Diagnostic> {
        let client = session.bitbucket()?;
        let credential = session.settings.bitbucket.credential.clone();
        let place = match scope {
            Scope::Workspace(workspace) => bitbucket::Scope::Workspace(workspace.clone()),
            Scope::Repository(workspace, slug) => {
                bitbucket::Scope::Repository(repository(workspace, slug))
            }
            Scope::Environment(workspace, slug, name) => {
                let repository = repository(workspace, slug);
                let all = client.environments(&repository).await.map_err(|error| {
                    let doing = format!("listing the environments of {workspace}/{slug}");
                    cure::bitbucket(&doing, &error, credential.as_ref(), Access::Read)
                })?;
                let Some(environment) = find_environment(&all, name) else {
                    return Err(no_environment(scope, &all));
                };
                bitbucket::Scope::Deployment {
                    repository,
                    environment: environment.uuid.clone(),
                }
            }
        };
        Ok(Self {
            client,
            credential,
            place,
            scope: scope.clone(),
        })
    }

    /// All variables.
    ///
    /// # Errors
    /// When Bitbucket refuses or stays away.
    pub async fn all(&self) -> Result<Vec<Variable>, Diagnostic> {
        self.client.variables(&self.place).await.map_err(|error| {
            let doing = format!("listing the variables of {}", self.scope);
            cure::bitbucket(&doing, &error, self.credential.as_ref(), Access::Read)
        })
    }

    /// What is stored under a name.
    ///
    /// # Errors
    /// See [`Self::all`].
    pub async fn read(&self, variable: &str) -> Result<Stored, Diagnostic> {
        Ok(pick(&self.all().await?, variable))
    }

    /// Stores a token.
    ///
    /// # Errors
    /// When Bitbucket refuses or stays away; in the latter case it may be stored all the same.
    pub async fn put_token(
        &self,
        variable: &str,
        known: Option<&Variable>,
        token: &Secret,
    ) -> Result<(), Diagnostic> {
        let new = NewVariable {
            key: variable.to_owned(),
            value: token.clone(),
            secured: true,
        };
        self.put(&new, known).await
    }

    /// Stores a note.
    ///
    /// # Errors
    /// See [`Self::put_token`].
    pub async fn put_note(
        &self,
        variable: &str,
        known: Option<&Variable>,
        info: &Info,
    ) -> Result<(), Diagnostic> {
        let new = NewVariable {
            key: info::note_name(variable),
            value: Secret::new(info.text()),
            secured: false,
        };
        self.put(&new, known).await
    }

    /// Puts a variable; one that appeared or vanished meanwhile is found and replaced, or made.
    async fn put(&self, new: &NewVariable, known: Option<&Variable>) -> Result<(), Diagnostic> {
        let fail = |error: bitbucket::Error| {
            let doing = format!("storing {} in {}", new.key, self.scope);
            cure::bitbucket(&doing, &error, self.credential.as_ref(), Access::Write)
        };
        if let Some(known) = known {
            match self
                .client
                .update_variable(&self.place, &known.uuid, new)
                .await
            {
                Err(error) if matches!(error.kind, ErrorKind::NotFound(_)) => {}
                result => return result.map_err(fail),
            }
        }
        let conflict = match self.client.create_variable(&self.place, new).await {
            Err(error) if matches!(error.kind, ErrorKind::Conflict(_)) => error,
            result => return result.map_err(fail),
        };
        // One of this name is there: somebody else's, or that of a first try whose answer was lost.
        let all = self.all().await?;
        let Some(found) = all.iter().find(|variable| variable.key == new.key) else {
            return Err(fail(conflict));
        };
        self.client
            .update_variable(&self.place, &found.uuid, new)
            .await
            .map_err(fail)
    }

    /// Deletes a variable.
    ///
    /// # Errors
    /// When Bitbucket refuses or stays away.
    pub async fn delete(&self, variable: &Variable) -> Result<(), Diagnostic> {
        self.client
            .delete_variable(&self.place, &variable.uuid)
            .await
            .map_err(|error| {
                let doing = format!("deleting {} from {}", variable.key, self.scope);
                cure::bitbucket(&doing, &error, self.credential.as_ref(), Access::Write)
            })
    }
}

/// What is stored under a name, out of all variables of a scope.
pub fn pick(all: &[Variable], variable: &str) -> Stored {
    let find = |key: &str| all.iter().find(|known| known.key == key).cloned();
    let note = find(&info::note_name(variable));
    Stored {
        variable: find(variable),
        info: note
            .as_ref()
            .and_then(|note| Info::parse(note.value.as_deref()?)),
        note,
    }
}

fn repository(workspace: &str, slug: &str) -> Repository {
    Repository {
        workspace: workspace.to_owned(),
        slug: slug.to_owned(),
    }
}

/// By name, or by id.
pub fn find_environment<'a>(all: &'a [Environment], name: &str) -> Option<&'a Environment> {
    all.iter()
        .find(|known| known.name == name || known.uuid == name)
        .or_else(|| {
            all.iter()
                .find(|known| known.name.eq_ignore_ascii_case(name))
        })
}

fn no_environment(scope: &Scope, all: &[Environment]) -> Diagnostic {
    let names: Vec<String> = all
        .iter()
        .take(20)
        .map(|one| format!("'{}'", one_line(&one.name, 60)))
        .collect();
    Diagnostic::refused(
        format!("there is no {scope}"),
        if names.is_empty() {
            "The repository has no environments. Create them in its settings, under Deployments."
                .to_owned()
        } else {
            format!("Its environments are {}.", names.join(", "))
        },
    )
}
