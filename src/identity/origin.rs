//! What the tags of a build tell of where it comes from.

/// How a step treats a build that it queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// It waits for the end (`WAIT`).
    pub waits: bool,
    /// It cancels it when it stops (`CANCEL_ON_STOP`), so that others may.
    pub cancels: bool,
}

impl Manner {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self {
            waits: true,
            cancels: true,
        },
        Self {
            waits: false,
            cancels: true,
        },
        Self {
            waits: true,
            cancels: false,
        },
        Self {
            waits: false,
            cancels: false,
        },
    ];

    /// Of a build that a step waits for, and that is of no use without the step.
    pub const LEFT_BEHIND: Self = Self {
        waits: true,
        cancels: true,
    };

    pub(super) fn word(self) -> &'static str {
        match (self.waits, self.cancels) {
            (true, true) => "waited",
            (false, true) => "started",
            (true, false) => "waited-kept",
            (false, false) => "started-kept",
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manner| manner.word() == word)
    }
}

/// A step of a pipeline, and which run of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRun {
    /// Digits that stand for the step's UUID.
    pub step: String,
    /// 1, and one more with each re-run of the step.
    pub run: u64,
}

/// Where a build of this repository comes from. What version 0.1.0 queued tells the pipeline alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The pipeline's number.
    pub pipeline: u64,
    /// How its step treats it.
    pub manner: Option<Manner>,
    /// Its step.
    pub step: Option<StepRun>,
    /// The first twelve digits of the pipeline's commit.
    pub commit: Option<String>,
}
