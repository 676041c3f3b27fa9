//! What a build was asked to be, and whether it is that.

use super::verified::AskedBelow;
use crate::teamcity::model::Build;

/// What a build was asked to be.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The logical branch; `None` for the default branch.
    pub branch: Option<String>,
    /// Whether branch and revision are to be compared at all: not for builds that others queued.
    pub checked: bool,
    /// Queued by this run.
    pub queued_here: bool,
    /// The commit.
    pub revision: Option<String>,
    /// The roots that it is pinned on; empty: any.
    pub roots: Vec<String>,
    /// What the builds that it depends on must be of.
    pub below: AskedBelow,
}

impl Asked {
    /// Whether every root that counts names a commit; which one, [`Self::mismatch`] has looked at.
    pub fn is_verified(&self, build: &Build) -> bool {
        if !self.checked || self.revision.is_none() {
            return true;
        }
        let own: Vec<Option<&str>> = self.own_commits(build).collect();
        match self.roots.is_empty() {
            true => own.iter().any(Option::is_some),
            false => !own.is_empty() && own.iter().all(Option::is_some),
        }
    }

    /// The commits of the roots that count, as far as they are named.
    fn own_commits<'a>(&self, build: &'a Build) -> impl Iterator<Item = Option<&'a str>> {
        let roots = &self.roots;
        let counts = move |root: Option<&str>| {
            roots.is_empty() || root.is_none_or(|root| roots.iter().any(|own| own == root))
        };
        let all = build.commits().filter(move |(root, _)| counts(*root));
        all.map(|(_, commit)| commit)
    }

    /// How what is built differs from what was asked, as far as the server tells.
    pub fn mismatch(&self, build: &Build) -> Option<String> {
        if !self.checked {
            return None;
        }
        if let Some(wrong) = self.wrong_branch(build) {
            return Some(wrong);
        }
        let asked = self.revision.as_deref()?;
        build.commits().next()?;
        let own: Vec<Option<&str>> = self.own_commits(build).collect();
        if own.is_empty() {
            return Some(format!(
                "it builds the commit of no root of this repository instead of {asked}"
            ));
        }
        let other = |commit: &&str| !commit.eq_ignore_ascii_case(asked);
        let named: Vec<&str> = own.iter().copied().flatten().collect();
        // With known roots each must be at the commit; without, one of them must. What is not named yet is not another.
        let wrong = if self.roots.is_empty() {
            let all = named.len() == own.len() && named.iter().all(other);
            named.first().filter(|_| all)
        } else {
            named.iter().find(|commit| other(commit))
        };
        wrong.map(|commit| format!("it builds the commit {commit} instead of {asked}"))
    }

    fn wrong_branch(&self, build: &Build) -> Option<String> {
        let built = build.branch_name.as_deref();
        let right = match (&self.branch, built) {
            (None, None) => true,
            (None, Some(name)) => build.default_branch || name == "<default>",
            (Some(_), None) => false,
            (Some(asked), Some(name)) => name.eq_ignore_ascii_case(asked),
        };
        if right {
            return None;
        }
        let asked = self.branch.as_deref().unwrap_or("<default>");
        Some(format!(
            "it builds the branch {} instead of {asked}",
            built.unwrap_or("<default>")
        ))
    }
}
