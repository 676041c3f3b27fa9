//! Build statuses of a commit.

use serde::Serialize;

/// A build status. One with the same key replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildStatus {
    /// At most 40 characters.
    pub key: String,
    /// How it stands.
    pub state: State,
    /// What is built.
    pub name: String,
    /// In words.
    pub description: String,
    /// Where to read more.
    pub url: String,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refname: Option<String>,
}

/// How a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Queued or running.
    InProgress,
    /// Good.
    Successful,
    /// Bad.
    Failed,
    /// Canceled.
    Stopped,
}
