//! Settings from the environment: read once, checked once, all mistakes reported together.
//!
//! Knows nothing of what uses the settings, and sends nothing.

mod bitbucket;
mod build;
mod build_ids;
mod connection;
mod defaults;
mod environment;
mod following;
mod pipelines;
mod problems;
mod proxy;
mod raw;
mod reader;
mod results;
mod secret_parameters;
mod secrets;
mod settings;
mod spelling;
#[cfg(test)]
mod tests;
pub mod variables;

use std::ffi::OsString;

use reader::Reader;
use url::Url;
use variables::Group;

use crate::types::Secret;

pub use connection::{parse_base_url, token_mistake};
pub use pipelines::Pipeline;
pub use problems::{Problem, Problems, Warning};
pub use secrets::secrets;
pub use settings::{
    AgentChoice, Bitbucket, BranchChoice, Build, Connection, Dependencies, Follow, LogMode,
    Network, Parameter, RebuildDependencies, Results, Reuse, RevisionChoice, Settings,
    SettingsSource, TokenSettings, What,
};

/// The command that the settings are for: what is required differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// Queue and follow.
    Run,
    /// Check what a run needs. Requires the same.
    Check,
    /// Settle what this pipeline left behind. Needs the server, the token, and to know which pipeline this is.
    Cancel,
    /// Settle what killed steps left behind. Needs the server, the token, the repository, and a Bitbucket credential.
    Sweep,
}

/// What could be read of the variables, whatever is wrong with others.
#[derive(Debug, Clone)]
pub struct Partial {
    /// The server's address.
    pub url: Option<Url>,
    /// The token.
    pub token: Option<Secret>,
    /// How servers are reached.
    pub network: Network,
    /// What to do.
    pub what: Option<What>,
    /// How to follow.
    pub follow: Follow,
    /// What to make of the results.
    pub results: Results,
    /// How to reach Bitbucket.
    pub bitbucket: Option<Bitbucket>,
    /// The pipeline.
    pub pipeline: Pipeline,
}

impl Partial {
    fn complete(self) -> Option<Settings> {
        Some(Settings {
            connection: Connection {
                url: self.url?,
                token: self.token?,
                network: self.network,
            },
            what: self.what?,
            follow: self.follow,
            results: self.results,
            bitbucket: self.bitbucket?,
            pipeline: self.pipeline,
        })
    }
}

/// Reads and checks all variables.
///
/// # Errors
/// With every mistake that was found.
pub fn read(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
    command: CommandKind,
) -> Result<(Settings, Vec<Warning>), Problems> {
    let (partial, reader) = gather(pairs, command);
    reader.finish(partial.complete())
}

/// Reads all variables, and gives what is right beside every mistake: for a look at the rest.
pub fn read_what_is_right(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
) -> (Partial, Vec<Problem>, Vec<Warning>) {
    let (partial, reader) = gather(pairs, CommandKind::Check);
    match reader.finish(Some(())) {
        Ok(((), warnings)) => (partial, Vec::new(), warnings),
        Err(problems) => (partial, problems.0, Vec::new()),
    }
}

fn gather(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
    command: CommandKind,
) -> (Partial, Reader) {
    let mut reader = Reader::default();
    let mut found = environment::read(pairs, &mut reader);
    let raw = &mut found.raw;
    let url = connection::url(&mut reader, raw.teamcity_url.take());
    let token = connection::token(&mut reader, raw.teamcity_token.take());
    let ca_certificate = connection::certificate(&mut reader, raw.teamcity_ca_certificate.take());
    let headers = connection::headers(&mut reader, found.headers);
    let proxies = proxy::proxies(&mut reader, raw);
    let retry_for = following::retry_for(&mut reader, raw);
    let what = match command {
        CommandKind::Run | CommandKind::Check => {
            let given = |name: &str| found.given.get(name).cloned();
            build::what(&mut reader, raw, &found.pipeline, &given)
        }
        CommandKind::Cancel | CommandKind::Sweep => {
            match command {
                CommandKind::Sweep => require_repository(&mut reader, &found.pipeline),
                _ => require_identity(&mut reader, &found.pipeline),
            }
            // A misspelt name of what `cancel` does not need is no reason to leave builds running.
            reader.misspelt.retain(|meant, _| {
                variables::find(meant).is_some_and(|variable| {
                    variable.group == Group::Connection
                        || command == CommandKind::Sweep && variable.group == Group::Bitbucket
                })
            });
            reader.strangers.clear();
            Some(What::Nothing)
        }
    };
    let follow = following::follow(&mut reader, raw);
    let bitbucket = bitbucket::bitbucket(&mut reader, raw);
    let has_credential = bitbucket
        .as_ref()
        .is_some_and(|bitbucket| bitbucket.credential.is_some());
    if command == CommandKind::Sweep && bitbucket.is_some() && !has_credential {
        reader.problem(
            "BITBUCKET_ACCESS_TOKEN",
            "is missing: without a credential Bitbucket does not say which pipelines have ended",
            "Pass it, or ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, with the scopes pipeline and repository.",
        );
    }
    let waits = follow.wait;
    let results = results::results(&mut reader, raw, &found.pipeline, has_credential, waits);
    let partial = Partial {
        url,
        token,
        network: Network {
            ca_certificate,
            headers,
            proxies,
            retry_for,
        },
        what,
        follow,
        results,
        bitbucket,
        pipeline: found.pipeline,
    };
    (partial, reader)
}

/// Reads and checks the variables that the `token` commands use: no server, token or build is required.
///
/// # Errors
/// With every mistake that was found.
pub fn read_for_tokens(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(TokenSettings, Vec<Warning>), Problems> {
    let mut reader = Reader::default();
    let mut found = environment::read(pairs, &mut reader);
    let raw = &mut found.raw;
    let ca_certificate = connection::certificate(&mut reader, raw.teamcity_ca_certificate.take());
    let headers = connection::headers(&mut reader, found.headers);
    let proxies = proxy::proxies(&mut reader, raw);
    let retry_for = following::retry_for(&mut reader, raw);
    let debug = following::debug(&mut reader, raw);
    let bitbucket = bitbucket::bitbucket(&mut reader, raw);
    let pipeline = found.pipeline;
    // These commands run on people's machines, whose environments hold anything.
    reader.misspelt.clear();
    reader.strangers.clear();
    let settings = bitbucket.map(|bitbucket| TokenSettings {
        network: Network {
            ca_certificate,
            headers,
            proxies,
            retry_for,
        },
        debug,
        bitbucket,
        pipeline,
    });
    reader.finish(settings)
}

fn require_identity(reader: &mut Reader, pipeline: &Pipeline) {
    if !pipeline.has_identity() {
        reader.problem(
            "BITBUCKET_PIPELINE_UUID",
            "is missing: it tells which builds belong to this pipeline",
            "Run 'cancel' in a step of the pipeline that queued the builds.",
        );
    }
}

fn require_repository(reader: &mut Reader, pipeline: &Pipeline) {
    if pipeline.workspace.is_none() || pipeline.repository_slug.is_none() {
        reader.problem(
            "BITBUCKET_REPO_FULL_NAME",
            "is missing: it tells which builds belong to this repository",
            "Run 'sweep' in a pipeline of the repository.",
        );
    }
}
