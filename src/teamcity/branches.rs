//! The branches that a configuration knows. There may be hundreds of thousands, of which hardly one is of interest.

use super::client::Client;
use super::error::Error;
use super::fields;
use super::locator::Locator;
use super::model::{Branch, Branches};
use super::request::Need;
use crate::types::BuildTypeId;

/// Most of the branches that are of interest.
const MOST: usize = 1_000;

/// Branches of a configuration.
#[derive(Debug, Clone, Default)]
pub struct SomeBranches {
    /// Those that were wanted.
    pub branches: Vec<Branch>,
    /// How many there are in all.
    pub count: usize,
}

impl Client {
    /// Those of the branches that are `wanted`, and how many there are. The others pass by: they cost no memory.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn branches(
        &self,
        id: &BuildTypeId,
        wanted: &dyn Fn(&Branch) -> bool,
    ) -> Result<SomeBranches, Error> {
        let of = Locator::new().with("id", id);
        let query = [
            ("locator", "policy:ALL_BRANCHES,default:any"),
            ("fields", fields::BRANCHES),
        ];
        let url = self.rest(&["buildTypes", of.as_str(), "branches"], &query);
        // What is asked ahead is kept whole, so that it must be small.
        let whole: Option<Result<Branches, Error>> = if self.requests.ahead {
            Some(self.requests.get(url.clone(), Need::Must).await)
        } else {
            self.requests.told(&url, Need::Must).await
        };
        if let Some(all) = whole {
            let mut branches = all?.branch;
            let count = branches.len();
            branches.retain(wanted);
            return Ok(SomeBranches { branches, count });
        }
        let take = |branch: Branch| wanted(&branch).then_some(branch);
        let list = ("branch", MOST);
        let page = Box::pin(self.requests.list(&url, Need::Must, list, &take)).await?;
        Ok(SomeBranches {
            branches: page.elements,
            count: page.count,
        })
    }
}
