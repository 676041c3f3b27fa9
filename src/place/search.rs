//! Whether TeamCity knows a branch and a commit.

use super::branch::find_branch;
use super::wanted::{Place, Trouble, Wanted};
use crate::outcome::Events;
use crate::teamcity::model::{Branch, Change};
use crate::teamcity::{Client, Error};

/// A search for what is wanted, in one build configuration.
pub struct Search<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Who hears of a wait.
    pub events: &'a dyn Events,
    /// What is wanted.
    pub wanted: &'a Wanted<'a>,
    /// The default branch of the first root of this repository, as a ref.
    pub default_ref: Option<String>,
    /// The branch specifications of the roots.
    pub specifications: Vec<String>,
    /// Whether the queue request may name revisions.
    pub revisions_open: bool,
}

impl Search<'_> {
    pub async fn branch_is_known(
        &self,
        names: &[String],
        place: &mut Place,
    ) -> Result<bool, Trouble> {
        let branches = self.client.branches(self.wanted.build_type).await;
        let branches = branches.map_err(|error| self.failed("reading the branches", error))?;
        // With hidden roots and no branch specification the default branch has no name; the change pins it all the same.
        let nameless = |branch: &&Branch| {
            branch.default
                && branch
                    .name
                    .as_deref()
                    .is_none_or(|name| name == "<default>")
        };
        let only = branches.branch.first().filter(|_| {
            branches.branch.len() == 1 && place.roots.is_empty() && place.revision.is_some()
        });
        let found = find_branch(&branches.branch, names, self.default_ref.as_deref())
            .or_else(|| only.filter(nameless));
        let Some(branch) = found else {
            return Ok(false);
        };
        place.is_default = branch.default;
        place.branch = if branch.default {
            None
        } else {
            branch.name.clone()
        };
        Ok(true)
    }

    pub async fn change_is_known(&self, revision: &str, place: &Place) -> Result<bool, Trouble> {
        let changes = self
            .client
            .changes_of_version(self.wanted.build_type, revision)
            .await;
        let changes = changes.map_err(|error| self.failed("looking for the commit", error))?;
        let in_own_root = |change: &Change| {
            let root = change
                .vcs_root_instance
                .as_ref()
                .and_then(|root| root.vcs_root_id.as_ref());
            place.roots.is_empty() || root.is_none_or(|root| place.roots.contains(root))
        };
        Ok(changes.change.iter().any(in_own_root))
    }

    pub fn failed(&self, doing: &str, error: Error) -> Trouble {
        Trouble::Failed(error.while_doing(doing))
    }
}
