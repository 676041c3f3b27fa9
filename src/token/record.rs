//! A run notes when its token was last accepted, where it has a Bitbucket credential that may.

use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use super::info::{self, Info, whole};
use super::store::find_environment;
use crate::bitbucket::model::NewVariable;
use crate::bitbucket::{Client, Repository, Scope};
use crate::clients::Clients;
use crate::config::{Bitbucket, Pipeline};
use crate::types::Secret;

/// The whole time for it: a step must not wait for a note.
const BUDGET: Duration = Duration::from_secs(10);

/// Which token, and where it may be noted.
pub struct Authenticated<'a> {
    /// How to reach Bitbucket.
    pub bitbucket: &'a Bitbucket,
    /// The pipeline: its environment, repository and workspace are looked at.
    pub pipeline: &'a Pipeline,
    /// The server that accepted it.
    pub server: &'a Url,
    /// The token.
    pub token: &'a Secret,
}

/// Records it beside each variable that holds this very token. Silent: no result depends on it, and most credentials lack the
/// scope.
pub async fn record_authenticated(this: &Authenticated<'_>, clients: &Clients, now: DateTime<Utc>) {
    let Some(credential) = this.bitbucket.credential.as_ref() else {
        return;
    };
    let Ok(client) = clients.bitbucket(&this.bitbucket.api_url, credential) else {
        return;
    };
    // A note that comes too late is no note.
    let _ = tokio::time::timeout(BUDGET, record(this, &client, whole(now))).await;
}

async fn record(this: &Authenticated<'_>, client: &Client, now: DateTime<Utc>) {
    for scope in scopes(this.pipeline, client).await {
        let Ok(all) = client.variables(&scope).await else {
            continue;
        };
        for note in all {
            let Some(mut info) = note.value.as_deref().and_then(Info::parse) else {
                continue;
            };
            let is_note = info::noted_variable(&note.key).is_some();
            if !is_note || note.secured || !info.is_on(this.server) || !info.is_of(this.token) {
                continue;
            }
            info.last_authenticated = Some(now);
            let new = NewVariable {
                key: note.key,
                value: Secret::new(info.text()),
                secured: false,
            };
            let _ = client.update_variable(&scope, &note.uuid, &new).await;
        }
    }
}

/// Where the pipeline takes variables from, nearest first.
async fn scopes(pipeline: &Pipeline, client: &Client) -> Vec<Scope> {
    let mut scopes = Vec::new();
    let Some(workspace) = pipeline.workspace.clone() else {
        return scopes;
    };
    if let Some(slug) = pipeline.repository_slug.clone() {
        let repository = Repository {
            workspace: workspace.clone(),
            slug,
        };
        if let Some(name) = &pipeline.deployment_environment
            && let Ok(all) = client.environments(&repository).await
            && let Some(environment) = find_environment(&all, name)
        {
            scopes.push(Scope::Deployment {
                repository: repository.clone(),
                environment: environment.uuid.clone(),
            });
        }
        scopes.push(Scope::Repository(repository));
    }
    scopes.push(Scope::Workspace(workspace));
    scopes
}
