//! `teamcity-report.html`: the run for people who do not open TeamCity.
//!
//! One file that needs no network and no script. Every text goes through the template's escaping; addresses are links
//! only where a browser may be sent there; a policy in the page forbids scripts on top of that.

mod failures;
mod timeline;
mod view;

use askama::Template;

use super::json::Pipeline;
use crate::run::outcome::{Moment, RunOutcome};

/// The default name of the file.
pub const FILE: &str = "teamcity-report.html";

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

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    run: view::Run,
    builds: Vec<view::Build>,
}

/// The page.
pub fn html(outcome: &RunOutcome, context: &PageContext) -> String {
    let page = Page {
        run: view::run(outcome, context),
        builds: view::builds(outcome),
    };
    // Writing to a `String` can't fail, and the template's expressions don't either.
    page.render().unwrap_or_default()
}

#[cfg(test)]
mod tests;
