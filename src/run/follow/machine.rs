//! What an answer about a build means: pure, so that every order of answers can be tested.

use std::time::Duration;

use tokio::time::Instant;

use super::poll::Phase;
use crate::outcome::Ending;
use crate::outcome::{Event, Position};
use crate::teamcity::model::{Build, State, Status};
use crate::types::BuildId;

/// A sign of life is given this often, at most.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);
/// How often a finished build is read again before its missing status is believed. The status may be computed late.
const UNSETTLED_READS: u32 = 10;
/// Pause between those reads.
const UNSETTLED_PAUSE: Duration = Duration::from_millis(500);
/// How long a build that is not found is looked for before it is called deleted: another node may lag behind.
const MISSING_FOR: Duration = Duration::from_secs(30);
/// Pause between looks at what is odd.
const ODD_PAUSE: Duration = Duration::from_secs(3);
/// How long an unknown state is watched before it is given up.
const ODD_FOR: Duration = Duration::from_secs(60);

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
}

/// What to do after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Look again, as seldom as the phase allows.
    Follow(Phase),
    /// Look again soon.
    Again(Duration),
    /// It is over.
    Ended(Ending),
    /// It builds something else than was asked, as said here: it is to be canceled.
    Wrong(String),
}

/// A build that is followed.
#[derive(Debug)]
pub struct Followed {
    /// Its place.
    pub position: Position,
    /// Its id, which changes when it is merged.
    pub id: BuildId,
    /// It was merged with another's request, and must not be canceled.
    pub merged: bool,
    asked: Asked,
    since: Instant,
    started: Option<Instant>,
    wait_reason: Option<String>,
    approval_said: bool,
    hint_said: Option<&'static str>,
    hanging_said: bool,
    failing_said: bool,
    heard: Instant,
    unsettled: u32,
    missing: Option<Instant>,
    odd: Option<Instant>,
}

impl Followed {
    /// Begins to follow.
    #[must_use]
    pub fn new(position: Position, id: BuildId, asked: Asked, now: Instant) -> Self {
        Self {
            position,
            id,
            merged: false,
            asked,
            since: now,
            started: None,
            wait_reason: None,
            approval_said: false,
            hint_said: None,
            hanging_said: false,
            failing_said: false,
            heard: now,
            unsettled: 0,
            missing: None,
            odd: None,
        }
    }

    /// Whether this run queued it, so that all of its log is news.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.asked.queued_here
    }

    /// How long it has been in the queue; `None` once it runs.
    #[must_use]
    pub fn queued_for(&self, now: Instant) -> Option<Duration> {
        self.started
            .is_none()
            .then(|| now.duration_since(self.since))
    }

    /// Something else was shown of it, so that no sign of life is needed for a while.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// It was not found.
    pub fn missing(&mut self, now: Instant) -> Verdict {
        let since = *self.missing.get_or_insert(now);
        if now.duration_since(since) >= MISSING_FOR {
            Verdict::Ended(Ending::Deleted)
        } else {
            Verdict::Again(ODD_PAUSE)
        }
    }

    /// An answer came.
    pub fn observe(&mut self, now: Instant, build: &Build, events: &mut Vec<Event>) -> Verdict {
        self.missing = None;
        if let Some(survivor) = build.id.filter(|id| *id != self.id) {
            self.id = survivor;
            self.merged = true;
            events.push(Event::Merged {
                build: self.position,
                survivor,
            });
        }
        match &build.state {
            Some(State::Queued) => self.queued(now, build, events),
            Some(State::Running) => self.running(now, build, events),
            Some(State::Finished) => self.finished(build),
            Some(State::Other(word)) if word == "deleted" => self.missing(now),
            other => self.odd(now, other.as_ref()),
        }
    }

    fn odd(&mut self, now: Instant, state: Option<&State>) -> Verdict {
        let since = *self.odd.get_or_insert(now);
        if now.duration_since(since) < ODD_FOR {
            return Verdict::Again(ODD_PAUSE);
        }
        let word = match state {
            Some(State::Other(word)) => format!("TeamCity calls its state \"{word}\""),
            _ => "TeamCity does not say its state".to_owned(),
        };
        Verdict::Ended(Ending::Unknown(word))
    }

    fn queued(&mut self, now: Instant, build: &Build, events: &mut Vec<Event>) -> Verdict {
        self.odd = None;
        let waits = build
            .approval_info
            .as_ref()
            .and_then(|info| info.status.as_deref())
            == Some("waitingForApproval");
        if waits && !self.approval_said {
            self.approval_said = true;
            self.heard = now;
            let link = build.web_url.as_deref().unwrap_or("its page in TeamCity");
            let who = if build
                .approval_info
                .as_ref()
                .is_some_and(|info| info.can_be_approved_by_current_user)
            {
                "the token's user may approve it"
            } else {
                "somebody who may approve it has to"
            };
            events.push(Event::Stuck {
                build: self.position,
                what: format!("it waits for an approval: {who}, on {link}. Without one TeamCity cancels it after a while (6 hours by default)"),
            });
        }
        let hint = build.wait_reason.as_deref().and_then(hint);
        if hint.is_some() && hint != self.hint_said {
            self.hint_said = hint;
            events.push(Event::Stuck {
                build: self.position,
                what: hint.unwrap_or_default().to_owned(),
            });
        }
        let changed = build.wait_reason != self.wait_reason;
        let waiting = now.duration_since(self.since);
        let starts_in = whole_wait(build).map(|whole| whole.saturating_sub(waiting));
        // Some reasons hold numbers that change all the time.
        if (changed
            && (self.wait_reason.is_none() || now.duration_since(self.heard) >= SIGN_OF_LIFE / 4))
            || now.duration_since(self.heard) >= SIGN_OF_LIFE
        {
            self.wait_reason.clone_from(&build.wait_reason);
            self.heard = now;
            events.push(Event::Waiting {
                build: self.position,
                reason: build.wait_reason.clone(),
                estimate: starts_in,
                waiting,
            });
        }
        Verdict::Follow(Phase::Queued { waiting, starts_in })
    }

    fn running(&mut self, now: Instant, build: &Build, events: &mut Vec<Event>) -> Verdict {
        self.odd = None;
        let info = build.running_info.clone().unwrap_or_default();
        let estimate = info
            .estimated_total_seconds
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        let first = self.started.is_none();
        let started = *self.started.get_or_insert(now);
        let running = info
            .elapsed_seconds
            .map_or_else(|| now.duration_since(started), Duration::from_secs);
        if first {
            self.heard = now;
            events.push(Event::Started {
                build: self.position,
                number: build.number.clone(),
                agent: build.agent.as_ref().and_then(|agent| agent.name.clone()),
                url: build.web_url.clone(),
                estimate,
            });
        }
        if let Some(wrong) = self.mismatch(build) {
            return Verdict::Wrong(wrong);
        }
        if matches!(build.status, Some(Status::Failure)) && !self.failing_said {
            self.failing_said = true;
            self.heard = now;
            events.push(Event::Failing {
                build: self.position,
                text: build.status_text.clone(),
            });
        }
        if info.probably_hanging && !self.hanging_said {
            self.hanging_said = true;
            self.heard = now;
            events.push(Event::Stuck {
                build: self.position,
                what: "TeamCity thinks that it hangs: look at the end of its log; TIMEOUT will end the wait".to_owned(),
            });
        }
        if now.duration_since(self.heard) >= SIGN_OF_LIFE {
            self.heard = now;
            events.push(Event::Progress {
                build: self.position,
                stage: info.current_stage_text,
                percentage: info.percentage_complete,
                left: estimate.map(|estimate| estimate.saturating_sub(running)),
                elapsed: Some(running),
            });
        }
        Verdict::Follow(Phase::Running { running, estimate })
    }

    fn finished(&mut self, build: &Build) -> Verdict {
        let canceled = build.canceled_info.is_some();
        match &build.status {
            _ if build.failed_to_start && !canceled => Verdict::Ended(Ending::FailedToStart),
            Some(Status::Failure) => Verdict::Ended(Ending::Failure),
            Some(Status::Success) if !canceled => self.success(build),
            // A success that was canceled as well is no clear success.
            Some(Status::Success | Status::Unknown) if canceled => Verdict::Ended(Ending::Canceled),
            Some(Status::Unknown) => self.unsettled().unwrap_or(Verdict::Ended(Ending::Canceled)),
            Some(Status::Other(word)) => {
                let what = format!("TeamCity calls its status \"{word}\"");
                self.unsettled()
                    .unwrap_or(Verdict::Ended(Ending::Unknown(what)))
            }
            Some(Status::Success) | None => {
                let what = "TeamCity does not say how it ended".to_owned();
                self.unsettled()
                    .unwrap_or(Verdict::Ended(Ending::Unknown(what)))
            }
        }
    }

    fn success(&mut self, build: &Build) -> Verdict {
        if let Some(wrong) = self.mismatch(build) {
            return Verdict::Wrong(wrong);
        }
        let says_revision = build
            .revisions
            .as_ref()
            .is_some_and(|revisions| !revisions.revision.is_empty());
        if self.asked.checked && self.asked.revision.is_some() && !says_revision {
            let what = "TeamCity does not say which commit it built".to_owned();
            return self
                .unsettled()
                .unwrap_or(Verdict::Ended(Ending::Unknown(what)));
        }
        Verdict::Ended(Ending::Success)
    }

    fn unsettled(&mut self) -> Option<Verdict> {
        self.unsettled += 1;
        (self.unsettled <= UNSETTLED_READS).then_some(Verdict::Again(UNSETTLED_PAUSE))
    }

    /// How what is built differs from what was asked, as far as the server tells.
    fn mismatch(&self, build: &Build) -> Option<String> {
        if !self.asked.checked {
            return None;
        }
        if let Some(wrong) = self.wrong_branch(build) {
            return Some(wrong);
        }
        let asked = self.asked.revision.as_deref()?;
        let revisions = &build.revisions.as_ref()?.revision;
        if revisions.is_empty() {
            return None;
        }
        let mut own = Vec::new();
        for revision in revisions {
            let root = revision
                .vcs_root_instance
                .as_ref()
                .and_then(|root| root.vcs_root_id.as_deref());
            if self.asked.roots.is_empty()
                || root.is_none_or(|root| self.asked.roots.iter().any(|own| own == root))
            {
                own.push(revision.version.as_deref().unwrap_or("an unknown one"));
            }
        }
        let same = |version: &str| version.eq_ignore_ascii_case(asked);
        // With known roots each must be at the commit; without, one of them must.
        let good = if self.asked.roots.is_empty() {
            own.iter().any(|one| same(one))
        } else {
            own.iter().all(|one| same(one))
        };
        if good && !own.is_empty() {
            return None;
        }
        Some(format!(
            "it builds the commit {} instead of {asked}",
            own.first().unwrap_or(&"of no root of this repository")
        ))
    }

    fn wrong_branch(&self, build: &Build) -> Option<String> {
        let built = build.branch_name.as_deref();
        let right = match (&self.asked.branch, built) {
            (None, None) => true,
            (None, Some(name)) => build.default_branch || name == "<default>",
            (Some(_), None) => false,
            (Some(asked), Some(name)) => name.eq_ignore_ascii_case(asked),
        };
        if right {
            return None;
        }
        let asked = self.asked.branch.as_deref().unwrap_or("<default>");
        Some(format!(
            "it builds the branch {} instead of {asked}",
            built.unwrap_or("<default>")
        ))
    }
}

/// What somebody has to do, where a wait will not end by itself. The reasons are free text, so that this is a guess at
/// the words that servers are known to use.
fn hint(reason: &str) -> Option<&'static str> {
    let reason = reason.to_lowercase();
    if reason.contains("queue is paused") {
        Some("the build queue is paused: an administrator has to resume it (TeamCity: Queue)")
    } else if reason.contains("no compatible agents")
        || (reason.contains("no") && reason.contains("compatible") && !reason.contains("idle"))
    {
        Some(
            "no agent can run it: connect, enable or authorize one that meets its agent requirements (its page, tab Compatible Agents)",
        )
    } else {
        None
    }
}

/// From the queue to the estimated start.
fn whole_wait(build: &Build) -> Option<Duration> {
    // Both dates are the server's, so that its clock needs not be ours; without the queue date the estimate says nothing.
    let (estimate, queued) = (build.start_estimate?, build.queued_date?);
    (estimate - queued).to_std().ok()
}

#[cfg(test)]
mod tests;
