//! What is asked for, and the place that is found for it.

use super::roots::OwnRoot;
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
    /// External ids of the roots of the pipeline's repository; empty where they are not known.
    pub roots: Vec<String>,
    /// How it is pinned.
    pub pin: Pin,
    /// The ref, for `revisions`, where that way is open.
    pub git_ref: Option<String>,
}

impl Place {
    /// On the default branch, with what is asked for, before anything is known of it.
    pub fn of(wanted: &Wanted<'_>, own: Vec<OwnRoot>) -> Self {
        let revision = match wanted.revision {
            RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) => {
                Some(revision.clone())
            }
            RevisionChoice::Latest { .. } => None,
        };
        let roots = own.into_iter().map(|root| root.id).collect();
        Self {
            branch: None,
            is_default: true,
            revision,
            roots,
            pin: Pin::None,
            git_ref: None,
        }
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
