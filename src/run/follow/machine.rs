//! What an answer about a build means: pure, so that every order of answers can be tested.

use std::time::Duration;

use tokio::time::Instant;

use super::asked::Asked;
use super::poll::{self, Phase};
use super::stage::Stages;
use super::verified::AskedBelow;
use super::waiting::{approval, hint, whole_wait};
use super::window::Window;
use crate::identity;
use crate::outcome::Ending;
use crate::outcome::{Event, Position};
use crate::results;
use crate::teamcity::model::{Build, State, Status};
use crate::types::BuildId;

/// A sign of life is given this often, at most.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);
/// How often a finished build is read again before its missing status is believed. The status may be computed late.
const UNSETTLED_READS: u32 = 10;
/// Pause between those reads.
const UNSETTLED_PAUSE: Duration = Duration::from_millis(500);
/// How long a green build is asked for its commit: some servers name it seconds after the start, or after the end.
const UNNAMED_FOR: Duration = Duration::from_secs(30);
/// Pause between those questions.
const UNNAMED_PAUSE: Duration = Duration::from_secs(1);
/// How long a build that is not found is looked for before it is called deleted: another node may lag behind.
const MISSING_FOR: Duration = Duration::from_secs(50);
/// Pause between looks at what is odd.
const ODD_PAUSE: Duration = Duration::from_secs(3);
/// How long an unknown state is watched before it is given up.
const ODD_FOR: Duration = Duration::from_secs(60);

/// What to do after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Look again, as seldom as the phase allows.
    Follow(Phase),
    /// Look again soon.
    Again(Duration),
    /// It is over.
    Ended(Ending),
    /// It is over, and TeamCity may put another in its place; it may still come, unless it is `late` for that.
    BrokenOff {
        /// How it ends if none comes.
        ending: Ending,
        /// Whether it would be there by now.
        late: bool,
    },
    /// The answer is of the build that TeamCity put in its place.
    PutBack,
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
    had: Vec<BuildId>,
    asked: Asked,
    since: Instant,
    window: Window,
    started: Option<Instant>,
    wait_reason: Option<String>,
    approval_said: bool,
    hint_said: Option<&'static str>,
    hanging_said: bool,
    failing_said: bool,
    stages: Stages,
    heard: Instant,
    unsettled: u32,
    unnamed: Option<Instant>,
    unnamed_said: bool,
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
            had: Vec::new(),
            window: Window::new(asked.queued_here),
            asked,
            since: now,
            started: None,
            wait_reason: None,
            approval_said: false,
            hint_said: None,
            hanging_said: false,
            failing_said: false,
            stages: Stages::default(),
            heard: now,
            unsettled: 0,
            unnamed: None,
            unnamed_said: false,
            missing: None,
            odd: None,
        }
    }

    /// What the builds that it depends on must be of.
    pub fn below(&mut self) -> &mut AskedBelow {
        &mut self.asked.below
    }

    /// Whether this run queued it, so that all of its log is news.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.asked.queued_here
    }

    /// The ids that it had before.
    #[must_use]
    pub fn had(&self) -> &[BuildId] {
        &self.had
    }

    /// From here on it is the build that TeamCity put in its place.
    pub fn succeed(&mut self, now: Instant, successor: &Build) {
        let mut had = std::mem::take(&mut self.had);
        had.push(self.id);
        *self = Self {
            had,
            merged: self.merged,
            window: Window::new(!successor.is_finished()),
            ..Self::new(
                self.position,
                successor.id.unwrap_or(self.id),
                self.asked.clone(),
                now,
            )
        };
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
            // Only in the queue builds are merged.
            if self.started.is_some() && build.was_put_back() {
                return Verdict::PutBack;
            }
            self.had.push(self.id);
            self.id = survivor;
            self.merged = true;
            events.push(Event::Merged {
                build: self.position,
                survivor,
            });
        }
        self.window.observe(now, build);
        match &build.state {
            Some(State::Queued) => self.queued(now, build, events),
            Some(State::Running) => self.running(now, build, events),
            Some(State::Finished) => {
                let verdict = self.finished(now, build, events);
                self.perhaps_broken_off(now, build, verdict)
            }
            Some(State::Other(word)) if word == "deleted" => self.missing(now),
            other => self.odd(now, other.as_ref()),
        }
    }

    /// A lost commit is no accident: nothing comes in the place of such a build.
    fn perhaps_broken_off(&mut self, now: Instant, build: &Build, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Ended(ending)
                if matches!(ending, Ending::Canceled | Ending::Failure)
                    && identity::may_have_successor(build) =>
            {
                let late = self.window.is_over(now, build);
                Verdict::BrokenOff { ending, late }
            }
            verdict => verdict,
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
        if let Some(what) = approval(build).filter(|_| !self.approval_said) {
            self.approval_said = true;
            self.heard = now;
            let build = self.position;
            events.push(Event::Stuck { build, what });
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
            && (self.wait_reason.is_none()
                || now.duration_since(self.heard).saturating_mul(4) >= SIGN_OF_LIFE))
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
            .map(poll::sensible);
        let first = self.started.is_none();
        let started = *self.started.get_or_insert(now);
        let running = info
            .elapsed_seconds
            .map_or_else(|| now.duration_since(started), poll::sensible);
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
        if let Some(wrong) = self.asked.mismatch(build) {
            return Verdict::Wrong(wrong);
        }
        // In its first seconds that is usual.
        if now.duration_since(started) >= UNNAMED_FOR && !self.asked.is_verified(build) {
            self.say_unnamed(events);
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
                what: "TeamCity reports that it hangs. Check the end of its log. TIMEOUT limits the wait".to_owned(),
            });
        }
        let stage = self.stages.observe(now, info.current_stage_text.as_deref());
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
        Verdict::Follow(Phase::Running {
            running,
            estimate,
            stage,
        })
    }

    fn finished(&mut self, now: Instant, build: &Build, events: &mut Vec<Event>) -> Verdict {
        let canceled = build.canceled_info.is_some();
        match &build.status {
            _ if results::is_lost_commit(build) => Verdict::Ended(Ending::CommitNotFound),
            // A composite says so of itself when tests failed in its parts (seen in 2018).
            _ if build.failed_to_start && !canceled && !build.has_failed_tests() => {
                Verdict::Ended(Ending::FailedToStart)
            }
            Some(Status::Failure) => Verdict::Ended(Ending::Failure),
            Some(Status::Success) if !canceled => self.success(now, build, events),
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

    fn success(&mut self, now: Instant, build: &Build, events: &mut Vec<Event>) -> Verdict {
        if let Some(wrong) = self.asked.mismatch(build) {
            return Verdict::Wrong(wrong);
        }
        if self.asked.is_verified(build) {
            return Verdict::Ended(Ending::Success);
        }
        let since = *self.unnamed.get_or_insert(now);
        if now.duration_since(since) >= UNNAMED_FOR {
            let what = "TeamCity does not say which commit it built".to_owned();
            return Verdict::Ended(Ending::Unknown(what));
        }
        self.say_unnamed(events);
        Verdict::Again(UNNAMED_PAUSE)
    }

    fn say_unnamed(&mut self, events: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.unnamed_said, true) {
            events.push(Event::Note(format!(
                "TeamCity does not say yet which commit build {} builds. Until then the build is not verified",
                self.id
            )));
        }
    }

    fn unsettled(&mut self) -> Option<Verdict> {
        self.unsettled = self.unsettled.saturating_add(1);
        (self.unsettled <= UNSETTLED_READS).then_some(Verdict::Again(UNSETTLED_PAUSE))
    }
}

#[cfg(test)]
mod tests;
