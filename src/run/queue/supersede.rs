//! `SUPERSEDE`: cancels this pipe's builds of older commits of the same branch.

use crate::outcome::Event;
use crate::run::context::Context;
use crate::run::ledger::Entry;
use crate::teamcity::Locator;
use crate::teamcity::model::{Build, Tag};

/// Cancels them: only what an earlier pipeline of this repository queued for the same configuration and branch, and
/// nothing that took in another's request.
pub async fn supersede(context: &Context<'_>, entry: &Entry) {
    let states = Locator::new().with("queued", true).with("running", true);
    let branch = Locator::new().with("default", "any");
    let locator = Locator::new()
        .nested("buildType", &Locator::new().with("id", &entry.build_type))
        .nested("branch", &branch)
        .nested("state", &states)
        .with("defaultFilter", false)
        .with("count", 100);
    let found = match context.client.find_builds(&locator).await {
        Ok(found) => found,
        Err(error) => {
            context.events.event(&Event::Warning(format!(
                "Builds of older commits can't be looked for (SUPERSEDE): {error}"
            )));
            return;
        }
    };
    for build in found.iter().filter(|build| is_older(context, entry, build)) {
        let Some(id) = build.id else { continue };
        let result = context
            .client
            .cancel(
                id,
                "teamcity-pipe: superseded by a newer commit of the branch",
            )
            .await;
        context.events.event(&Event::Cancel {
            what: format!("the older build {id}"),
            result: result.map_err(|error| error.to_string()),
        });
    }
}

fn is_older(context: &Context<'_>, entry: &Entry, build: &Build) -> bool {
    let tags: Vec<&Tag> = build.tags.iter().flat_map(|tags| &tags.tag).collect();
    let pipeline = tags
        .iter()
        .find_map(|tag| context.marker.pipeline_of(&tag.name));
    let ours = context.marker.pipeline_of(context.marker.pipeline_tag());
    let older = pipeline
        .zip(ours)
        .is_some_and(|(theirs, ours)| theirs < ours);
    let revisions = build
        .revisions
        .iter()
        .flat_map(|revisions| &revisions.revision);
    let same_commit = entry.outcome.revision.is_some()
        && revisions
            .into_iter()
            .any(|revision| revision.version == entry.outcome.revision);
    let same_branch = match &build.branch_name {
        _ if entry.on_default_branch || build.default_branch => {
            entry.on_default_branch && (build.default_branch || build.branch_name.is_none())
        }
        name => *name == entry.outcome.branch,
    };
    older && same_branch && !same_commit && build.id != entry.id && !build.has_absorbed()
}
