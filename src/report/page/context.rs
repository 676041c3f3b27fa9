//! What the page says beside the outcome.

use crate::outcome::Moment;
use crate::report::json::Pipeline;

/// What the page says beside the outcome.
#[derive(Debug, Clone, Default)]
pub struct PageContext {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The pipeline's page.
    pub pipeline_url: Option<String>,
    /// `workspace/repository`.
    pub repository: Option<String>,
    /// When the page is written.
    pub written_at: Option<Moment>,
}
