//! How a build looks on the page, and where its links may lead.

use crate::outcome::Ending;
use crate::report::insights::web;

/// How a build looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Bad,
    Stopped,
    Open,
}

impl Mood {
    pub(super) fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Success => Self::Good,
            Ending::Canceled | Ending::Deleted | Ending::NotQueued => Self::Stopped,
            Ending::Queued | Ending::Running => Self::Open,
            Ending::Failure
            | Ending::FailedToStart
            | Ending::WrongRevision
            | Ending::CommitNotFound
            | Ending::TimedOut
            | Ending::Unknown(_) => Self::Bad,
        }
    }

    /// The class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Stopped => "stopped",
            Self::Open => "open",
        }
    }

    /// A sign that does not need colour to be told from the others.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Stopped => "■",
            Self::Open => "…",
        }
    }
}

/// The address, if a browser may be sent there.
pub(super) fn address(url: &str) -> Option<String> {
    web(url)
}
