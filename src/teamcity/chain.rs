//! What a chain of build configurations takes from version control.

use super::client::Client;
use super::error::Error;
use super::locator::Locator;
use super::model::{ChainConfigurations, Changes, RootInstances};
use super::request::Need;
use crate::types::BuildTypeId;

/// Roots and rules of each configuration.
const CONFIGURATIONS: &str = "buildType(id,vcs-root-entries(vcs-root-entry(id,checkout-rules,vcs-root(id,name,properties(property(name,value))))))";
const VERSIONS: &str =
    "vcs-root-instance(id,vcs-root-id,name,lastVersion,properties(property(name,value)))";
const NEWEST: &str = "change(id,version)";

impl Client {
    /// A configuration and all that it depends on, each with its VCS roots. Those that the token may not view are left out.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn chain_configurations(
        &self,
        id: &BuildTypeId,
    ) -> Result<ChainConfigurations, Error> {
        let to = Locator::new()
            .nested("to", &Locator::new().with("id", id))
            .with("includeInitial", true);
        let locator = Locator::new().nested("snapshotDependency", &to);
        let query = [("locator", locator.as_str()), ("fields", CONFIGURATIONS)];
        self.requests
            .get(self.rest(&["buildTypes"], &query), Need::May)
            .await
    }

    /// The roots of a configuration, each with the newest revision of its default branch that the server knows.
    ///
    /// # Errors
    /// See [`Self::chain_configurations`].
    pub async fn root_versions(&self, id: &BuildTypeId) -> Result<RootInstances, Error> {
        let locator = Locator::new().nested("buildType", &Locator::new().with("id", id));
        let query = [("locator", locator.as_str()), ("fields", VERSIONS)];
        self.requests
            .get(self.rest(&["vcs-root-instances"], &query), Need::May)
            .await
    }

    /// The newest change of a root in a branch of a configuration, if the server knows one.
    ///
    /// # Errors
    /// See [`Self::chain_configurations`].
    pub async fn newest_change(
        &self,
        id: &BuildTypeId,
        root: &str,
        branch: &str,
    ) -> Result<Changes, Error> {
        let locator = Locator::new()
            .nested("buildType", &Locator::new().with("id", id))
            .nested("vcsRoot", &Locator::new().with("id", root))
            .nested("branch", &Locator::new().with("name", branch))
            .with("count", 1);
        let query = [("locator", locator.as_str()), ("fields", NEWEST)];
        self.requests
            .get(self.rest(&["changes"], &query), Need::May)
            .await
    }
}
