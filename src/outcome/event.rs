//! What happens during a run. The run says it once; the console, Bitbucket and files each make of it what they need.

use std::time::Duration;

use super::builds::{BuildOutcome, ChainBuild, Moment, RunOutcome};
use crate::types::{BuildId, BuildTypeId};

/// Which of the run's builds: its place in `BUILD_TYPE_ID`.
pub type Position = usize;

/// Hears of what happens.
pub trait Events {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The server and the token were found good.
    Connected {
        /// Base URL.
        server: String,
        /// As the server says it (`2025.11 (build 207946)`).
        version: String,
        /// Whose token it is; `None` for the super user.
        user: Option<String>,
        /// When it expires, if that is known.
        expires: Option<Moment>,
    },
    /// Something worth knowing, that changes no result.
    Note(String),
    /// Something that the user should mend, though it changes no result.
    Warning(String),
    /// The same, with what to do about it apart.
    Odd {
        /// What is odd.
        what: String,
        /// What follows from it, and what to do.
        cure: String,
    },
    /// The command can't go on.
    Failed(String),
    /// A build was put into the queue, or an earlier one was joined.
    Queued(QueuedBuild),
    /// Why it waits, or when TeamCity thinks it starts, has changed.
    Waiting {
        /// Which.
        build: Position,
        /// TeamCity's own words.
        reason: Option<String>,
        /// After how long it may start.
        estimate: Option<Duration>,
        /// How long it has been waiting.
        waiting: Duration,
    },
    /// It runs.
    Started {
        /// Which.
        build: Position,
        /// Its number.
        number: Option<String>,
        /// On which agent; agentless and composite builds have none.
        agent: Option<String>,
        /// Its page, which may have changed since it was queued.
        url: Option<String>,
        /// TeamCity's estimate of its whole length.
        estimate: Option<Duration>,
    },
    /// It runs on.
    Progress {
        /// Which.
        build: Position,
        /// The stage (`Step 2/3`).
        stage: Option<String>,
        /// Percentage, with an estimate only.
        percentage: Option<u64>,
        /// Time left, with an estimate only.
        left: Option<Duration>,
        /// How long it has been running.
        elapsed: Option<Duration>,
    },
    /// It is failing, but goes on.
    Failing {
        /// Which.
        build: Position,
        /// TeamCity's words.
        text: Option<String>,
    },
    /// Something keeps it, and somebody has to act.
    Stuck {
        /// Which.
        build: Position,
        /// What and what to do.
        what: String,
    },
    /// TeamCity merged it with an equal one.
    Merged {
        /// Which.
        build: Position,
        /// The survivor.
        survivor: BuildId,
    },
    /// It was broken off, and TeamCity put another in its place, which is followed instead.
    PutBack {
        /// Which.
        build: Position,
        /// The one that was broken off.
        broken: BuildId,
        /// How TeamCity calls its end.
        said: Option<String>,
        /// The other.
        successor: BuildId,
        /// Its page.
        url: Option<String>,
    },
    /// A build that it depends on has changed its state.
    Dependency {
        /// Which waits for it.
        build: Position,
        /// How it stands.
        dependency: Box<ChainBuild>,
    },
    /// A line of its log.
    LogLine {
        /// Which.
        build: Position,
        /// The configuration of the chain whose log it is, where not the build's own.
        within: Option<String>,
        /// How much it matters.
        level: LogLevel,
        /// How deep in blocks.
        depth: usize,
        /// The text, as the server gave it.
        text: String,
    },
    /// It ended; what the server knows of it was read.
    Finished {
        /// Which.
        build: Position,
        /// How, and with what.
        outcome: Box<BuildOutcome>,
    },
    /// The server does not answer.
    Outage {
        /// What it is.
        why: String,
        /// How long it will be retried.
        retry_for: Duration,
    },
    /// It answers again.
    Recovered {
        /// After so long.
        after: Duration,
    },
    /// The run is being stopped: builds will be canceled, or left alone.
    Stopping {
        /// Why.
        why: String,
    },
    /// A build was canceled by this run, or could not be.
    Cancel {
        /// Which build, as people would call it.
        what: String,
        /// `Err` with the reason where that did not work.
        result: Result<(), String>,
    },
}

/// What Bitbucket is to be told of.
#[derive(Debug, Clone)]
pub enum News {
    /// These builds were begun.
    Begun(Vec<QueuedBuild>),
    /// The step is being stopped, and this is how things will stand.
    Stopped(RunOutcome),
    /// An older build was canceled in favour of one of this run's.
    Superseded(Superseded),
}

/// An older build that was canceled in favour of one of this run's.
#[derive(Debug, Clone)]
pub struct Superseded {
    /// Its id.
    pub id: BuildId,
    /// Its page.
    pub url: Option<String>,
    /// The commits that may bear its row, one of which its pipeline ran on.
    pub commits: Vec<String>,
}

/// A build, freshly queued or joined.
#[derive(Debug, Clone)]
pub struct QueuedBuild {
    /// Which.
    pub build: Position,
    /// Of how many.
    pub of: usize,
    /// Its id.
    pub id: BuildId,
    /// Its configuration.
    pub build_type: BuildTypeId,
    /// The configuration's name, with its project.
    pub name: String,
    /// Its page.
    pub url: Option<String>,
    /// Logical branch.
    pub branch: Option<String>,
    /// The commit asked for; `None` for none.
    pub revision: Option<String>,
    /// Why it was not queued but joined.
    pub joined: Option<&'static str>,
}

/// How much a line of a build log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// An ordinary line.
    Normal,
    /// A warning.
    Warning,
    /// An error or failure.
    Error,
    /// The head of a block.
    Block,
}
