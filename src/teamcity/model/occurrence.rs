//! Tests and problems of a build.

use serde::Deserialize;

use super::numbers;

/// A test in a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestOccurrence {
    /// `id:…,build:(id:…)`.
    pub id: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// `SUCCESS`, `FAILURE`, `ERROR`, `UNKNOWN`.
    pub status: Option<String>,
    /// In milliseconds.
    #[serde(deserialize_with = "numbers::amount")]
    pub duration: Option<u64>,
    /// Stack trace and output.
    pub details: Option<String>,
    /// Failed for the first time.
    pub new_failure: bool,
    /// Failed, but muted.
    pub muted: bool,
    /// Not run.
    pub ignored: bool,
    /// Why it was not run.
    pub ignore_details: Option<String>,
}

/// A page of problems.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemOccurrences {
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
