//! Whether TeamCity knows a branch and a commit.

use super::branch::{find_branch, names_of};
use super::roots::OwnRoot;
use super::specification::Specification;
use super::wanted::{Trouble, Wanted};
use crate::outcome::Events;
use crate::teamcity::model::{Branch, Change};
use crate::teamcity::{Client, Error};
use crate::types::BuildTypeId;

/// A search for what is wanted, in one build configuration.
pub struct Search<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Who hears of a wait.
    pub events: &'a dyn Events,
    /// What is wanted.
    pub wanted: &'a Wanted<'a>,
    /// The configuration that is looked at: the one that is to be queued, or one that it depends on.
    pub at: &'a BuildTypeId,
    /// Its roots of this repository; empty where they are not known.
    pub roots: &'a [OwnRoot],
}

/// A branch that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its logical name; `None` for the default branch.
    pub name: Option<String>,
}

impl Search<'_> {
    /// The default branch of the first root, as a ref.
    pub fn default_ref(&self) -> Option<&str> {
        self.roots
            .iter()
            .find_map(|root| root.default_ref.as_deref())
    }

    /// The names under which the branch may be known here; `None` where no branch is asked for.
    pub fn names(&self) -> Option<Vec<String>> {
        let specifications = self.specifications();
        let complete = !self.roots.is_empty() && specifications.len() == self.roots.len();
        names_of(self.wanted.branch, &specifications, complete)
    }

    /// The branch specifications of the roots, as far as they are known.
    pub fn specifications(&self) -> Vec<Specification> {
        let known = self
            .roots
            .iter()
            .filter_map(|root| root.specification.as_deref());
        known.map(Specification::parse).collect()
    }

    /// The branch, if it is known by one of these names. `pinned`: a commit will say which sources are meant.
    pub async fn branch(&self, names: &[String], pinned: bool) -> Result<Option<Found>, Trouble> {
        let named = |branch: &Branch| {
            branch
                .name
                .as_ref()
                .is_some_and(|name| names.contains(name))
        };
        let wanted = |branch: &Branch| branch.default || named(branch);
        let branches = self.client.branches(self.at, &wanted).await;
        let branches = branches.map_err(|error| self.failed("reading the branches", error))?;
        // With hidden roots and no branch specification the default branch has no name; the change pins it all the same.
        let nameless = |branch: &&Branch| {
            branch.default
                && branch
                    .name
                    .as_deref()
                    .is_none_or(|name| name == "<default>")
        };
        let only = branches
            .branches
            .first()
            .filter(|_| branches.count == 1 && self.roots.is_empty() && pinned);
        let found = find_branch(&branches.branches, names, self.default_ref())
            .or_else(|| only.filter(nameless));
        Ok(found.map(|branch| Found {
            name: branch.name.clone().filter(|_| !branch.default),
        }))
    }

    /// Whether the server knows the commit in a root of this repository.
    pub async fn change_is_known(&self, revision: &str) -> Result<bool, Trouble> {
        let changes = self.client.changes_of_version(self.at, revision).await;
        let changes = changes.map_err(|error| self.failed("looking for the commit", error))?;
        let in_own_root = |change: &Change| {
            let root = change
                .vcs_root_instance
                .as_ref()
                .and_then(|root| root.vcs_root_id.as_ref());
            self.roots.is_empty()
                || root.is_none_or(|root| self.roots.iter().any(|own| own.id == *root))
        };
        Ok(changes.change.iter().any(in_own_root))
    }

    pub fn failed(&self, doing: &str, error: Error) -> Trouble {
        Trouble::Failed(error.while_doing(doing))
    }
}
