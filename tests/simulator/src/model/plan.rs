//! The script of a build: what will happen to it, and when.

use std::time::Duration;

use crate::log::LogScript;

use super::{Artifact, Artifacts, Problem, Tests};

/// A build's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Good.
    Success,
    /// Bad.
    Failure,
    /// An internal error.
    Error,
    /// Canceled, or not known yet.
    Unknown,
}

impl Status {
    /// As TeamCity writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Error => "ERROR",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What breaks a build that TeamCity then puts back into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It is stopped, such as with its spot instance: it ends as canceled.
    Stopped,
    /// Its agent is lost: it ends as failed.
    AgentLost,
}

/// How a build ends.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It succeeds.
    Success,
    /// It fails.
    Failure,
    /// It ends with an internal error.
    Error,
    /// It never really runs.
    FailedToStart,
    /// Somebody else cancels it.
    CanceledBy {
        /// Login name.
        user: String,
        /// Their comment.
        comment: String,
        /// When, measured from queueing.
        at: Duration,
    },
    /// TeamCity itself cancels it: no user did, and the reason is all there is.
    CanceledByServer {
        /// Such as `Build revision not found`.
        reason: String,
        /// When, measured from queueing.
        at: Duration,
    },
    /// It breaks, and TeamCity puts it back into the queue as another build.
    ReAdded {
        /// What breaks it.
        broken: Broken,
        /// When, measured from queueing: best while it runs.
        at: Duration,
        /// What the successor does.
        then: Box<Plan>,
    },
    /// It fails, and as a dependency it is retried: its chain goes on with another build in its place (2026.2).
    Retried {
        /// When, measured from queueing: best while it runs.
        at: Duration,
        /// What the other build does.
        then: Box<Plan>,
    },
    /// It vanishes so long after queueing.
    DeletedAt(Duration),
    /// It runs and never ends.
    Hangs,
    /// No agent ever takes it.
    NeverStarts,
    /// It waits for an approval, and goes on as told when it comes.
    AwaitsApproval {
        /// What happens after the approval.
        then: Box<Outcome>,
    },
    /// It ends as told, but its status reads UNKNOWN for a while after the end.
    UnknownAtFinishFor(Duration, Box<Outcome>),
    /// It succeeds, on another revision than was asked for.
    BuildsOtherRevision(String),
    /// It succeeds, on another branch (a logical name) than was asked for.
    BuildsOtherBranch(String),
    /// The queue's optimizer merges it so long after queueing into another build of the same
    /// configuration: the newest unfinished one, or else one that somebody else queues at that time.
    MergedInto {
        /// When, measured from queueing.
        at: Duration,
    },
}

/// The script of a build.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) queued_for: Duration,
    pub(crate) runs_for: Duration,
    pub(crate) estimate: Option<Duration>,
    pub(crate) outcome: Outcome,
    pub(crate) fails_at: Option<Duration>,
    pub(crate) log: Option<LogScript>,
    pub(crate) stages: Vec<String>,
    pub(crate) wait_reason: Option<String>,
    pub(crate) tests: Tests,
    pub(crate) problems: Vec<Problem>,
    pub(crate) artifacts: Artifacts,
    pub(crate) statistics: Vec<(String, String)>,
    pub(crate) status_text: Option<String>,
    pub(crate) agent_lost_at: Option<Duration>,
    pub(crate) probably_hanging_from: Option<Duration>,
    pub(crate) cancel_takes: Duration,
    pub(crate) detached_from: Option<Duration>,
    pub(crate) approval_timeout: Duration,
    pub(crate) revisions_late: Duration,
    pub(crate) revisions_unknown_for: Duration,
    pub(crate) lists_late: Duration,
    pub(crate) counters_short: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// Queued for 2 s, runs for 30 s with a right estimate, succeeds.
    pub fn new() -> Self {
        Self {
            queued_for: Duration::from_secs(2),
            runs_for: Duration::from_secs(30),
            estimate: Some(Duration::from_secs(30)),
            outcome: Outcome::Success,
            fails_at: None,
            log: None,
            stages: Vec::new(),
            wait_reason: None,
            tests: Tests::default(),
            problems: Vec::new(),
            artifacts: Artifacts::default(),
            statistics: Vec::new(),
            status_text: None,
            agent_lost_at: None,
            probably_hanging_from: None,
            cancel_takes: Duration::from_secs(2),
            detached_from: None,
            approval_timeout: Duration::from_secs(360 * 60),
            revisions_late: Duration::ZERO,
            revisions_unknown_for: Duration::ZERO,
            lists_late: Duration::ZERO,
            counters_short: 0,
        }
    }
    /// How long it waits in the queue (after its dependencies and the approval).
    pub fn queued_for(mut self, time: Duration) -> Self {
        self.queued_for = time;
        self
    }
    /// How long it runs. Also sets the estimate, unless that is set afterwards.
    pub fn runs_for(mut self, time: Duration) -> Self {
        self.runs_for = time;
        self.estimate = Some(time);
        self
    }
    /// What TeamCity believes how long it will run; `None`: it has no idea.
    pub fn estimate(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.estimate = time.into();
        self
    }
    /// How it ends.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
    /// From this time after its start the status so far is FAILURE, and failed tests are shown.
    pub fn fails_at(mut self, time: Duration) -> Self {
        self.fails_at = Some(time);
        self
    }
    /// Its log. Lines that are later than the build's end never come.
    pub fn log(mut self, log: LogScript) -> Self {
        self.log = Some(log);
        self
    }
    /// Names of its stages, which share its time equally.
    pub fn stages<S: Into<String>>(mut self, stages: impl IntoIterator<Item = S>) -> Self {
        self.stages = stages.into_iter().map(Into::into).collect();
        self
    }
    /// What the queue says about why it waits.
    pub fn wait_reason(mut self, reason: impl Into<String>) -> Self {
        self.wait_reason = Some(reason.into());
        self
    }
    /// Its tests.
    pub fn tests(mut self, tests: Tests) -> Self {
        self.tests = tests;
        self
    }
    /// Its problems.
    pub fn problems(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems = problems.into_iter().collect();
        self
    }
    /// Its artifacts.
    pub fn artifacts(mut self, artifacts: impl IntoIterator<Item = Artifact>) -> Self {
        self.artifacts = artifacts.into_iter().collect();
        self
    }
    /// A value that it has at its end, such as `CodeCoverageL`; it takes the place of TeamCity's own of that name.
    pub fn statistic(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.statistics.push((name.into(), value.into()));
        self
    }
    /// Its status text at the end, instead of the one that follows from tests and problems.
    pub fn status_text(mut self, text: impl Into<String>) -> Self {
        self.status_text = Some(text.into());
        self
    }
    /// The agent is lost so long after the start, and the build fails of it.
    pub fn agent_lost_at(mut self, time: Duration) -> Self {
        self.agent_lost_at = Some(time);
        self
    }
    /// TeamCity believes that the build hangs from this time after its start.
    pub fn probably_hanging_from(mut self, time: Duration) -> Self {
        self.probably_hanging_from = Some(time);
        self
    }
    /// How long a running build takes to stop.
    pub fn cancel_takes(mut self, time: Duration) -> Self {
        self.cancel_takes = time;
        self
    }
    /// The build goes on without its agent from this time after its start.
    pub fn detached_from(mut self, time: Duration) -> Self {
        self.detached_from = Some(time);
        self
    }
    /// So long after its start it names no revision.
    pub fn revisions_late(mut self, time: Duration) -> Self {
        self.revisions_late = time;
        self
    }
    /// So long after its start its revisions have the version `N/A`.
    pub fn revisions_unknown_for(mut self, time: Duration) -> Self {
        self.revisions_unknown_for = time;
        self
    }
    /// So long after its end the lists of tests and problems are empty, whatever the counters say.
    pub fn lists_late(mut self, time: Duration) -> Self {
        self.lists_late = time;
        self
    }
    /// The counters of failed tests and of problems say so many fewer than there are.
    pub fn counters_short(mut self, by: usize) -> Self {
        self.counters_short = by;
        self
    }
    /// After how long a missing approval cancels the build.
    pub fn approval_timeout(mut self, time: Duration) -> Self {
        self.approval_timeout = time;
        self
    }
}
