//! Tests of a build.

use serde::Deserialize;

use super::build::{Build, UserRef};
use super::lenient;

/// A page of tests.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestOccurrences {
    /// The tests.
    #[serde(deserialize_with = "lenient::list")]
    pub test_occurrence: Vec<TestOccurrence>,
    /// The next page.
    #[serde(deserialize_with = "lenient::text")]
    pub next_href: Option<String>,
}

/// A test in a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestOccurrence {
    /// `id:…,build:(id:…)`.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Full name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// `SUCCESS`, `FAILURE`, `ERROR`, `UNKNOWN`.
    #[serde(deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// In milliseconds.
    #[serde(deserialize_with = "lenient::amount")]
    pub duration: Option<u64>,
    /// Stack trace and output.
    #[serde(deserialize_with = "lenient::text")]
    pub details: Option<String>,
    /// Failed for the first time.
    #[serde(deserialize_with = "lenient::flag")]
    pub new_failure: bool,
    /// Failed, but muted.
    #[serde(deserialize_with = "lenient::flag")]
    pub muted: bool,
    /// Not run.
    #[serde(deserialize_with = "lenient::flag")]
    pub ignored: bool,
    /// Why it was not run.
    #[serde(deserialize_with = "lenient::text")]
    pub ignore_details: Option<String>,
    /// Somebody is at it now.
    #[serde(deserialize_with = "lenient::flag")]
    pub currently_investigated: bool,
    /// The test, which is the same in all builds.
    #[serde(deserialize_with = "lenient::part")]
    pub test: Option<Test>,
    /// The build in which it ran.
    #[serde(deserialize_with = "lenient::part")]
    pub build: Option<Box<Build>>,
    /// Where the failure began; absent where that is this very build.
    #[serde(deserialize_with = "lenient::part")]
    pub first_failed: Option<FirstFailed>,
}

/// A test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Test {
    /// A long signed number, as text.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Who looks, or looked, after it.
    #[serde(deserialize_with = "lenient::part")]
    pub investigations: Option<Investigations>,
}

/// Those of a test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Investigations {
    /// Given-up and fixed ones too.
    #[serde(deserialize_with = "lenient::list")]
    pub investigation: Vec<Investigation>,
}

/// Somebody looks after it, or did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Investigation {
    /// `TAKEN`: now.
    #[serde(deserialize_with = "lenient::text")]
    pub state: Option<String>,
    /// Who.
    #[serde(deserialize_with = "lenient::part")]
    pub assignee: Option<UserRef>,
}

/// The occurrence in which a failure began.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FirstFailed {
    /// Its build.
    #[serde(deserialize_with = "lenient::part")]
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
