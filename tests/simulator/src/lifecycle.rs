//! Where a build is at a time: pure, from its plan and what people did to it.

use std::time::Duration;

use crate::doubts::Doubts;
use crate::model::{Broken, Build, BuildTypeKind, Cancellation, OnDependency, Outcome, Status};

/// How a build ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With a status.
    Status(Status),
    /// It failed to start, for this reason.
    FailedToStart(String),
    /// It was canceled.
    Canceled(Cancellation),
}

/// The whole course of a build, as it looks from what is known now.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// When it starts; `None`: never.
    pub start: Option<Duration>,
    /// When it finishes; `None`: never.
    pub finish: Option<Duration>,
    /// How it ends.
    pub end: End,
    /// Until when the status reads UNKNOWN after the finish.
    pub unknown_until: Duration,
    /// When it vanishes.
    pub deleted: Option<Duration>,
    /// That it was, or will be, canceled.
    pub cancellation: Option<Cancellation>,
    /// Dependencies that did not succeed and add a problem.
    pub failed_dependencies: Vec<u64>,
    /// How many builds a composite one consists of.
    pub parts: Option<usize>,
    /// That it says that it failed to start, though it ends with a status.
    pub failed_to_start: bool,
    /// When all dependencies are finished; `None`: never.
    pub ready: Option<Duration>,
    /// Until when the approval is awaited; `None`: no approval is needed. The inner `None`: for ever.
    pub approval: Option<Option<Duration>>,
}

/// Where a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// In the queue.
    Queued,
    /// Running.
    Running,
    /// Over.
    Finished,
    /// Gone.
    Deleted,
}

impl Phase {
    /// As TeamCity writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Deleted => "deleted",
        }
    }
}

impl Timeline {
    /// Where the build is at a time.
    pub fn phase(&self, now: Duration) -> Phase {
        let reached = |moment: Option<Duration>| moment.is_some_and(|moment| moment <= now);
        if reached(self.deleted) {
            Phase::Deleted
        } else if reached(self.finish) {
            Phase::Finished
        } else if reached(self.start) {
            Phase::Running
        } else {
            Phase::Queued
        }
    }

    /// The cancellation, once somebody asked for it.
    pub fn canceled(&self, now: Duration) -> Option<&Cancellation> {
        self.cancellation
            .as_ref()
            .filter(|cancellation| cancellation.at <= now)
    }

    /// Whether its record says that it failed to start.
    pub fn says_failed_to_start(&self) -> bool {
        self.failed_to_start || matches!(self.end, End::FailedToStart(_))
    }

    /// Whether it ended with success.
    pub fn succeeded(&self) -> bool {
        self.end == End::Status(Status::Success)
    }
}

/// A dependency, as far as it matters here.
#[derive(Debug, Clone)]
pub(crate) struct DependencyCourse {
    /// The build.
    pub id: u64,
    /// Its configuration's name.
    pub name: String,
    /// When it started, or the first in whose place it stands.
    pub started: Option<Duration>,
    /// Its course.
    pub timeline: Timeline,
    /// What to do when it failed.
    pub on_failure: OnDependency,
    /// What to do when it failed to start or was canceled.
    pub on_cancel: OnDependency,
}

/// What a build's course depends on beside the build.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// Its configuration's kind.
    pub kind: BuildTypeKind,
    /// Builds that it depends on.
    pub dependencies: &'a [DependencyCourse],
    /// When nothing started: from, and until (`None`: still so).
    pub pauses: &'a [(Duration, Option<Duration>)],
    /// Login names to numbers.
    pub user_id: &'a dyn Fn(&str) -> Option<u64>,
    /// What the server does where records differ.
    pub doubts: &'a Doubts,
}

/// How long a checkout takes at most until it is known that the commit is nowhere.
const CHECKOUT: Duration = Duration::from_secs(5);

/// The course of a build.
pub(crate) fn timeline(build: &Build, around: Circumstances<'_>) -> Timeline {
    let plan = &build.plan;
    let mut outcome = &plan.outcome;
    let mut unknown_for = Duration::ZERO;
    let mut approval = None;
    let mut deleted = build.deleted;
    // Wrappers come off first; each says something of its own.
    loop {
        match outcome {
            Outcome::UnknownAtFinishFor(time, inner) => {
                unknown_for = *time;
                outcome = inner;
            }
            Outcome::AwaitsApproval { then } => {
                approval = Some(build.approved.map(|(at, _)| at));
                outcome = then;
            }
            _ => break,
        }
    }
    if let Outcome::DeletedAt(after) = outcome {
        let at = build.queued_at + *after;
        deleted = Some(deleted.map_or(at, |deleted| deleted.min(at)));
    }

    let ready = around
        .dependencies
        .iter()
        .map(|dependency| dependency.timeline.finish)
        .try_fold(build.queued_at, |latest, finish| Some(latest.max(finish?)));
    let earliest = match (ready, approval) {
        (Some(ready), Some(approved)) => approved.map(|approved| ready.max(approved)),
        (ready, _) => ready,
    };

    let mut course = Timeline {
        start: None,
        finish: None,
        end: End::Status(Status::Success),
        unknown_until: Duration::ZERO,
        deleted,
        cancellation: None,
        failed_dependencies: Vec::new(),
        parts: None,
        failed_to_start: false,
        ready,
        approval,
    };

    let composite = around.kind == BuildTypeKind::Composite && !around.dependencies.is_empty();
    if composite {
        course.parts = Some(around.dependencies.len());
        let first = around
            .dependencies
            .iter()
            .filter_map(|dependency| dependency.started)
            .min();
        course.start = first.map(|start| start.max(build.queued_at));
        course.finish = ready;
        let bad = around
            .dependencies
            .iter()
            .find(|dependency| !dependency.timeline.succeeded());
        if bad.is_some() {
            course.end = End::Status(Status::Failure);
        }
    } else {
        course.start = match outcome {
            Outcome::NeverStarts => None,
            _ => earliest
                .and_then(|earliest| after_pauses(earliest + plan.queued_for, around.pauses)),
        };
        if let Some(forced) = build.forced_start {
            course.start = Some(course.start.map_or(forced, |start| start.min(forced)));
        }
        natural_end(&mut course, build, outcome, around.doubts);
    }
    apply_dependencies(&mut course, &around, composite);
    if let Some((at, status)) = build.forced_finish {
        course.start = Some(course.start.map_or(at, |start| start.min(at)));
        course.finish = Some(at);
        course.end = End::Status(status);
    }

    let planned = match outcome {
        Outcome::CanceledBy { user, comment, at } => Some(Cancellation::new(
            build.queued_at + *at,
            (around.user_id)(user),
            comment.as_str(),
        )),
        Outcome::ReAdded {
            broken: Broken::Stopped,
            at,
            ..
        } => Some(Cancellation {
            shown: Some("Exit code 143".to_owned()),
            ..Cancellation::new(build.queued_at + *at, None, "")
        }),
        Outcome::CanceledByServer { reason, at } => Some(Cancellation::by_server(
            build.queued_at + *at,
            reason.as_str(),
        )),
        _ => None,
    };
    let timed_out = (approval == Some(None)).then(|| {
        let at = build.queued_at + plan.approval_timeout;
        Cancellation::new(at, None, "Build approval timed out")
    });
    let lost = course
        .start
        .filter(|_| build.bad_revision && around.doubts.lost_commit_cancels)
        .map(|start| Cancellation::by_server(start + CHECKOUT, "Build revision not found"));
    let first = [build.canceled.clone(), planned, timed_out, lost]
        .into_iter()
        .flatten()
        .min_by_key(|c| c.at);
    if let Some(cancellation) = first
        && course.finish.is_none_or(|finish| finish > cancellation.at)
    {
        let running = course.start.is_some_and(|start| start <= cancellation.at);
        if running {
            // Only a person's stop has to reach the agent.
            let takes = if cancellation.shown.is_some() {
                Duration::ZERO
            } else {
                plan.cancel_takes
            };
            course.finish = Some(cancellation.at + takes);
        } else {
            course.start = None;
            course.finish = Some(cancellation.at);
        }
        let mut cancellation = cancellation;
        if around.doubts.reasons_in_canceled_info_alone && !cancellation.comment.is_empty() {
            cancellation.shown = None;
        }
        course.end = End::Canceled(cancellation.clone());
        course.cancellation = Some(cancellation);
        unknown_for = Duration::ZERO;
    }
    course.unknown_until = course
        .finish
        .map_or(Duration::ZERO, |finish| finish + unknown_for);
    course
}

fn natural_end(course: &mut Timeline, build: &Build, outcome: &Outcome, doubts: &Doubts) {
    let plan = &build.plan;
    let Some(start) = course.start else { return };
    let usual = Some(start + plan.runs_for);
    (course.finish, course.end) = match outcome {
        Outcome::ReAdded {
            broken: Broken::AgentLost,
            at,
            ..
        }
        | Outcome::Retried { at, .. } => {
            (Some(build.queued_at + *at), End::Status(Status::Failure))
        }
        Outcome::Hangs
        | Outcome::CanceledBy { .. }
        | Outcome::CanceledByServer { .. }
        | Outcome::ReAdded { .. } => (None, End::Status(Status::Success)),
        Outcome::Failure => (usual, End::Status(Status::Failure)),
        Outcome::Error => (usual, End::Status(Status::Error)),
        Outcome::FailedToStart => (
            Some(start),
            End::FailedToStart(
                plan.status_text
                    .clone()
                    .unwrap_or_else(|| "Failed to start build".to_owned()),
            ),
        ),
        _ => (usual, End::Status(Status::Success)),
    };
    if let Some(reason) = &build.cannot_start {
        course.finish = Some(start);
        course.end = End::FailedToStart(reason.clone());
    }
    if build.bad_revision && !doubts.lost_commit_cancels {
        course.finish = Some(start + plan.runs_for.min(CHECKOUT));
        course.end = End::Status(Status::Failure);
    }
    if let Some(lost) = plan.agent_lost_at {
        course.finish = Some(start + lost);
        course.end = End::Status(Status::Failure);
    }
}

fn apply_dependencies(course: &mut Timeline, around: &Circumstances<'_>, composite: bool) {
    for dependency in around
        .dependencies
        .iter()
        .filter(|d| !d.timeline.succeeded())
    {
        let what = match dependency.timeline.end {
            End::Status(_) => dependency.on_failure,
            End::FailedToStart(_) | End::Canceled(_) => dependency.on_cancel,
        };
        match what {
            OnDependency::Run => {}
            OnDependency::RunAddProblem => {
                course.failed_dependencies.push(dependency.id);
                if course.end == End::Status(Status::Success) {
                    course.end = End::Status(Status::Failure);
                }
            }
            // A composite that fails says that it failed to start, whatever else ran in it (2018).
            OnDependency::FailToStart if composite => {
                course.failed_dependencies.push(dependency.id);
                course.failed_to_start = true;
            }
            OnDependency::FailToStart => {
                course.failed_dependencies.push(dependency.id);
                course.start = course.ready;
                course.finish = course.ready;
                course.end = End::FailedToStart("Snapshot dependency failed".to_owned());
            }
            OnDependency::Cancel => {
                if let Some(at) = course.ready {
                    let reason = format!("Snapshot dependencies failed: {}", dependency.name);
                    let cancellation = Cancellation::by_server(at, reason);
                    course.start = None;
                    course.finish = Some(at);
                    course.end = End::Canceled(cancellation.clone());
                    course.cancellation = Some(cancellation);
                }
            }
        }
    }
}

/// The first time from `moment` on at which the queue is not paused.
fn after_pauses(moment: Duration, pauses: &[(Duration, Option<Duration>)]) -> Option<Duration> {
    let mut moment = moment;
    for (from, until) in pauses {
        if moment >= *from {
            match until {
                None => return None,
                Some(until) => moment = moment.max(*until),
            }
        }
    }
    Some(moment)
}
