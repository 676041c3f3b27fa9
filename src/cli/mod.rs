//! Arguments and subcommands. Says what to do; does nothing itself.

mod arguments;
mod help;
mod scope;

use std::ffi::OsString;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use url::Url;

use crate::config::CommandKind;
use crate::exit::ExitStatus;
use crate::types::text::one_line;
pub use scope::Scope;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one, made once")]
pub enum Command {
    /// Queue and follow.
    Run,
    /// Check what a run needs.
    Check {
        /// As JSON.
        json: bool,
    },
    /// Cancel what this pipeline queued.
    Cancel,
    /// The life of a token.
    Token(TokenCommand),
    /// Show this help.
    Help(String),
    /// Show this version.
    Version(String),
}

impl Command {
    /// For which kind of command the settings are read; none for those that read them in their own way, or not at all.
    #[must_use]
    pub fn kind(&self) -> Option<CommandKind> {
        match self {
            Self::Run => Some(CommandKind::Run),
            Self::Check { .. } => Some(CommandKind::Check),
            Self::Cancel => Some(CommandKind::Cancel),
            Self::Token(_) | Self::Help(_) | Self::Version(_) => None,
        }
    }
}

/// What to do with a token. A token itself is never an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    /// Check a token, and store it in Bitbucket.
    Add {
        /// The TeamCity server; without it, `TEAMCITY_URL`.
        server: Option<Url>,
        /// Where to store it.
        scope: Scope,
        /// The variable to store it in.
        variable: String,
        /// Replace without asking.
        yes: bool,
    },
    /// Make a token on the server, and store it in Bitbucket.
    Create(Create),
    /// Replace a token by a new one.
    Rotate(Rotate),
    /// Show what is stored.
    List {
        /// Where to look, at least one place.
        scopes: Vec<Scope>,
        /// As JSON.
        json: bool,
    },
    /// Delete a token from Bitbucket.
    Remove {
        /// Where it is stored.
        scope: Scope,
        /// The variable that holds it.
        variable: String,
        /// Delete it in TeamCity too.
        revoke: bool,
        /// Delete without asking.
        yes: bool,
    },
}

/// How to make a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The TeamCity server; without it, `TEAMCITY_URL`.
    pub server: Option<Url>,
    /// Where to store it.
    pub scope: Scope,
    /// The variable to store it in.
    pub variable: String,
    /// Log in as this user, with a password; without it, with a token.
    pub user: Option<String>,
    /// The token's name in TeamCity; without it, one made from the scope.
    pub name: Option<String>,
    /// How long the token is valid; without it, for ever.
    pub expires_in: Option<Duration>,
    /// Limit the token to this project, and to the permissions that the pipe needs.
    pub project: Option<String>,
    /// Replace without asking.
    pub yes: bool,
}

/// How to replace a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotate {
    /// The TeamCity server; without it, the one that is noted beside the token.
    pub server: Option<Url>,
    /// Where it is stored.
    pub scope: Scope,
    /// The variable that holds it.
    pub variable: String,
    /// Log in as this user, with a password; without it, with the token itself.
    pub user: Option<String>,
    /// How long the new token is valid; without it, as long as the old one was.
    pub expires_in: Option<Duration>,
    /// Replace without asking.
    pub yes: bool,
}

/// The arguments are wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CliError(String);

impl CliError {
    /// How the program ends then.
    #[must_use]
    pub fn exit_status(&self) -> ExitStatus {
        ExitStatus::Usage
    }

    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Reads the arguments, of which the first is the program's name. Without a subcommand the variable `COMMAND` decides.
///
/// # Errors
/// When they make no sense. The text never repeats what might be a token.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    command_variable: Option<&str>,
) -> Result<Command, CliError> {
    match arguments::read(args) {
        Ok(Some(command)) => Ok(command),
        Ok(None) => from_variable(command_variable.unwrap_or_default().trim()),
        Err(arguments::Failure::Ours(error)) => Err(error),
        Err(arguments::Failure::Clap(error)) => from_clap(&error),
    }
}

fn from_variable(text: &str) -> Result<Command, CliError> {
    match text.to_ascii_lowercase().as_str() {
        // The second: a default that nobody replaced.
        "" | "$command" | "${command}" | "run" => Ok(Command::Run),
        "check" => Ok(Command::Check { json: false }),
        "cancel" => Ok(Command::Cancel),
        _ => Err(CliError::new(format!(
            "COMMAND can't be '{}'\n  → write one of 'run', 'check', 'cancel'",
            one_line(text, 40)
        ))),
    }
}

fn from_clap(error: &clap::Error) -> Result<Command, CliError> {
    const MORE: &str = "For help, try '--help'.";
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Ok(Command::Help(error.to_string()))
        }
        ErrorKind::DisplayVersion => Ok(Command::Version(error.to_string())),
        // A token that someone typed as an argument would land in the log.
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => {
            let named = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::String(name)) if name.starts_with('-') && name.len() < 24 => {
                    let name = name.split('=').next().unwrap_or_default();
                    format!("unknown option '{}'", one_line(name, 24))
                }
                _ => "an argument that is none of the commands and options (it is not shown, since it might be a token)"
                    .to_owned(),
            };
            Err(CliError::new(format!(
                "{named}\n  → a token is never an argument: it is read from standard input or asked for. {MORE}"
            )))
        }
        _ => {
            let text = error.to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            Err(CliError::new(text.trim_end()))
        }
    }
}

#[cfg(test)]
mod tests;
