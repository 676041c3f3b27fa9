//! Commits.

use serde::Deserialize;

/// A commit.
#[derive(Debug, Clone, Deserialize)]
pub struct Commit {
    /// All forty digits.
    #[serde(default)]
    pub hash: String,
}
