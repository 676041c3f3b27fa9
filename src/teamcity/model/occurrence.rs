//! Tests and problems of a build.

use serde::Deserialize;

use super::lenient;
/// A page of tests.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestOccurrences {
    /// The tests.
    #[serde(deserialize_with = "lenient::list")]
    pub test_occurrence: Vec<TestOccurrence>,
    /// The next page.
    #[serde(deserialize_with = "lenient::text")]
    pub next_href: Option<String>,
}

/// A test in a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestOccurrence {
    /// `id:…,build:(id:…)`.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Full name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// `SUCCESS`, `FAILURE`, `ERROR`, `UNKNOWN`.
    #[serde(deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// In milliseconds.
    #[serde(deserialize_with = "lenient::amount")]
    pub duration: Option<u64>,
    /// Stack trace and output.
    #[serde(deserialize_with = "lenient::text")]
    pub details: Option<String>,
    /// Failed for the first time.
    #[serde(deserialize_with = "lenient::flag")]
    pub new_failure: bool,
    /// Failed, but muted.
    #[serde(deserialize_with = "lenient::flag")]
    pub muted: bool,
    /// Not run.
    #[serde(deserialize_with = "lenient::flag")]
    pub ignored: bool,
    /// Why it was not run.
    #[serde(deserialize_with = "lenient::text")]
    pub ignore_details: Option<String>,
}

/// A page of problems.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemOccurrences {
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

/// How many problems a build has.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct ProblemCount {
    /// All.
    #[serde(deserialize_with = "lenient::count")]
    pub count: u64,
}

/// Numbers of a build's tests.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// All.
    #[serde(deserialize_with = "lenient::count")]
    pub count: u64,
    /// Passed.
    #[serde(deserialize_with = "lenient::count")]
    pub passed: u64,
    /// Failed, not muted.
    #[serde(deserialize_with = "lenient::count")]
    pub failed: u64,
    /// Ignored.
    #[serde(deserialize_with = "lenient::count")]
    pub ignored: u64,
    /// Failed and muted.
    #[serde(deserialize_with = "lenient::count")]
    pub muted: u64,
    /// Failed for the first time.
    #[serde(deserialize_with = "lenient::count")]
    pub new_failed: u64,
}
