//! Pipelines of a repository, as far as one asks whether they have ended.

use serde::Deserialize;

use super::commit::Commit;

/// A pipeline.
#[derive(Debug, Clone, Deserialize)]
pub struct Pipeline {
    /// Its number.
    #[serde(default)]
    pub build_number: u64,
    /// Where it is.
    pub state: Option<PipelineState>,
    /// What it runs on.
    pub target: Option<Target>,
}

/// Where a pipeline is.
#[derive(Debug, Clone, Deserialize)]
pub struct PipelineState {
    /// `COMPLETED`, or one of those that live: `PENDING`, `IN_PROGRESS`, `PAUSED`, `HALTED`.
    #[serde(default)]
    pub name: String,
}

/// What a pipeline runs on.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// Its commit.
    pub commit: Option<Commit>,
}

impl Pipeline {
    /// Whether it has surely ended. A state that nobody knows is no end.
    pub fn has_ended(&self) -> bool {
        self.state
            .as_ref()
            .is_some_and(|state| state.name == "COMPLETED")
    }

    /// The hash of its commit.
    pub fn commit(&self) -> Option<&str> {
        let commit = self.target.as_ref()?.commit.as_ref()?;
        Some(&commit.hash)
    }
}
