//! What is asked for, and the place that is found for it.

use std::collections::BTreeSet;

use crate::config::{BranchChoice, RevisionChoice};
use crate::teamcity::Failed;
use crate::types::{BuildTypeId, Diagnostic, RepositoryAddress};

/// Why no place was found.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// TeamCity does not have what was asked for.
    Wrong(Diagnostic),
    /// A request failed for good.
    Failed(Failed),
}

impl From<Diagnostic> for Trouble {
    fn from(wrong: Diagnostic) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

/// What is asked for.
pub struct Wanted<'a> {
    /// Where.
    pub build_type: &'a BuildTypeId,
    /// On which branch.
    pub branch: &'a BranchChoice,
    /// Which commit; an abbreviated one has been expanded.
    pub revision: &'a RevisionChoice,
    /// The pipeline's repository; unknown outside Pipelines.
    pub repository: Option<&'a RepositoryAddress>,
    /// The server's year and month.
    pub release: (u32, u32),
}

/// Where to queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The branch; `None` for the default one.
    pub branch: Option<String>,
    /// Whether that is, or may be called, the default branch.
    pub is_default: bool,
    /// The commit that must be built; `None` where any will do.
    pub revision: Option<String>,
    /// The configuration itself has a root of the pipeline's repository, or may have one: else only its dependencies have.
    pub at_top: bool,
    /// External ids of the configuration's own roots of the pipeline's repository; empty where they are not known.
    pub roots: Vec<String>,
    /// Configurations that it depends on, and that build the pipeline's repository.
    pub below: Vec<Below>,
    /// All that it depends on, whatever repository that builds.
    pub chain: Vec<BuildTypeId>,
    /// How it is pinned.
    pub pin: Pin,
    /// The configuration in whose change log the commit is looked up.
    pub log_of: BuildTypeId,
    /// The ref, for `revisions`.
    pub git_ref: Option<String>,
    /// Whether each root of the chain can be given a revision: the server reads `revisions`, and the roots are to be seen.
    pub revisions_open: bool,
    /// Roots of other repositories in the chain, with a configuration that has each.
    pub others: Vec<(BuildTypeId, String)>,
    /// What each root of the chain is to be at, for [`Pin::Revisions`].
    pub revisions: Vec<RootRevision>,
}

/// A configuration below the one that is queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    /// Its id.
    pub build_type: BuildTypeId,
    /// Its roots of the pipeline's repository; empty where they are not known.
    pub roots: Vec<String>,
    /// It takes only some of the files, so that a build of an older commit may be as good to TeamCity.
    pub rules: bool,
}

/// A revision that a root is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootRevision {
    /// The root's external id.
    pub root: String,
    /// The commit.
    pub version: String,
    /// The ref on which it is.
    pub git_ref: Option<String>,
}

impl Place {
    /// On the default branch, with what is asked for, before anything is known of it.
    pub fn of(wanted: &Wanted<'_>) -> Self {
        let revision = match wanted.revision {
            RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) => {
                Some(revision.clone())
            }
            RevisionChoice::Latest { .. } => None,
        };
        Self {
            branch: None,
            is_default: true,
            revision,
            at_top: true,
            roots: Vec::new(),
            below: Vec::new(),
            chain: Vec::new(),
            pin: Pin::None,
            log_of: wanted.build_type.clone(),
            git_ref: None,
            revisions_open: false,
            others: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// All roots of the pipeline's repository in the chain.
    pub fn own_roots(&self) -> BTreeSet<&str> {
        let below = self.below.iter().flat_map(|below| &below.roots);
        self.roots.iter().chain(below).map(String::as_str).collect()
    }
}

/// How a build is pinned to its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Not at all.
    None,
    /// By the change, which the server must know. Other roots get what was current then.
    Change,
    /// By revision, root by root; not checked by the server.
    Revisions,
}
