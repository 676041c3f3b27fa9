//! Numbers of tests.

use serde::Deserialize;

use super::lenient;

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
