//! `teamcity-report.html`: the run for people who do not open TeamCity.
//!
//! One file that needs no network and no script. Every text goes through the template's escaping; addresses are links
//! only where a browser may be sent there; a policy in the page forbids scripts on top of that.

mod comparison;
mod context;
mod failures;
mod mood;
mod timeline;
mod view;

use askama::Template;

pub use context::PageContext;

use crate::outcome::RunOutcome;

/// The default name of the file.
pub const FILE: &str = "teamcity-report.html";

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    run: view::Run,
    builds: Vec<view::Build>,
}

/// Whether the pipe wrote this page: its last lines say so.
pub fn wrote(text: &str) -> bool {
    text.contains("<p>Written by teamcity-pipe ")
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
