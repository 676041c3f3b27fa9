//! Tests of a build.

use serde::Deserialize;

use super::build::{Build, UserRef};
use super::numbers;

/// A test in a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestOccurrence {
    /// `id:…,build:(id:…)`.
    pub id: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// `SUCCESS`, `FAILURE`, `ERROR`, `UNKNOWN`.
    pub status: Option<String>,
    /// In milliseconds.
    #[serde(deserialize_with = "numbers::amount")]
    pub duration: Option<u64>,
    /// Stack trace and output.
    pub details: Option<String>,
    /// Failed for the first time.
    pub new_failure: bool,
    /// Failed, but muted.
    pub muted: bool,
    /// Not run.
    pub ignored: bool,
    /// Why it was not run.
    pub ignore_details: Option<String>,
    /// Somebody is at it now.
    pub currently_investigated: bool,
    /// The test, which is the same in all builds.
    pub test: Option<Test>,
    /// Where the failure began; absent where that is this very build.
    pub first_failed: Option<FirstFailed>,
}

/// A test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Test {
    /// A long signed number, as text.
    pub id: Option<String>,
    /// Who looks, or looked, after it.
    pub investigations: Option<Investigations>,
}

/// Those of a test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Investigations {
    /// Given-up and fixed ones too.
    pub investigation: Vec<Investigation>,
}

/// Somebody looks after it, or did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Investigation {
    /// `TAKEN`: now.
    pub state: Option<String>,
    /// Who.
    pub assignee: Option<UserRef>,
}

/// The occurrence in which a failure began.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FirstFailed {
    /// Its build.
    pub build: Option<Build>,
}

impl TestOccurrence {
    /// Whether somebody is at it now, and who, if that is said.
    pub fn investigator(&self) -> Option<Option<String>> {
        let all = self
            .test
            .as_ref()
            .and_then(|test| test.investigations.as_ref());
        let taken = all
            .into_iter()
            .flat_map(|all| &all.investigation)
            .find(|one| one.state.as_deref() == Some("TAKEN"));
        let who = taken
            .and_then(|one| one.assignee.as_ref())
            .and_then(|user| user.called().map(ToOwned::to_owned));
        (self.currently_investigated || taken.is_some()).then_some(who)
    }
}
