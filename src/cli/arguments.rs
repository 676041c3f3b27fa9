//! The arguments as `clap` reads them.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use url::Url;

use super::command::Command;
use super::error::CliError;
use super::help;
use super::scope::{self, Part};
use crate::config::parse_base_url;
use crate::token::{Create, Rotate, Scope, TokenCommand};

/// Runs TeamCity builds from a Bitbucket Pipelines step.
#[derive(Parser)]
#[command(
    name = "teamcity-pipe",
    bin_name = "teamcity-pipe",
    version,
    subcommand_required = false,
    after_help = help::short(),
    after_long_help = help::long()
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, made once")]
enum Sub {
    /// Start builds, wait for them, and exit with their result (the default)
    Run,
    /// Check everything that a run needs, and queue nothing
    Check {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Clean up what this pipe left behind in this pipeline: builds, build statuses, reports
    Cancel,
    /// Clean up what stopped steps left behind in the whole repository
    Sweep,
    /// Manage TeamCity access tokens in Bitbucket's variables
    #[command(subcommand, after_help = TOKEN_NEEDS)]
    Token(TokenSub),
}

/// What the commands read beside their options.
const TOKEN_NEEDS: &str = "\
Bitbucket credential, from the environment:
  ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN
      with the scopes read:pipeline:bitbucket and admin:pipeline:bitbucket
  BITBUCKET_ACCESS_TOKEN, instead of these
      with the scopes pipeline and pipeline:variable

With Docker, -e passes a variable, and -it lets the command ask:
  docker run --rm -it -e BITBUCKET_ACCESS_TOKEN IMAGE token add --server URL --repository W/R
";

#[derive(Subcommand)]
enum TokenSub {
    /// Check a token and store it as a secured variable
    ///
    /// The token is read from standard input, or typed without being shown.
    Add {
        #[command(flatten)]
        server: ServerOption,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        variable: VariableOption,
        #[command(flatten)]
        yes: Yes,
    },
    /// Create a token in TeamCity and store it, without showing it
    Create {
        #[command(flatten)]
        server: ServerOption,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        variable: VariableOption,
        #[command(flatten)]
        login: Login,
        /// The token's name in TeamCity [default: made from workspace, repository and environment]
        #[arg(long)]
        name: Option<String>,
        /// How long it is valid, such as 90days [default: it never expires]
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
        /// Limit it to this project, and to the permissions that the pipe needs
        #[arg(long, value_name = "ID")]
        project: Option<String>,
        #[command(flatten)]
        yes: Yes,
    },
    /// Create a new token, store it, verify it, and then delete the old one
    Rotate {
        #[command(flatten)]
        server: ServerOption,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        variable: VariableOption,
        #[command(flatten)]
        login: Login,
        /// How long the new one is valid, such as 90days [default: as long as the old one]
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
        #[command(flatten)]
        yes: Yes,
    },
    /// Show the stored tokens: server, user, dates, expiry
    List {
        #[command(flatten)]
        place: Place,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a token from Bitbucket
    ///
    /// It stays valid in TeamCity, unless --revoke deletes it there too.
    Remove {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        variable: VariableOption,
        /// Delete it in TeamCity too
        #[arg(long)]
        revoke: bool,
        #[command(flatten)]
        yes: Yes,
    },
}

#[derive(Args)]
struct ServerOption {
    /// The TeamCity server's address [default: the variable TEAMCITY_URL]
    // Text for clap, whose error would show it: it may hold a password by mistake.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl ServerOption {
    fn url(self) -> Result<Option<Url>, CliError> {
        self.server
            .map(|text| {
                parse_base_url(&text)
                    .map_err(|(what, how)| CliError::new(format!("--server {what}\n  → {how}")))
            })
            .transpose()
    }
}

/// Options whose order matters: read from the matches, see [`parts`].
#[derive(Args)]
struct Place {
    /// Use the variables of this workspace
    #[arg(long, value_name = "W")]
    workspace: Vec<String>,
    /// Use the variables of this repository
    #[arg(long, value_name = "W/R")]
    repository: Vec<String>,
    /// Use the variables of this deployment environment of the repository before it
    #[arg(long, value_name = "E")]
    environment: Vec<String>,
}

#[derive(Args)]
struct VariableOption {
    /// The variable's name
    #[arg(long, value_name = "NAME", default_value = "TEAMCITY_TOKEN", value_parser = variable_name)]
    variable: String,
}

#[derive(Args)]
struct Login {
    /// Log in as this user, with a password that is read like a token [default: log in with a token]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

#[derive(Args)]
struct Yes {
    /// Replace or delete without asking
    #[arg(long, short)]
    yes: bool,
}

fn variable_name(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(text.to_owned())
    } else {
        Err("a name consists of letters, digits and _, and does not begin with a digit".to_owned())
    }
}

/// Why there is no command.
pub(super) enum Failure {
    Clap(clap::Error),
    Ours(CliError),
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        Self::Ours(error)
    }
}

/// Reads the arguments. Nothing: no command was named.
pub(super) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Option<Command>, Failure> {
    let matches = Arguments::command().try_get_matches_from(args)?;
    let arguments = Arguments::from_arg_matches(&matches)?;
    let mut innermost = &matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    Ok(match arguments.command {
        None => None,
        Some(Sub::Run) => Some(Command::Run),
        Some(Sub::Check { json }) => Some(Command::Check { json }),
        Some(Sub::Cancel) => Some(Command::Cancel),
        Some(Sub::Sweep) => Some(Command::Sweep),
        Some(Sub::Token(command)) => Some(Command::Token(token(command, innermost)?)),
    })
}

fn token(command: TokenSub, matches: &clap::ArgMatches) -> Result<TokenCommand, CliError> {
    let scopes = |place: Place| scope::put_together(parts(place, matches));
    let one = |place: Place| -> Result<Scope, CliError> { scope::only(scopes(place)?) };
    Ok(match command {
        TokenSub::Add {
            server,
            place,
            variable,
            yes,
        } => TokenCommand::Add {
            server: server.url()?,
            scope: one(place)?,
            variable: variable.variable,
            yes: yes.yes,
        },
        TokenSub::Create {
            server,
            place,
            variable,
            login,
            name,
            expires_in,
            project,
            yes,
        } => TokenCommand::Create(Create {
            server: server.url()?,
            scope: one(place)?,
            variable: variable.variable,
            user: login.user,
            name,
            expires_in,
            project,
            yes: yes.yes,
        }),
        TokenSub::Rotate {
            server,
            place,
            variable,
            login,
            expires_in,
            yes,
        } => TokenCommand::Rotate(Rotate {
            server: server.url()?,
            scope: one(place)?,
            variable: variable.variable,
            user: login.user,
            expires_in,
            yes: yes.yes,
        }),
        TokenSub::List { place, json } => TokenCommand::List {
            scopes: scopes(place)?,
            json,
        },
        TokenSub::Remove {
            place,
            variable,
            revoke,
            yes,
        } => TokenCommand::Remove {
            scope: one(place)?,
            variable: variable.variable,
            revoke,
            yes: yes.yes,
        },
    })
}

/// The options that name places, in the order in which they were written.
fn parts(place: Place, matches: &clap::ArgMatches) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut take = |id: &str, values: Vec<String>, part: fn(String) -> Part| {
        let places = matches.indices_of(id).into_iter().flatten();
        parts.extend(places.zip(values.into_iter().map(part)));
    };
    take("workspace", place.workspace, Part::Workspace);
    take("repository", place.repository, Part::Repository);
    take("environment", place.environment, Part::Environment);
    parts.sort_by_key(|(at, _)| *at);
    parts.into_iter().map(|(_, part)| part).collect()
}
