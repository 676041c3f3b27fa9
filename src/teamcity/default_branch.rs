//! The default branch's last finished builds, and how tests went in them.

use std::collections::HashSet;

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
    /// only those that are not newer than it. One request.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn last_on_default(
        &self,
        build_type: &BuildTypeId,
        until: Option<BuildId>,
    ) -> Result<Vec<Build>, Error> {
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
        let locator = locator.with("count", BUILDS);
        let query = [("locator", locator.as_str()), ("fields", fields::REFERENCE)];
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
        let each = tests.iter().fold(Locator::new(), |all, id| {
            all.nested("item", &Locator::new().with("id", id))
        });
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
        let some = of_build.clone().nested("test", &each).with("count", 10_000);
        let mut url = address(&some);
        if url.as_str().len() > LONGEST_URL {
            url = address(&of_build.with("count", ALL_TESTS));
        }
        let wanted: HashSet<&str> = tests.iter().copied().collect();
        let take = |test: TestOccurrence| {
            let id = test.test.as_ref()?.id.as_deref()?;
            wanted.contains(id).then_some(test)
        };
        let page = Box::pin(self.requests.list(&url, Need::May, "testOccurrence", &take)).await?;
        Ok(TestsThere {
            tests: page.elements,
            complete: page.next.is_none(),
        })
    }
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
        }
    }
}
