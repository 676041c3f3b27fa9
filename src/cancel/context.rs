//! What settling works with, and how it cancels.

use crate::config::Pipeline;
use crate::identity::Marker;
use crate::outcome::{Event, Events};
use crate::results::{Board, Earlier};
use crate::teamcity::model::Build;
use crate::teamcity::{Client, Error};
use crate::types::BuildId;

/// What settling works with.
pub struct Context<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Who hears of what happens.
    pub events: &'a dyn Events,
    /// Knows the repository's builds.
    pub marker: &'a Marker,
    /// The pipeline that runs this.
    pub pipeline: &'a Pipeline,
    /// Bitbucket, if the repository is known.
    pub board: Option<Board>,
    /// What steps of this pipeline left in files.
    pub earlier: &'a Earlier,
}

/// Cancels a build, and tells of it.
pub(super) async fn cancel_build(
    context: &Context<'_>,
    build: &Build,
    id: BuildId,
    why: &str,
) -> Result<(), Error> {
    let result = context
        .client
        .cancel(id, &format!("teamcity-pipe: {why}"))
        .await;
    context.events.event(&Event::Cancel {
        what: described(build),
        result: result.as_ref().copied().map_err(ToString::to_string),
    });
    result
}

/// What people would call a build.
pub(super) fn described(build: &Build) -> String {
    let build_type = build.build_type_id.as_deref().unwrap_or("a build");
    let id = build.id.map_or_else(String::new, |id| format!(" {id}"));
    match &build.web_url {
        Some(url) => format!("{build_type}{id} ({url})"),
        None => format!("{build_type}{id}"),
    }
}
