//! What came of a run: wire-free, and all that any report may draw on.
//!
//! Texts in here are as the server gave them: each report makes them harmless for its own medium.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::comparison::Comparison;
use super::often::Often;
use super::whose::Class;
use crate::exit::ExitStatus;
use crate::types::{BuildId, BuildTypeId};

/// A moment on the server's clock.
pub type Moment = DateTime<FixedOffset>;

/// A run, ended.
#[derive(Debug, Clone)]
pub struct RunOutcome {
    /// The server, as the user reaches it.
    pub server_url: String,
    /// Tells this run from others of the same configurations on the same commit (`LABEL`).
    pub label: Option<String>,
    /// The builds, in the order of `BUILD_TYPE_ID`.
    pub builds: Vec<BuildOutcome>,
    /// How the step ends.
    pub status: ExitStatus,
    /// Why, if not by a build's own ending: a stop, a time-out, a refusal. One or more lines for a person.
    pub reason: Option<String>,
}

/// One build, as it ended or was last seen.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildOutcome {
    /// Its build configuration.
    pub build_type: BuildTypeId,
    /// The configuration's name; its id where the name is unknown.
    pub name: String,
    /// The project's full name (`Parent / Sub`).
    pub project: Option<String>,
    /// `None`: it never got an id, since it was not queued.
    pub id: Option<BuildId>,
    /// TeamCity's build number, which a queued build has not.
    pub number: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// Its page in TeamCity.
    pub url: Option<String>,
    /// Logical branch.
    pub branch: Option<String>,
    /// That is the default branch, or there are no branches.
    pub on_default: bool,
    /// The commit of this pipeline's repository that it built.
    pub revision: Option<String>,
    /// When it was queued.
    pub queued_at: Option<Moment>,
    /// When it started.
    pub started_at: Option<Moment>,
    /// When it finished.
    pub finished_at: Option<Moment>,
    /// TeamCity's own summary (`Tests failed: 2 (1 new), passed: 40`).
    pub status_text: Option<String>,
    /// The agent that ran it.
    pub agent: Option<String>,
    /// Who canceled it.
    pub canceled: Option<Cancellation>,
    /// Numbers of its tests; `None` where there were none, or they could not be had.
    pub tests: Option<TestCounts>,
    /// The first failed tests, in the order of their classes.
    pub failed_tests: Vec<FailedTest>,
    /// Those that failed but are muted.
    pub muted_tests: Vec<FailedTest>,
    /// Numbers beside those of the default branch's last finished build.
    pub comparison: Option<Comparison>,
    /// Its build problems.
    pub problems: Vec<Problem>,
    /// How many problems its counter names, muted ones among them.
    pub promised_problems: u64,
    /// Its snapshot dependencies, all levels, without itself.
    pub chain: Vec<ChainBuild>,
    /// The changes that it is the first to build, newest first.
    pub changes: Vec<BuiltChange>,
    /// Builds that were broken off, and in whose place TeamCity put the next one, and this one last.
    pub broken_off: Vec<BrokenOff>,
    /// It was not queued by this run, but joined: an earlier try, `REUSE` or `BUILD_ID`.
    pub joined: bool,
}

impl RunOutcome {
    /// A name with the run's label, if it has one.
    pub fn labeled(&self, name: &str) -> String {
        labeled(name, self.label.as_deref())
    }
}

/// A name with a label, if there is one.
pub fn labeled(name: &str, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{name} ({label})"),
        None => name.to_owned(),
    }
}

impl BuildOutcome {
    /// An outcome of a build of which nothing is known yet.
    pub fn unknown(build_type: BuildTypeId, ending: Ending) -> Self {
        Self {
            name: build_type.to_string(),
            build_type,
            project: None,
            id: None,
            number: None,
            ending,
            url: None,
            branch: None,
            on_default: false,
            revision: None,
            queued_at: None,
            started_at: None,
            finished_at: None,
            status_text: None,
            agent: None,
            canceled: None,
            tests: None,
            failed_tests: Vec::new(),
            muted_tests: Vec::new(),
            comparison: None,
            problems: Vec::new(),
            promised_problems: 0,
            chain: Vec::new(),
            changes: Vec::new(),
            broken_off: Vec::new(),
            joined: false,
        }
    }

    /// The configuration's name with its project.
    pub fn full_name(&self) -> String {
        match &self.project {
            Some(project) => format!("{project} / {}", self.name),
            None => self.name.clone(),
        }
    }

    /// How long it waited, and how long it ran, as far as known.
    pub fn durations(&self) -> (Option<Duration>, Option<Duration>) {
        let between = |from: Option<Moment>, to: Option<Moment>| {
            to?.signed_duration_since(from?).to_std().ok()
        };
        (
            between(self.queued_at, self.started_at.or(self.finished_at)),
            between(self.started_at, self.finished_at),
        )
    }
}

/// How a build ended, or where it stood when the run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Still in the queue.
    Queued,
    /// Still running.
    Running,
    /// Finished and successful.
    Success,
    /// Finished and failed.
    Failure,
    /// Canceled, by someone or by this run.
    Canceled,
    /// It never began: an internal error, a failed dependency.
    FailedToStart,
    /// Its record is gone.
    Deleted,
    /// It built something else than was asked.
    WrongRevision,
    /// TeamCity could not find its commit, and so broke it off.
    CommitNotFound,
    /// `TIMEOUT` or `QUEUE_TIMEOUT` passed.
    TimedOut,
    /// Refused by TeamCity, so that it was never queued.
    NotQueued,
    /// The server says something that this version does not know, or nothing.
    Unknown(String),
}

impl Ending {
    /// The value of `TEAMCITY_BUILD_STATUS`.
    pub fn status_word(&self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Canceled | Self::FailedToStart | Self::CommitNotFound => "CANCELED",
            Self::TimedOut => "TIMEOUT",
            Self::Running
            | Self::Deleted
            | Self::WrongRevision
            | Self::NotQueued
            | Self::Unknown(_) => "UNKNOWN",
        }
    }

    /// What the step ends with if this were the only build.
    pub fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Success => ExitStatus::Success,
            Self::Failure => ExitStatus::BuildFailed,
            Self::Canceled | Self::FailedToStart | Self::Deleted => ExitStatus::Canceled,
            Self::WrongRevision | Self::CommitNotFound | Self::NotQueued => ExitStatus::Refused,
            Self::TimedOut => ExitStatus::Timeout,
            Self::Queued | Self::Running | Self::Unknown(_) => ExitStatus::Unreachable,
        }
    }

    /// In words, for people.
    pub fn words(&self) -> &str {
        match self {
            Self::Queued => "queued",
            Self::Running => "still running",
            Self::Success => "success",
            Self::Failure => "failed",
            Self::Canceled => "canceled",
            Self::FailedToStart => "failed to start",
            Self::Deleted => "deleted",
            Self::WrongRevision => "built another commit",
            Self::CommitNotFound => "commit not found",
            Self::TimedOut => "timed out",
            Self::NotQueued => "not queued",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A build that was broken off, and in whose place TeamCity put another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenOff {
    /// Its id.
    pub id: BuildId,
    /// Its page.
    pub url: Option<String>,
    /// How TeamCity calls its end.
    pub said: Option<String>,
}

/// Who canceled a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The user's name, if a user did.
    pub by: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// When.
    pub at: Option<Moment>,
}

/// How many tests did what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TestCounts {
    /// All of them.
    pub total: u64,
    /// Passed.
    pub passed: u64,
    /// Failed, and not muted.
    pub failed: u64,
    /// Failed here for the first time; part of `failed`.
    pub new_failed: u64,
    /// Ignored.
    pub ignored: u64,
    /// Failed, but muted, so that they fail no build.
    pub muted: u64,
}

/// A failed test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedTest {
    /// TeamCity's full name (`suite: package.Class.method(param)`).
    pub name: String,
    /// Stack trace and output, as far as asked for.
    pub details: Option<String>,
    /// TeamCity says that it did not fail in the build before.
    pub new_failure: bool,
    /// Whose failure it is.
    pub class: Class,
    /// How often it failed among the default branch's last builds, where enough of them ran it.
    pub often: Option<Often>,
    /// How long it took.
    pub duration: Option<Duration>,
    /// The configuration of the chain in which it failed, where that is not the build itself.
    pub within: Option<String>,
}

/// A build problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// TeamCity's type (`TC_EXIT_CODE`); an open set.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// Whose it is; `None` for one that only sums up failed tests.
    pub class: Option<Class>,
    /// The configuration of the chain in which it arose, where that is not the build itself.
    pub within: Option<String>,
}

/// A build of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainBuild {
    /// Its id at the time; queued ones may be swapped by the queue optimizer.
    pub id: BuildId,
    /// Its build configuration.
    pub build_type: BuildTypeId,
    /// The configuration's name.
    pub name: String,
    /// Its number.
    pub number: Option<String>,
    /// On the default branch, or in a configuration without branches.
    pub on_default: bool,
    /// How it ended, or stands.
    pub ending: Ending,
    /// Its page.
    pub url: Option<String>,
    /// When it was queued.
    pub queued_at: Option<Moment>,
    /// When it started.
    pub started_at: Option<Moment>,
    /// When it finished.
    pub finished_at: Option<Moment>,
    /// Builds of this chain that it waits for.
    pub depends_on: Vec<BuildId>,
    /// It had finished before this chain was queued.
    pub reused: bool,
    /// How many of its tests failed.
    pub failed_tests: u64,
    /// What TeamCity, or who canceled it, says of its end.
    pub said: Option<String>,
    /// Its logical branch, where the server names one.
    pub branch: Option<String>,
    /// What its VCS roots are at; empty until the server has chosen.
    pub revisions: Vec<RootAt>,
}

/// A VCS root at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootAt {
    /// The root's external id, if the server names it.
    pub root: Option<String>,
    /// The revision, once it is known.
    pub version: Option<String>,
}

/// A change that the build is the first to contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltChange {
    /// The commit.
    pub version: String,
    /// Who made it.
    pub author: Option<String>,
    /// The first line of its message.
    pub comment: Option<String>,
}
