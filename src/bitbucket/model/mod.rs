//! What is sent to Bitbucket and what comes back.

mod commit;
mod insights;
mod pipeline;
mod status;
mod variable;

use serde::Deserialize;

pub use commit::Commit;
pub use insights::{
    Annotation, AnnotationType, Data, DataValue, Outcome, Report, ReportResult, ReportType,
    Severity,
};
pub use pipeline::{Pipeline, PipelineState, Target};
pub use status::{BuildStatus, Row, State};
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
