//! Finding builds again by their tags.

use chrono::{DateTime, FixedOffset};

use crate::teamcity::model::{Build, Revision};
use crate::teamcity::{Client, Error, Locator};
use crate::types::BuildTypeId;

/// What is known of a build without a tag that may have been queued.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its configuration.
    pub build_type: &'a BuildTypeId,
    /// Its branch; `None` for the default one.
    pub branch: Option<&'a str>,
    /// Its commit, if one was asked for.
    pub revision: Option<&'a str>,
    /// The number of the user who queued it.
    pub user: i64,
    /// When it was asked for, by the server's clock.
    pub since: DateTime<FixedOffset>,
    /// Its comment, if it has one of ours.
    pub comment: Option<&'a str>,
}

/// The builds of which all of this is true. One is probably ours; of several nobody can tell which.
///
/// # Errors
/// When TeamCity refuses or can't be reached.
pub async fn alike(client: &Client, facts: &Facts<'_>) -> Result<Vec<Build>, Error> {
    let locator = Locator::new()
        .nested("buildType", &Locator::new().with("id", facts.build_type))
        .nested("branch", &Locator::new().with("default", "any"))
        .nested("user", &Locator::new().with("id", facts.user))
        .with("state", "any")
        .with("defaultFilter", false)
        .with("count", 100);
    let mut found = client.find_builds(&locator).await?;
    found.retain(|build| build.id.is_some() && is_alike(build, facts));
    Ok(found)
}

/// What the server did not understand of the request must not hand us another's build.
fn is_alike(build: &Build, facts: &Facts<'_>) -> bool {
    let branch = match (&build.branch_name, facts.branch) {
        (Some(name), Some(wanted)) => name == wanted,
        (name, None) => build.default_branch || name.is_none(),
        (None, Some(_)) => false,
    };
    let revisions: Vec<&Revision> = build
        .revisions
        .iter()
        .flat_map(|revisions| &revisions.revision)
        .collect();
    // Before its changes are collected it names none.
    let revision = revisions.is_empty()
        || facts.revision.is_none_or(|wanted| {
            revisions
                .iter()
                .any(|revision| revision.version.as_deref() == Some(wanted))
        });
    let user = build.triggered_by() == Some(facts.user);
    let time = build.queued_date.is_some_and(|date| date >= facts.since);
    let comment = facts
        .comment
        .is_none_or(|ours| build.comment_text() == Some(ours));
    branch && revision && user && time && comment
}

/// The builds of a configuration that carry a tag, in every state.
///
/// # Errors
/// When TeamCity refuses or can't be reached.
pub async fn tagged(
    client: &Client,
    build_type: &BuildTypeId,
    tag: &str,
) -> Result<Vec<Build>, Error> {
    let found = client.find_builds(&with_tag(build_type, tag)).await?;
    Ok(only_tagged(found, tag))
}

/// The same, asked once.
///
/// # Errors
/// When this one try fails.
pub async fn tagged_now(
    client: &Client,
    build_type: &BuildTypeId,
    tag: &str,
) -> Result<Vec<Build>, Error> {
    let found = client.find_builds_now(&with_tag(build_type, tag)).await?;
    Ok(only_tagged(found, tag))
}

fn with_tag(build_type: &BuildTypeId, tag: &str) -> Locator {
    Locator::new()
        .nested("buildType", &Locator::new().with("id", build_type))
        .with("tag", tag)
        .with("state", "any")
        .with("defaultFilter", false)
        .with("count", 10)
}

/// A server that did not understand the tag must not hand us another's build.
pub fn only_tagged(mut found: Vec<Build>, tag: &str) -> Vec<Build> {
    found.retain(|build| build.id.is_some() && build.has_tag(tag));
    found
}

/// Queued and running builds that carry a tag.
///
/// # Errors
/// When TeamCity refuses or stays away.
pub async fn living(client: &Client, tag: &str) -> Result<Vec<Build>, Error> {
    let found = client.find_builds(&alive(tag)).await?;
    Ok(only_tagged(found, tag))
}

/// The same, asked once.
///
/// # Errors
/// When this one try fails.
pub async fn living_now(client: &Client, tag: &str) -> Result<Vec<Build>, Error> {
    let found = client.find_builds_now(&alive(tag)).await?;
    Ok(only_tagged(found, tag))
}

fn alive(tag: &str) -> Locator {
    let states = Locator::new().with("queued", true).with("running", true);
    Locator::new()
        .with("tag", tag)
        .nested("state", &states)
        .with("defaultFilter", false)
        .with("count", 100)
}

/// The builds of a pipeline, in every state.
///
/// # Errors
/// When TeamCity refuses or stays away.
pub async fn of_pipeline(client: &Client, tag: &str) -> Result<Vec<Build>, Error> {
    let locator = Locator::new()
        .with("tag", tag)
        .with("state", "any")
        .with("defaultFilter", false)
        .with("count", 500);
    let found = client.find_builds(&locator).await?;
    Ok(only_tagged(found, tag))
}

/// The newest builds that carry a tag and are over.
///
/// # Errors
/// When TeamCity refuses or stays away.
pub async fn finished(client: &Client, tag: &str, most: usize) -> Result<Vec<Build>, Error> {
    let locator = Locator::new()
        .with("tag", tag)
        .with("state", "finished")
        .with("defaultFilter", false)
        .with("count", most);
    let found = client.find_builds(&locator).await?;
    Ok(only_tagged(found, tag))
}
