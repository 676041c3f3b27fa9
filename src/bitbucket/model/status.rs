//! Build statuses of a commit.

use serde::{Deserialize, Serialize};

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

/// A build status as the list of a commit gives it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Its key. With the branch it says which row this is.
    #[serde(default)]
    pub key: String,
    /// How it stands, as Bitbucket says it.
    #[serde(default)]
    pub state: String,
    /// What is built.
    pub name: Option<String>,
    /// Where it leads.
    pub url: Option<String>,
    /// The branch.
    pub refname: Option<String>,
}

impl Row {
    /// Whether it waits for its end.
    pub fn is_open(&self) -> bool {
        self.state == "INPROGRESS"
    }

    /// Whether it tells a result, rather than that somebody stopped to look.
    pub fn is_result(&self) -> bool {
        matches!(self.state.as_str(), "SUCCESSFUL" | "FAILED")
    }

    /// The same row, as it is to stand. Key and branch stay, since others would be another row.
    pub fn with(&self, state: State, description: String, url: String) -> BuildStatus {
        BuildStatus {
            key: self.key.clone(),
            state,
            name: self.name.clone().unwrap_or_else(|| self.key.clone()),
            description,
            url,
            refname: self.refname.clone(),
        }
    }
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
