//! The build configurations of a run: whether each is there, and whether the token's user may run it.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};

use super::cure;
use crate::outcome::{Event, Events};
use crate::teamcity::model::BuildType;
use crate::teamcity::{Client, ErrorKind};
use crate::types::{BuildTypeId, Diagnostic};

/// Build configurations that are looked at at once.
pub const AT_ONCE: usize = 8;

/// Reads the build configurations, and says everything that is wrong with them at once.
///
/// # Errors
/// When one can't be run, or the server stays away.
pub async fn build_types(
    client: &Client,
    events: &dyn Events,
    ids: &[BuildTypeId],
) -> Result<Vec<BuildType>, Diagnostic> {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    let all = ids
        .iter()
        .map(|id| async move { (id, client.build_type(id).await) });
    let answers: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
    for (id, answer) in answers {
        match answer {
            Ok(build_type) if build_type.template_flag => {
                wrong.push(format!("{id} is a template, which can't be run"))
            }
            Ok(build_type) => {
                if build_type.paused {
                    events.event(&Event::Warning(format!("{id} is paused in TeamCity, which keeps its triggers quiet; this step runs it all the same.")));
                }
                found.push(build_type);
            }
            Err(error)
                if matches!(error.kind, ErrorKind::NotFound(_) | ErrorKind::Forbidden(_)) =>
            {
                wrong.push(format!(
                    "there is no build configuration {id}, or the token's user may not view it"
                ));
            }
            Err(error) => {
                return Err(cure::teamcity(
                    "reading the build configuration",
                    &error,
                    client.base(),
                ));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Diagnostic::refused(
            format!("BUILD_TYPE_ID: {}", wrong.join("; ")),
            "The id stands in the address of a configuration's page (…/buildConfiguration/<id>). If it is right, give the token's user the role \
             to view and run builds in that project, or add the project to the token's scope.",
        ));
    }
    warn_of_permissions(client, events, &found).await;
    Ok(found)
}

/// A friendly word before the refusal: what the server says of permissions is not always the whole truth.
async fn warn_of_permissions(client: &Client, events: &dyn Events, build_types: &[BuildType]) {
    let projects: HashSet<&str> = build_types
        .iter()
        .filter_map(|build_type| build_type.project_id.as_deref())
        .collect();
    for project in projects {
        let Ok(held) = client.permissions(project).await else {
            continue;
        };
        if !held.permission_assignment.is_empty() && !held.has("run_build") {
            events.event(&Event::Warning(format!(
                "The token's user seems to lack the permission \"Run build\" in the project {project}."
            )));
        }
    }
}
