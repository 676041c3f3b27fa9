//! Problems of a build.

use serde::Deserialize;

use super::numbers;

/// A page of problems.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemOccurrences {
    /// How many; said where a build's are not listed.
    #[serde(deserialize_with = "numbers::count")]
    pub count: u64,
    /// The problems.
    pub problem_occurrence: Vec<ProblemOccurrence>,
}

/// A problem of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemOccurrence {
    /// An open set (`TC_EXIT_CODE`).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What distinguishes it from others of its type.
    pub identity: Option<String>,
    /// In words.
    pub details: Option<String>,
    /// For a failed dependency: that build's id.
    pub additional_data: Option<String>,
    /// Muted: it fails no build.
    pub muted: bool,
}

impl ProblemOccurrence {
    /// What it says.
    pub fn text(&self) -> &str {
        let details = self
            .details
            .as_deref()
            .filter(|text| !text.trim().is_empty());
        details
            .or(self.identity.as_deref())
            .unwrap_or("a problem without a description")
    }
}
