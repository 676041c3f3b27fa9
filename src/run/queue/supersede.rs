//! `SUPERSEDE`: cancels this pipe's builds of older commits of the same branch.

use crate::config::{BranchChoice, What};
use crate::outcome::{Event, News, Superseded};
use crate::run::context::Context;
use crate::run::ledger::Entry;
use crate::teamcity::Locator;
use crate::teamcity::model::Build;

/// Cancels them, if that is asked for: only what an earlier pipeline of this repository queued for the same configuration and branch,
/// for another commit, and nothing that took in another's request. Bitbucket is told, since the older commits' rows are open.
pub async fn supersede(context: &Context<'_>) {
    let What::Queue(settings) = &context.settings.what else {
        return;
    };
    let on_a_branch = !matches!(
        settings.branch,
        BranchChoice::Tag(_) | BranchChoice::Unknown
    );
    if !settings.supersede || !on_a_branch {
        return;
    }
    let begun = context.ledger.entries();
    for entry in begun.iter().filter(|entry| entry.id.is_some()) {
        supersede_for(context, entry).await;
    }
}

async fn supersede_for(context: &Context<'_>, entry: &Entry) {
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
                "The search for builds of older commits failed (SUPERSEDE): {error}"
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
        let canceled = result.is_ok();
        context.events.event(&Event::Cancel {
            what: format!("the older build {id}"),
            result: result.map_err(|error| error.to_string()),
        });
        if canceled {
            (context.tell)(News::Superseded(superseded(context, build))).await;
        }
    }
}

/// Where the row of a build is: on the commit of its pipeline, which its tags tell, else its revisions.
fn superseded(context: &Context<'_>, build: &Build) -> Superseded {
    let origin = context.marker.origin(build.tag_names());
    let commits = match origin.and_then(|origin| origin.commit) {
        Some(commit) => vec![commit],
        None => revisions(build).map(ToOwned::to_owned).collect(),
    };
    Superseded {
        id: build.id.unwrap_or(crate::types::BuildId(0)),
        url: build.web_url.clone(),
        commits,
    }
}

fn revisions(build: &Build) -> impl Iterator<Item = &str> {
    let revisions = build
        .revisions
        .iter()
        .flat_map(|revisions| &revisions.revision);
    revisions.filter_map(|revision| revision.version.as_deref())
}

fn is_older(context: &Context<'_>, entry: &Entry, build: &Build) -> bool {
    let Some(origin) = context.marker.origin(build.tag_names()) else {
        return false;
    };
    let older = context
        .marker
        .pipeline()
        .is_some_and(|ours| origin.pipeline < ours);
    let same_branch = match &build.branch_name {
        _ if entry.on_default_branch || build.default_branch => {
            entry.on_default_branch && (build.default_branch || build.branch_name.is_none())
        }
        name => *name == entry.outcome.branch,
    };
    older
        && same_branch
        && is_of_another_commit(context, entry, build, origin.commit.as_deref())
        && build.id != entry.id
        && !build.has_absorbed()
}

/// Whether it is known to be. A queued build may have no revision yet; then its pipeline's commit tells.
fn is_of_another_commit(
    context: &Context<'_>,
    entry: &Entry,
    build: &Build,
    theirs: Option<&str>,
) -> bool {
    let ours = context.settings.pipeline.commit.as_deref();
    let same_pipeline_commit = theirs
        .zip(ours)
        .is_some_and(|(theirs, ours)| ours.to_ascii_lowercase().starts_with(theirs));
    let same_revision = entry
        .outcome
        .revision
        .as_deref()
        .is_some_and(|ours| revisions(build).any(|theirs| theirs == ours));
    let known = theirs.is_some() || revisions(build).next().is_some();
    known && !same_pipeline_commit && !same_revision
}
