//! `cancel`: what this pipeline queued and is still queued or running, found by its tag.
//!
//! For a step that cleans up: a stopped step may have been killed without a warning.

use crate::exit::ExitStatus;
use crate::identity::{Marker, living};
use crate::outcome::{Event, Events};
use crate::preflight::cure;
use crate::teamcity::Client;
use crate::teamcity::model::Build;

/// Cancels all that lives; never what others queued, nor a build that took in another's request.
pub async fn cancel(
    client: &Client,
    events: &dyn Events,
    marker: &Marker,
    why: &str,
) -> ExitStatus {
    let found = match living(client, marker.pipeline_tag()).await {
        Ok(found) => found,
        Err(error) => {
            let error = cure::teamcity("looking for this pipeline's builds", &error, client.base());
            events.event(&Event::Failed(error.to_string()));
            return error.status;
        }
    };
    if found.is_empty() {
        events.event(&Event::Note(
            "This pipeline has no queued or running build in TeamCity.".to_owned(),
        ));
    }
    let mut status = ExitStatus::Success;
    for build in &found {
        let Some(id) = build.id else { continue };
        let what = described(build);
        if build.has_absorbed() {
            events.event(&Event::Note(format!(
                "{what} is left alone: TeamCity merged another request with it."
            )));
            continue;
        }
        let result = client.cancel(id, &format!("teamcity-pipe: {why}")).await;
        if let Err(error) = &result {
            status = status.worst(if error.kind.is_refusal() {
                ExitStatus::Refused
            } else {
                ExitStatus::Unreachable
            });
        }
        events.event(&Event::Cancel {
            what,
            result: result.map_err(|error| error.to_string()),
        });
    }
    status
}

fn described(build: &Build) -> String {
    let build_type = build.build_type_id.as_deref().unwrap_or("a build");
    let id = build.id.map_or_else(String::new, |id| format!(" {id}"));
    match &build.web_url {
        Some(url) => format!("{build_type}{id} ({url})"),
        None => format!("{build_type}{id}"),
    }
}
