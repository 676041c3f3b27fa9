//! Problems of a build.

use super::client::Client;
use super::error::Error;
use super::fields;
use super::locator::Locator;
use super::model::ProblemOccurrences;
use super::request::Need;
use crate::types::BuildId;

impl Client {
    /// The problems of a build.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn problems(&self, id: BuildId) -> Result<ProblemOccurrences, Error> {
        let locator = Locator::new()
            .nested("build", &Locator::new().with("id", id))
            .with("count", 100);
        let query = [("locator", locator.as_str()), ("fields", fields::PROBLEMS)];
        self.requests
            .get(self.rest(&["problemOccurrences"], &query), Need::May)
            .await
    }
}
