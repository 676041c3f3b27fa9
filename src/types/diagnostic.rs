//! What is wrong, what to do about it, and how the program ends: one type for all commands, each of which shows it in its own way.

use crate::exit::ExitStatus;

/// Something that keeps the program from doing what it was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n  {cure}")]
pub struct Diagnostic {
    /// What is wrong, in the user's words.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// How the program ends.
    pub status: ExitStatus,
}

impl Diagnostic {
    /// A variable or an argument is missing or wrong.
    pub fn usage(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(what, cure, ExitStatus::Usage)
    }

    /// A server refuses, or what the user asked of it does not exist.
    pub fn refused(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(what, cure, ExitStatus::Refused)
    }

    /// A server can't be reached, or does not answer sensibly.
    pub fn unreachable(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(what, cure, ExitStatus::Unreachable)
    }

    fn new(what: impl Into<String>, cure: impl Into<String>, status: ExitStatus) -> Self {
        Self {
            what: what.into(),
            cure: cure.into(),
            status,
        }
    }
}
