//! What the program is asked to do.

use crate::config::CommandKind;
use crate::token::TokenCommand;

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
    /// Clean up what this pipeline left behind.
    Cancel,
    /// Clean up what stopped steps left behind in the repository.
    Sweep,
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
            Self::Sweep => Some(CommandKind::Sweep),
            Self::Token(_) | Self::Help(_) | Self::Version(_) => None,
        }
    }
}
