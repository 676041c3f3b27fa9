//! The exit status: the one place that knows the numbers.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// 0: every build succeeded, or was queued and was not to be waited for.
    Success,
    /// 1: a build failed.
    BuildFailed,
    /// 2: a build was canceled, or failed to start.
    Canceled,
    /// 3: variables or arguments are missing or wrong. Nothing was sent.
    Usage,
    /// 4: TeamCity refused: token, permission, unknown configuration or revision.
    Refused,
    /// 5: TeamCity could not be reached, or did not answer sensibly, for as long as it was to be retried.
    Unreachable,
    /// 6: every build succeeded, but an artifact that `ARTIFACTS_REQUIRED` demands is missing.
    ArtifactMissing,
    /// 124: a time limit passed.
    Timeout,
    /// 128 + n: stopped by signal n.
    Signal(u8),
}

impl ExitStatus {
    /// The number for the operating system.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::BuildFailed => 1,
            Self::Canceled => 2,
            Self::Usage => 3,
            Self::Refused => 4,
            Self::Unreachable => 5,
            Self::ArtifactMissing => 6,
            Self::Timeout => 124,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }

    /// Of two that apply, the one that decides: signal, 124, 5, 4, 1, 2, 6, 0.
    ///
    /// A usage error comes before anything is sent, so that it never meets another; it would rank first.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::ArtifactMissing => 1,
            Self::Canceled => 2,
            Self::BuildFailed => 3,
            Self::Refused => 4,
            Self::Unreachable => 5,
            Self::Timeout => 6,
            Self::Signal(_) => 7,
            Self::Usage => 8,
        }
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// What each status means, for the help text and the documents: number and meaning.
pub const TABLE: &[(&str, &str)] = &[
    (
        "0",
        "every build succeeded (or was queued, with `WAIT: 'false'`)",
    ),
    ("1", "a build failed"),
    ("2", "a build was canceled, or failed to start"),
    (
        "3",
        "variables or arguments are missing or wrong; nothing was sent",
    ),
    (
        "4",
        "TeamCity refused: token, permission, unknown configuration, unknown revision",
    ),
    (
        "5",
        "TeamCity could not be reached, or gave no usable answer, for the time in `RETRY_FOR`",
    ),
    (
        "6",
        "every build succeeded, but an artifact that `ARTIFACTS_REQUIRED` demands is missing",
    ),
    ("124", "`TIMEOUT` or `QUEUE_TIMEOUT` passed"),
    ("128+n", "stopped by signal n"),
];

#[cfg(test)]
mod tests {
    use super::ExitStatus::{
        ArtifactMissing, BuildFailed, Canceled, Refused, Signal, Success, Timeout, Unreachable,
        Usage,
    };

    #[test]
    fn has_the_documented_numbers() {
        let all = [
            Success,
            BuildFailed,
            Canceled,
            Usage,
            Refused,
            Unreachable,
            ArtifactMissing,
            Timeout,
            Signal(15),
        ];
        assert_eq!(
            all.map(super::ExitStatus::code),
            [0, 1, 2, 3, 4, 5, 6, 124, 143]
        );
        assert_eq!(Signal(200).code(), 255);
    }

    #[test]
    fn the_first_of_the_documented_order_decides() {
        let order = [
            Signal(2),
            Timeout,
            Unreachable,
            Refused,
            BuildFailed,
            Canceled,
            ArtifactMissing,
            Success,
        ];
        for (index, first) in order.into_iter().enumerate() {
            for second in &order[index..] {
                assert_eq!(first.worst(*second), first);
                assert_eq!(second.worst(first), first);
            }
        }
    }
}
