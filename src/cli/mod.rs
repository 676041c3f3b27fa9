//! Arguments and subcommands. Says what to do; does nothing itself.

mod arguments;
mod command;
mod error;
mod help;
mod scope;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::types::text::one_line;
pub use command::Command;
pub use error::CliError;

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
        "sweep" => Ok(Command::Sweep),
        _ => Err(CliError::new(format!(
            "COMMAND has the invalid value '{}'\n  → Write one of 'run', 'check', 'cancel', 'sweep'.",
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
                _ => "unknown argument (not shown, because it might be a token)".to_owned(),
            };
            Err(CliError::new(format!(
                "{named}\n  → A token cannot be an argument. Pass it on standard input, or type it when asked. {MORE}"
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
