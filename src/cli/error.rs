//! Why arguments can't be used.

use crate::exit::ExitStatus;

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

    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
