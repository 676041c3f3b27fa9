//! The default branch's last finished builds, and how tests went in them.

use std::collections::HashSet;

use url::Url;

use super::client::Client;
use super::error::Error;
use super::fields;
use super::locator::Locator;
use super::model::{Build, Builds, TestOccurrence};
use super::request::Need;
use crate::types::{BuildId, BuildTypeId};

/// Longest address, in bytes: servers and proxies in front of them refuse from 8 KB on.
const LONGEST_URL: usize = 6 * 1024;
/// Builds that are looked at, to find one that is not the build itself.
const BUILDS: usize = 3;
/// Builds whose tests are counted.
const HISTORY: usize = 20;
/// Occurrences of some tests, in a build or a few.
const SOME_TESTS: usize = 10_000;
/// Tests of a whole build.
const ALL_TESTS: usize = 200_000;

/// How tests went in a build.
#[derive(Debug, Clone, Default)]
pub struct TestsThere {
    /// Those that are there of the ones asked for; a test may be there more than once.
    pub tests: Vec<TestOccurrence>,
    /// The server says that there is nothing more.
    pub complete: bool,
}

impl Client {
    /// The newest builds of a configuration on its default branch that ran to their end, the newest first; where `until` is given,
    /// only those that are not newer than it. With `own`, that build is among them, and all have numbers. One request.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn last_on_default(
        &self,
        build_type: &BuildTypeId,
        until: Option<BuildId>,
        own: Option<BuildId>,
    ) -> Result<Vec<Build>, Error> {
        let finished = finished_on_default(build_type, until, BUILDS);
        let (locator, fields) = match own {
            Some(id) => {
                let both = Locator::new()
                    .nested("item", &Locator::new().with("id", id))
                    .nested("item", &finished)
                    .with("defaultFilter", false);
                (both, fields::REFERENCE_NUMBERS)
            }
            None => (finished, fields::REFERENCE),
        };
        let query = [("locator", locator.as_str()), ("fields", fields)];
        let builds: Builds = self
            .requests
            .get(self.rest(&["builds"], &query), Need::May)
            .await?;
        Ok(builds.build)
    }

    /// How tests went in a build, found by their numbers; with `since`, also in which build the failure of each began. One request:
    /// where the numbers are too many for an address, it asks for all tests of the build.
    ///
    /// The dimension `item` is an OR of locators (TeamCity's source: `TestOccurrenceFinder.java`, `FinderImpl.java`).
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn tests_there(
        &self,
        build: BuildId,
        tests: &[&str],
        since: bool,
    ) -> Result<TestsThere, Error> {
        let of_build = Locator::new().nested("build", &Locator::new().with("id", build));
        let fields = if since {
            fields::TESTS_SINCE
        } else {
            fields::TESTS_THERE
        };
        let address = |locator: &Locator| {
            let query = [("locator", locator.as_str()), ("fields", fields)];
            self.rest(&["testOccurrences"], &query)
        };
        // A test may run more than once in a build.
        let some = of_build.clone().nested("test", &any_of(tests));
        let mut url = address(&some.with("count", SOME_TESTS));
        if url.as_str().len() > LONGEST_URL {
            url = address(&of_build.with("count", ALL_TESTS));
        }
        self.tests_at(&url, tests).await
    }

    /// How tests went in the last twenty builds of the default branch that are not newer than `until`, the newest first. One
    /// request, about as many of the tests as have room in an address, the first ones.
    ///
    /// `build` takes a locator of several builds (TeamCity's source: `TestOccurrenceFinder.java`).
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn test_history(
        &self,
        build_type: &BuildTypeId,
        until: BuildId,
        tests: &[&str],
    ) -> Result<TestsThere, Error> {
        let builds = finished_on_default(build_type, Some(until), HISTORY);
        let mut tests = tests;
        loop {
            let locator = Locator::new()
                .nested("build", &builds)
                .nested("test", &any_of(tests))
                .with("count", SOME_TESTS);
            let query = [
                ("locator", locator.as_str()),
                ("fields", fields::TEST_HISTORY),
            ];
            let url = self.rest(&["testOccurrences"], &query);
            match tests.split_last() {
                Some((_, fewer)) if url.as_str().len() > LONGEST_URL => tests = fewer,
                _ => return self.tests_at(&url, tests).await,
            }
        }
    }

    async fn tests_at(&self, url: &Url, tests: &[&str]) -> Result<TestsThere, Error> {
        let wanted: HashSet<&str> = tests.iter().copied().collect();
        let take = |test: TestOccurrence| {
            let id = test.test.as_ref()?.id.as_deref()?;
            wanted.contains(id).then_some(test)
        };
        let page =
            Box::pin(
                self.requests
                    .list(url, Need::May, ("testOccurrence", SOME_TESTS), &take),
            )
            .await?;
        Ok(TestsThere {
            tests: page.elements,
            complete: page.next.is_none(),
        })
    }
}

/// The newest builds of a configuration on its default branch that ran to their end.
fn finished_on_default(build_type: &BuildTypeId, until: Option<BuildId>, count: usize) -> Locator {
    let mut locator = Locator::new()
        .nested("buildType", &Locator::new().with("id", build_type))
        .nested("branch", &Locator::new().with("default", true))
        .with("state", "finished")
        .with("canceled", false)
        .with("failedToStart", false)
        .with("personal", false);
    if let Some(id) = until {
        locator = locator.nested("untilBuild", &Locator::new().with("id", id));
    }
    locator.with("count", count)
}

/// Any of these tests.
fn any_of(tests: &[&str]) -> Locator {
    tests.iter().fold(Locator::new(), |all, id| {
        all.nested("item", &Locator::new().with("id", id))
    })
}

#[cfg(test)]
mod unit_tests {
    use super::*;
    use crate::teamcity::stub::{Stub, client};

    #[tokio::test(start_paused = true)]
    async fn no_address_is_too_long_and_only_what_was_asked_for_is_kept() {
        for (number, by_number) in [(3, true), (500, false)] {
            let stub = Stub::new(|_| {
                let test = |id: &str| serde_json::json!({"status": "SUCCESS", "test": {"id": id}});
                let list = [test("-9000000000000000001"), test("other")];
                let answer = serde_json::json!({ "testOccurrence": list });
                (200, answer.to_string())
            });
            let client = client(&stub);
            let ids: Vec<String> = (0..number)
                .map(|at| format!("-{}", 9_000_000_000_000_000_000_u64 + at))
                .collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let there = client.tests_there(BuildId(7), &ids, true).await.unwrap();
            assert_eq!((there.tests.len(), there.complete), (1, true));
            let url = stub.requests()[0].clone();
            assert!(url.as_str().len() <= LONGEST_URL);
            assert_eq!(url.as_str().contains("item"), by_number);
            client
                .test_history(&"App".into(), BuildId(7), &ids)
                .await
                .unwrap();
            let url = stub.requests()[1].clone();
            assert!(url.as_str().len() <= LONGEST_URL);
            let asked = url.as_str().matches("item").count();
            assert!(
                (100..=150).contains(&asked) || asked == ids.len(),
                "{asked}"
            );
        }
    }
}
