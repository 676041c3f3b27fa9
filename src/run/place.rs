//! Where a build is to be queued: on which of TeamCity's branches, pinned to which commit, and how.
//!
//! TeamCity builds its default branch, without a word, for a branch that it does not know. So nothing is queued before
//! the server knows branch and commit: it is told of the push, and waited for.

use std::time::Duration;

use tokio::time::Instant;

use super::branch::{find_branch, names_of};
use super::error::RunError;
use super::event::{Event, Events};
use super::roots::{self, Roots};
use crate::config::{BranchChoice, RevisionChoice};
use crate::teamcity::Client;
use crate::teamcity::model::{Branch, Change};
use crate::types::{BuildTypeId, RepositoryAddress};

/// Since when a queue request may name revisions (TeamCity's source, branch `release/2022.04`). Older servers ignore them
/// silently, and build the latest commit.
const REVISIONS_SINCE: (u32, u32) = (2022, 4);
/// Longest wait for a tag to become a branch: most servers never make it one.
const TAG_PATIENCE: Duration = Duration::from_secs(30);
/// How often the server is told again, while it is waited for.
const TELL_EVERY: Duration = Duration::from_secs(60);

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
    pub fn of(wanted: &Wanted<'_>, own: Vec<(String, Option<String>)>) -> Self {
        let revision = match wanted.revision {
            RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) => {
                Some(revision.clone())
            }
            RevisionChoice::Latest { .. } => None,
        };
        let roots = own.into_iter().map(|(id, _)| id).collect();
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

/// Finds the place, waiting for the server to learn of branch and commit if it must.
///
/// # Errors
/// When the server refuses, stays away, or never learns of them.
pub async fn find(
    client: &Client,
    events: &dyn Events,
    wanted: &Wanted<'_>,
) -> Result<Place, RunError> {
    let roots = roots::read(client, wanted.build_type, wanted.repository).await?;
    if let Roots::Known { own, .. } = &roots
        && own.is_empty()
    {
        return without_root(events, wanted);
    }
    let (own, others) = match roots {
        Roots::Hidden => (Vec::new(), usize::MAX),
        Roots::Known { own, others } => (own, others),
    };
    let default_ref = own.iter().find_map(|(_, branch)| branch.clone());
    let mut place = Place::of(wanted, own);
    let revisions_open =
        wanted.release >= REVISIONS_SINCE && others == 0 && !place.roots.is_empty();
    Search {
        client,
        events,
        wanted,
        default_ref,
        revisions_open,
    }
    .complete(&mut place)
    .await?;
    Ok(place)
}

/// Waits until the server knows the change, for a place whose `revisions` were refused.
///
/// # Errors
/// When it never does.
pub async fn wait_for_change(
    client: &Client,
    events: &dyn Events,
    wanted: &Wanted<'_>,
    place: &mut Place,
) -> Result<(), RunError> {
    let search = Search {
        client,
        events,
        wanted,
        default_ref: None,
        revisions_open: false,
    };
    let Some(revision) = place.revision.clone() else {
        return Ok(());
    };
    (place.pin, place.git_ref) = (Pin::Change, None);
    search.wait(Some(&revision), None, place).await
}

/// A configuration with no root of this repository: a deployment, another team's product.
fn without_root(events: &dyn Events, wanted: &Wanted<'_>) -> Result<Place, RunError> {
    let id = wanted.build_type;
    let given = match (wanted.revision, wanted.branch) {
        (RevisionChoice::Given(_) | RevisionChoice::Latest { given: true }, _) => Some("REVISION"),
        (_, BranchChoice::Given(_)) => Some("BRANCH"),
        _ => None,
    };
    if let Some(variable) = given {
        return Err(RunError::refused(
            format!(
                "{id} has no VCS root of this repository, so that {variable} has nothing to apply to"
            ),
            format!(
                "Attach a VCS root of this repository to it in TeamCity, or leave {variable} out to run it on its default branch."
            ),
        ));
    }
    events.event(&Event::Note(format!(
        "{id} has no VCS root of this repository: it is queued on its default branch, without a commit"
    )));
    Ok(Place {
        branch: None,
        is_default: true,
        revision: None,
        roots: Vec::new(),
        pin: Pin::None,
        git_ref: None,
    })
}

pub(super) struct Search<'a> {
    pub(super) client: &'a Client,
    pub(super) events: &'a dyn Events,
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) default_ref: Option<String>,
    pub(super) revisions_open: bool,
}

impl Search<'_> {
    async fn complete(&self, place: &mut Place) -> Result<(), RunError> {
        let names = names_of(self.wanted.branch);
        let revision = place.revision.clone();
        place.git_ref = match self.wanted.branch {
            BranchChoice::Pipeline(name) => Some(format!("refs/heads/{name}")),
            BranchChoice::Given(name) if name.starts_with("refs/") => Some(name.clone()),
            BranchChoice::Default => self.default_ref.clone(),
            _ => None,
        }
        .filter(|_| self.revisions_open);
        let known = match &revision {
            Some(revision) => self.change_is_known(revision, place).await?,
            None => true,
        };
        let branch_known = match &names {
            Some(names) => self.branch_is_known(names, place).await?,
            None => true,
        };
        place.pin = if revision.is_some() {
            Pin::Change
        } else {
            Pin::None
        };
        match (branch_known, known) {
            (true, true) => return Ok(()),
            (true, false) if place.git_ref.is_some() => {
                place.pin = Pin::Revisions;
                // Not needed for the build, but then it shows its changes.
                _ = self.client.notify_of_commit(self.wanted.build_type).await;
                return Ok(());
            }
            _ => {}
        }
        let missing_branch = names.filter(|_| !branch_known);
        let missing_revision = revision.filter(|_| !known);
        self.wait(
            missing_revision.as_deref(),
            missing_branch.as_deref(),
            place,
        )
        .await
    }

    pub(super) async fn branch_is_known(
        &self,
        names: &[String],
        place: &mut Place,
    ) -> Result<bool, RunError> {
        let branches = self.client.branches(self.wanted.build_type).await;
        let branches = branches.map_err(|error| self.failed("reading the branches", &error))?;
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

    pub(super) async fn change_is_known(
        &self,
        revision: &str,
        place: &Place,
    ) -> Result<bool, RunError> {
        let changes = self
            .client
            .changes_of_version(self.wanted.build_type, revision)
            .await;
        let changes = changes.map_err(|error| self.failed("looking for the commit", &error))?;
        let in_own_root = |change: &Change| {
            let root = change
                .vcs_root_instance
                .as_ref()
                .and_then(|root| root.vcs_root_id.as_ref());
            place.roots.is_empty() || root.is_none_or(|root| place.roots.contains(root))
        };
        Ok(changes.change.iter().any(in_own_root))
    }

    /// Tells the server of the push and waits until it knows what it did not.
    async fn wait(
        &self,
        revision: Option<&str>,
        names: Option<&[String]>,
        place: &mut Place,
    ) -> Result<(), RunError> {
        let id = self.wanted.build_type;
        let is_tag = matches!(self.wanted.branch, BranchChoice::Tag(_)) && names.is_some();
        let patience = if is_tag && revision.is_none() {
            TAG_PATIENCE
        } else {
            self.client.retry_for()
        };
        let what = match (names, revision) {
            (Some(_), _) => format!("the branch {}", self.branch_for_people()),
            (None, Some(revision)) => format!("the commit {}", short(revision)),
            (None, None) => return Ok(()),
        };
        self.events.event(&Event::Note(format!(
            "TeamCity does not know {what} in {id} yet: told it of the push, waiting for up to {}",
            humantime::format_duration(patience)
        )));
        let start = Instant::now();
        let mut told: Option<Instant> = None;
        let mut pause = Duration::from_secs(1);
        let (mut branch_known, mut change_known) = (names.is_none(), revision.is_none());
        loop {
            if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                // A token that may not tell it can still wait for the server's own polling.
                match self.client.notify_of_commit(id).await {
                    Err(error) if !error.kind.is_refusal() => {
                        return Err(self.failed("telling TeamCity of the push", &error));
                    }
                    _ => {}
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(10));
            if let (Some(names), false) = (names, branch_known) {
                branch_known = self.branch_is_known(names, place).await?;
            }
            if let (Some(revision), false) = (revision, change_known) {
                change_known = self.change_is_known(revision, place).await?;
            }
            if branch_known && change_known {
                return Ok(());
            }
            if branch_known && place.git_ref.is_some() {
                place.pin = Pin::Revisions;
                return Ok(());
            }
            if start.elapsed() >= patience {
                return self.given_up(branch_known, change_known, revision, place);
            }
        }
    }

    fn given_up(
        &self,
        branch_known: bool,
        change_known: bool,
        revision: Option<&str>,
        place: &mut Place,
    ) -> Result<(), RunError> {
        let id = self.wanted.build_type;
        let branch = self.branch_for_people();
        if !branch_known {
            if matches!(self.wanted.branch, BranchChoice::Tag(_))
                && change_known
                && place.revision.is_some()
            {
                self.events.event(&Event::Note(format!(
                    "{branch} is no branch for TeamCity: its commit is built on the default branch of {id}"
                )));
                (place.branch, place.is_default) = (None, true);
                return Ok(());
            }
            return Err(RunError::refused(
                format!(
                    "TeamCity does not know the branch {branch} in {id}, and would build its default branch instead"
                ),
                format!(
                    "Add it to the branch specification of the VCS root (for example +:refs/heads/*), check that TeamCity can reach the \
                     repository, or name another branch in BRANCH. {}",
                    self.client.base()
                ),
            ));
        }
        let revision = revision.unwrap_or_default();
        Err(RunError::refused(
            format!("TeamCity has not found the commit {} on the branch {branch} in {id}", short(revision)),
            "Check in TeamCity that the VCS root can reach the repository (its page shows the last error), and that the commit was pushed \
             to that branch."
                .to_owned(),
        ))
    }

    fn branch_for_people(&self) -> String {
        match self.wanted.branch {
            BranchChoice::Given(name) | BranchChoice::Pipeline(name) => name.clone(),
            BranchChoice::Tag(name) => format!("tag {name}"),
            BranchChoice::Default | BranchChoice::Unknown => "<default>".to_owned(),
        }
    }

    fn failed(&self, doing: &str, error: &crate::teamcity::Error) -> RunError {
        RunError::teamcity(doing, error, self.client.base())
    }
}

/// A commit as people write it.
pub fn short(revision: &str) -> &str {
    revision.get(..12).unwrap_or(revision)
}
