//! Build features of a configuration.

use super::client::Client;
use super::error::Error;
use super::fields;
use super::locator::Locator;
use super::model::Configured;
use super::request::Need;
use crate::types::BuildTypeId;

impl Client {
    /// The build features of a configuration, and the roots that they may name.
    ///
    /// # Errors
    /// When the server refuses or stays away.
    pub async fn features(&self, id: &BuildTypeId) -> Result<Configured, Error> {
        let of = Locator::new().with("id", id);
        let url = self.rest(
            &["buildTypes", of.as_str()],
            &[("fields", fields::FEATURES)],
        );
        self.requests.get(url, Need::May).await
    }
}
