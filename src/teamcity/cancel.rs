//! Canceling builds.

use http::Method;
use serde_json::json;

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::locator::Locator;
use super::request::Need;
use crate::types::BuildId;

impl Client {
    /// Cancels a queued or running build; does nothing to one that is over.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn cancel(&self, id: BuildId, comment: &str) -> Result<(), Error> {
        self.cancel_with(id, comment, Need::May).await.map(drop)
    }

    /// The same, asked once; `false`: it was over before.
    ///
    /// # Errors
    /// When this one try fails.
    pub async fn cancel_now(&self, id: BuildId, comment: &str) -> Result<bool, Error> {
        self.cancel_with(id, comment, Need::Now).await
    }

    async fn cancel_with(&self, id: BuildId, comment: &str, need: Need) -> Result<bool, Error> {
        let locator = Locator::new().with("id", id);
        let body = json!({ "comment": comment, "readdIntoQueue": false });
        let url = self.rest(&["builds", locator.as_str()], &[]);
        match self
            .requests
            .send(
                Method::POST,
                url,
                "application/json, application/xml;q=0.9, */*;q=0.5",
                Some(&body),
                need,
            )
            .await
        {
            Ok(_) => Ok(true),
            // "Cannot cancel finished build": it was over before we came.
            Err(Error {
                kind:
                    ErrorKind::Rejected {
                        status: 400,
                        message,
                    },
                ..
            }) if message.contains("Cannot cancel") => Ok(false),
            Err(error) => Err(error),
        }
    }
}
