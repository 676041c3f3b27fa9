//! What to tell Bitbucket.

use std::path::PathBuf;

/// What to show, and where.
#[derive(Debug, Clone)]
pub struct PublishSettings {
    /// The commit; a short hash will do.
    pub commit: String,
    /// The branch of the pipeline, if it has one.
    pub branch: Option<String>,
    /// TeamCity, as the user reaches it.
    pub server_url: String,
    /// Tells this run from others of the same configurations on the commit.
    pub label: Option<String>,
    /// Show a report.
    pub code_insights: bool,
    /// Show build statuses.
    pub build_status: bool,
    /// The builds are followed to their ends.
    pub waits: bool,
    /// They were queued before (`BUILD_ID`), so that they may have rows already.
    pub picks_up: bool,
    /// The clone, in which the files of annotations are looked for.
    pub clone_dir: Option<PathBuf>,
    /// The pull request's number, if the pipeline is of one.
    pub pull_request: Option<String>,
}
