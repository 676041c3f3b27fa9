//! Problems of a build.

use serde::Deserialize;

use super::lenient;

/// A page of problems.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemOccurrences {
    /// How many; said where a build's are not listed.
    #[serde(deserialize_with = "lenient::count")]
    pub count: u64,
    /// The problems.
    #[serde(deserialize_with = "lenient::list")]
    pub problem_occurrence: Vec<ProblemOccurrence>,
}

/// A problem of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemOccurrence {
    /// An open set (`TC_EXIT_CODE`).
    #[serde(deserialize_with = "lenient::text", rename = "type")]
    pub kind: Option<String>,
    /// What distinguishes it from others of its type.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// In words.
    #[serde(deserialize_with = "lenient::text")]
    pub details: Option<String>,
    /// For a failed dependency: that build's id.
    #[serde(deserialize_with = "lenient::text")]
    pub additional_data: Option<String>,
    /// Muted: it fails no build.
    #[serde(deserialize_with = "lenient::flag")]
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
