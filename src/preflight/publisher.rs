//! TeamCity's own Commit Status Publisher: where it tells Bitbucket Cloud of a configuration's builds, a second row would
//! say the same.

use std::time::Duration;

use tokio::time::timeout;

use crate::teamcity::Client;
use crate::teamcity::model::{Configured, Feature};
use crate::types::{BuildTypeId, RepositoryAddress};

/// The build feature's type (TeamCity's documentation: Commit Status Publisher).
const FEATURE: &str = "commit-status-publisher";
/// Its kind for Bitbucket Cloud.
const BITBUCKET_CLOUD: &str = "bitbucketCloudPublisher";
/// How long the question is worth.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether TeamCity itself sets the build status in this repository. What can't be read is no.
pub async fn reports_itself(
    client: &Client,
    id: &BuildTypeId,
    repository: Option<&RepositoryAddress>,
) -> bool {
    match timeout(PATIENCE, client.features(id)).await {
        Ok(Ok(configured)) => is_reported(&configured, repository),
        _ => false,
    }
}

fn is_reported(configured: &Configured, repository: Option<&RepositoryAddress>) -> bool {
    let features = configured.features.iter().flat_map(|all| &all.feature);
    features
        .filter(|feature| !feature.disabled && feature.kind.as_deref() == Some(FEATURE))
        .filter(|feature| feature.property("publisherId") == Some(BITBUCKET_CLOUD))
        .any(|feature| covers(feature, configured, repository))
}

/// A publisher is for one root, or for all. One of another repository says nothing here.
fn covers(
    feature: &Feature,
    configured: &Configured,
    repository: Option<&RepositoryAddress>,
) -> bool {
    let Some(root) = feature.property("vcsRootId").filter(|id| !id.is_empty()) else {
        return true;
    };
    let entries = configured.vcs_root_entries.iter();
    let mut roots = entries
        .flat_map(|all| &all.vcs_root_entry)
        .filter_map(|entry| entry.vcs_root.as_ref());
    roots.any(|known| {
        let url = known.property("url").and_then(RepositoryAddress::parse);
        known.id.as_deref() == Some(root) && url.is_some() && url.as_ref() == repository
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(kind: &str, publisher: &str, root: &str, disabled: bool) -> bool {
        let property =
            |name: &str, value: &str| serde_json::json!({ "name": name, "value": value });
        let configured = serde_json::json!({
            "features": { "feature": [{ "type": kind, "disabled": disabled, "properties": { "property": [
                property("publisherId", publisher), property("vcsRootId", root),
            ] } }] },
            "vcs-root-entries": { "vcs-root-entry": [
                { "vcs-root": { "id": "App_Git", "properties": { "property": [property("url", "git@bitbucket.org:acme/app.git")] } } },
                { "vcs-root": { "id": "Lib_Git", "properties": { "property": [property("url", "%url%")] } } },
            ] },
        });
        let configured: Configured = serde_json::from_value(configured).unwrap();
        let repository = RepositoryAddress::on_bitbucket("acme/app");
        is_reported(&configured, Some(&repository))
    }

    #[test]
    fn only_a_publisher_to_bitbucket_cloud_for_this_repository_counts() {
        assert!(reported(FEATURE, BITBUCKET_CLOUD, "", false));
        assert!(reported(FEATURE, BITBUCKET_CLOUD, "App_Git", false));
        assert!(!reported(FEATURE, BITBUCKET_CLOUD, "Lib_Git", false));
        assert!(!reported(FEATURE, BITBUCKET_CLOUD, "Gone", false));
        assert!(!reported(FEATURE, BITBUCKET_CLOUD, "", true));
        assert!(!reported(FEATURE, "githubStatusPublisher", "", false));
        assert!(!reported("perfmon", BITBUCKET_CLOUD, "", false));
        assert!(!is_reported(&Configured::default(), None));
    }
}
