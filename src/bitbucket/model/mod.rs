//! What is sent to Bitbucket and what comes back.

mod insights;
mod status;
mod variable;

use serde::Deserialize;

pub use insights::{
    Annotation, AnnotationType, Data, DataValue, Outcome, Report, ReportResult, ReportType,
    Severity,
};
pub use status::{BuildStatus, State};
pub use variable::{Environment, NewVariable, Variable};

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    /// The entries.
    #[serde(default = "Vec::new")]
    pub values: Vec<T>,
    /// The next page's address; absent on the last.
    pub next: Option<String>,
}

/// A commit.
#[derive(Debug, Clone, Deserialize)]
pub struct Commit {
    /// All forty digits.
    pub hash: String,
}
