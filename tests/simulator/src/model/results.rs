//! What a build finds: tests and problems.

use std::time::Duration;

/// A failed test.
#[derive(Debug, Clone)]
pub struct FailedTest {
    /// Full name.
    pub name: String,
    /// Stack trace and output.
    pub details: String,
    /// Whether it did not fail in the build before.
    pub new: bool,
    /// Whether it is muted, so that it does not fail the build.
    pub muted: bool,
    /// Whether its status is ERROR rather than FAILURE.
    pub status_error: bool,
    /// How long it took.
    pub duration: Duration,
    /// The build in which the failure began, and its number; `None`: TeamCity does not say.
    pub first_failed: Option<(u64, String)>,
    /// Whether it is muted by now, whatever it was in the build.
    pub currently_muted: bool,
    /// Who looks after it: login name, and state (`TAKEN`, `FIXED`, `GIVEN_UP`). Only the first means that it is investigated now.
    pub investigations: Vec<(String, String)>,
}

impl FailedTest {
    /// A test that failed before too.
    pub fn new(name: impl Into<String>, details: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            details: details.into(),
            new: false,
            muted: false,
            status_error: false,
            duration: Duration::from_millis(12),
            first_failed: None,
            currently_muted: false,
            investigations: Vec::new(),
        }
    }
    /// It did not fail in the build before.
    pub fn newly(mut self) -> Self {
        self.new = true;
        self
    }
    /// It is muted, in the build and now.
    pub fn muted(mut self) -> Self {
        self.muted = true;
        self.currently_muted = true;
        self
    }
    /// It was muted after the build.
    pub fn muted_since(mut self) -> Self {
        self.currently_muted = true;
        self
    }
    /// The failure began in this build.
    pub fn first_failed(mut self, build: u64, number: &str) -> Self {
        self.first_failed = Some((build, number.to_owned()));
        self
    }
    /// Somebody looks after it, in a state such as `TAKEN`, `FIXED` or `GIVEN_UP`.
    pub fn investigated(mut self, user: &str, state: &str) -> Self {
        self.investigations
            .push((user.to_owned(), state.to_owned()));
        self
    }
    /// Whether somebody looks after it now.
    pub(crate) fn currently_investigated(&self) -> bool {
        self.investigations
            .iter()
            .any(|(_, state)| state == "TAKEN")
    }
    /// Its status is ERROR.
    pub fn error(mut self) -> Self {
        self.status_error = true;
        self
    }
}

/// The tests of a build.
#[derive(Debug, Clone, Default)]
pub struct Tests {
    /// How many passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: Vec<FailedTest>,
    /// How many were ignored.
    pub ignored: usize,
    /// How many of the passed ones are muted.
    pub muted: usize,
    /// Names of the first passed ones; the others have names of their own.
    pub named: Vec<String>,
}

impl Tests {
    /// Only passed tests.
    pub fn passed(count: usize) -> Self {
        Self {
            passed: count,
            ..Self::default()
        }
    }
    /// Adds failed tests.
    pub fn failed(mut self, tests: impl IntoIterator<Item = FailedTest>) -> Self {
        self.failed.extend(tests);
        self
    }
    /// Adds passed tests of these names.
    pub fn passing<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let named = self.named.len();
        self.named.extend(names.into_iter().map(Into::into));
        self.passed += self.named.len() - named;
        self
    }
    /// How many there are.
    pub fn count(&self) -> usize {
        self.passed + self.failed.len() + self.ignored
    }
    /// Failed and not muted.
    pub fn failures(&self) -> usize {
        self.failed.iter().filter(|test| !test.muted).count()
    }
}

/// A build problem.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Type, such as `TC_EXIT_CODE`.
    pub kind: String,
    /// Identity within the type.
    pub identity: String,
    /// In words.
    pub details: String,
    /// Data that depends on the type.
    pub additional: Option<String>,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether the build before did not have it.
    pub new: bool,
}

impl Problem {
    /// A problem.
    pub fn new(kind: impl Into<String>, details: impl Into<String>) -> Self {
        let kind = kind.into();
        Self {
            identity: kind.clone(),
            kind,
            details: details.into(),
            additional: None,
            muted: false,
            new: false,
        }
    }
    /// The exit code of a step.
    pub fn exit_code(code: i32, step: &str) -> Self {
        // The identity is the step's, whatever the code.
        Self::new(
            "TC_EXIT_CODE",
            format!("Process exited with code {code} (Step: {step})"),
        )
        .identity("simpleRunnerRUNNER_1_1")
    }
    /// Sets the identity.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = identity.into();
        self
    }
    /// Sets the additional data.
    pub fn additional(mut self, data: impl Into<String>) -> Self {
        self.additional = Some(data.into());
        self
    }
    /// It is muted.
    pub fn muted(mut self) -> Self {
        self.muted = true;
        self
    }
    /// The build before did not have it.
    pub fn newly(mut self) -> Self {
        self.new = true;
        self
    }
}
