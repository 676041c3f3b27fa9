//! Finding builds again by their tags.

use crate::teamcity::model::Build;
use crate::teamcity::{Client, Error, Locator};
use crate::types::BuildTypeId;

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

/// Queued and running builds that carry a tag of a pipeline.
///
/// # Errors
/// When TeamCity refuses or stays away.
pub async fn living(client: &Client, tag: &str) -> Result<Vec<Build>, Error> {
    let states = Locator::new().with("queued", true).with("running", true);
    let locator = Locator::new()
        .with("tag", tag)
        .nested("state", &states)
        .with("defaultFilter", false)
        .with("count", 100);
    let found = client.find_builds(&locator).await?;
    Ok(only_tagged(found, tag))
}
