//! Waiting until TeamCity has learned of a branch or a commit.

use std::time::Duration;

use tokio::time::Instant;

use super::search::Search;
use super::wanted::{Pin, Place, Trouble};
use crate::config::BranchChoice;
use crate::outcome::Event;
use crate::types::{Diagnostic, short};

/// Longest wait for a tag to become a branch: most servers never make it one.
const TAG_PATIENCE: Duration = Duration::from_secs(30);
/// How often the server is told again, while it is waited for.
const TELL_EVERY: Duration = Duration::from_secs(60);

impl Search<'_> {
    /// Tells the server of the push and waits until it knows what it did not.
    pub async fn wait(
        &self,
        revision: Option<&str>,
        names: Option<&[String]>,
        place: &mut Place,
        first: bool,
    ) -> Result<(), Trouble> {
        let id = self.at;
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
            "TeamCity does not know {what} in {id} yet. Told it about the push, and waiting for up to {}",
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
                        return Err(self.failed("telling TeamCity about the push", error));
                    }
                    _ => {}
                }
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.5).min(Duration::from_secs(10));
            if let (Some(names), false) = (names, branch_known)
                && let Some(found) = self.branch(names, place.revision.is_some()).await?
            {
                place.is_on(found, self, first)?;
                branch_known = true;
            }
            if let (Some(revision), false) = (revision, change_known) {
                change_known = self.change_is_known(revision).await?;
            }
            if branch_known && change_known {
                return Ok(());
            }
            if branch_known && place.takes_new_commits() {
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
    ) -> Result<(), Trouble> {
        let id = self.at;
        let branch = self.branch_for_people();
        if !branch_known {
            if matches!(self.wanted.branch, BranchChoice::Tag(_))
                && change_known
                && place.revision.is_some()
            {
                self.events.event(&Event::Note(format!(
                    "{branch} is not a branch in TeamCity: its commit is built on the default branch of {id}"
                )));
                (place.branch, place.is_default) = (None, true);
                return Ok(());
            }
            return Err(Trouble::Wrong(Diagnostic::refused(
                format!(
                    "TeamCity does not know the branch {branch} in {id}, and would build its default branch instead"
                ),
                format!(
                    "Add it to the branch specification of the VCS root (for example +:refs/heads/*), check that TeamCity can reach the \
                     repository, or set BRANCH to another branch. {}",
                    self.client.base()
                ),
            )));
        }
        let revision = revision.unwrap_or_default();
        Err(Trouble::Wrong(Diagnostic::refused(
            format!("TeamCity has not found the commit {} on the branch {branch} in {id}", short(revision)),
            "Check in TeamCity that the VCS root can reach the repository (its page shows the last error), and that the commit was pushed \
             to that branch."
                .to_owned(),
        )))
    }

    fn branch_for_people(&self) -> String {
        match self.wanted.branch {
            BranchChoice::Given(name) | BranchChoice::Pipeline(name) => name.clone(),
            BranchChoice::Tag(name) => format!("tag {name}"),
            BranchChoice::Default | BranchChoice::Unknown => "<default>".to_owned(),
        }
    }
}
