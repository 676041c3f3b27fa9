//! All tests of a build, page by page.

use std::collections::HashSet;

use url::Url;

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::fields;
use super::locator::Locator;
use super::model::{Build, TestOccurrence, TestOccurrences};
use super::request::Need;
use crate::types::BuildId;

/// Tests a page, without details.
const PAGE: usize = 1_000;
/// Tests a page, with details, which may be long.
const PAGE_WITH_DETAILS: usize = 25;
/// Most pages of one list: an endless one must end somewhere.
const MOST_PAGES: usize = 2_000;
/// So many tests are asked for with details.
const MOST_WITH_DETAILS: usize = 200;

/// Which tests of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestFilter {
    /// Failed here for the first time, and not muted.
    NewFailures,
    /// Failed before, and not muted.
    OldFailures,
    /// Ended by an error of the test runner; `status:FAILURE` leaves them out.
    Errors,
    /// Failed, but muted.
    Muted,
    /// Not run.
    Ignored,
    /// Passed.
    Passed,
}

impl TestFilter {
    /// All of them, worst first.
    pub const ALL: [Self; 6] = [
        Self::NewFailures,
        Self::OldFailures,
        Self::Errors,
        Self::Muted,
        Self::Ignored,
        Self::Passed,
    ];

    fn locator(self, build: BuildId) -> Locator {
        let locator = Locator::new().nested("build", &Locator::new().with("id", build));
        match self {
            Self::NewFailures => locator
                .with("status", "FAILURE")
                .with("muted", false)
                .with("newFailure", true),
            Self::OldFailures => locator
                .with("status", "FAILURE")
                .with("muted", false)
                .with("newFailure", false),
            Self::Errors => locator.with("status", "ERROR").with("muted", false),
            Self::Muted => locator.with("status", "FAILURE").with("muted", true),
            Self::Ignored => locator.with("ignored", true),
            Self::Passed => locator.with("status", "SUCCESS").with("ignored", false),
        }
    }

    fn has_details(self) -> bool {
        !matches!(self, Self::Ignored | Self::Passed)
    }
}

/// A list of tests that is fetched as it is read.
pub struct TestPages<'client> {
    client: &'client Client,
    next: Option<Url>,
    seen: HashSet<Url>,
    /// The first test of each page.
    firsts: HashSet<String>,
    with_details: bool,
    read: usize,
}

impl TestPages<'_> {
    /// The next page; `None` after the last. An empty page may be followed by others.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn next(&mut self) -> Result<Option<Vec<TestOccurrence>>, Error> {
        let Some(url) = self.next.take() else {
            return Ok(None);
        };
        let page: TestOccurrences = match self.client.requests.get(url.clone(), Need::Parts).await {
            // The details of a page can be larger than any sensible answer.
            Err(Error {
                kind: ErrorKind::TooLarge(_),
                ..
            }) if self.with_details => {
                self.with_details = false;
                self.client
                    .requests
                    .get(without_details(&url), Need::May)
                    .await?
            }
            answer => answer?,
        };
        self.seen.insert(url);
        // A circle of pages with ever new addresses shows by its tests.
        let first = page
            .test_occurrence
            .first()
            .and_then(|test| test.id.clone().or_else(|| test.name.clone()));
        if first.is_some_and(|first| !self.firsts.insert(first)) {
            return Ok(None);
        }
        self.read += page.test_occurrence.len();
        if self.read >= MOST_WITH_DETAILS {
            self.with_details = false;
        }
        self.next = page
            .next_href
            .and_then(|href| self.client.requests.link(&href))
            .map(|url| {
                if self.with_details {
                    url
                } else {
                    without_details(&url)
                }
            })
            .filter(|url| self.seen.len() < MOST_PAGES && !self.seen.contains(url));
        Ok(Some(page.test_occurrence))
    }
}

/// The same page, its tests without details.
fn without_details(url: &Url) -> Url {
    let pairs: Vec<_> = url
        .query_pairs()
        .filter(|(name, _)| name != "fields")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut url = url.clone();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(pairs)
        .append_pair("fields", fields::TESTS);
    url
}

impl Client {
    /// The tests of a build that a filter lets pass. The first two hundred failed ones have details.
    pub fn test_pages(&self, build: BuildId, filter: TestFilter) -> TestPages<'_> {
        let (count, fields) = if filter.has_details() {
            (PAGE_WITH_DETAILS, fields::TESTS_WITH_DETAILS)
        } else {
            (PAGE, fields::TESTS)
        };
        let locator = filter.locator(build).with("count", count);
        let query = [("locator", locator.as_str()), ("fields", fields)];
        TestPages {
            client: self,
            next: Some(self.rest(&["testOccurrences"], &query)),
            seen: HashSet::new(),
            firsts: HashSet::new(),
            with_details: filter.has_details(),
            read: 0,
        }
    }

    /// A build and those of its chain, with the numbers of their tests.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn chain_tests(&self, id: BuildId) -> Result<Vec<Build>, Error> {
        let to = Locator::new()
            .nested("to", &Locator::new().with("id", id))
            .with("includeInitial", true);
        let locator = Locator::new()
            .nested("snapshotDependency", &to)
            .with("defaultFilter", false)
            .with("state", "any")
            .with("count", 1000);
        self.list(locator.as_str(), fields::CHAIN_TESTS, Need::May)
            .await
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;
    use crate::teamcity::stub::{Stub, client};

    async fn read_all(pages: &mut TestPages<'_>) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(page) = pages.next().await.unwrap() {
            names.extend(page.into_iter().filter_map(|test| test.name));
        }
        names
    }

    fn page(names: &[&str], next: Option<&str>) -> String {
        let tests: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({ "name": name }))
            .collect();
        serde_json::json!({ "testOccurrence": tests, "nextHref": next }).to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn follows_pages_to_the_last_one() {
        let stub = Stub::new(|request| {
            let url = request.url.as_str();
            if url.contains("start") {
                (200, page(&["b"], None))
            } else {
                (
                    200,
                    page(&["a"], Some("/app/rest/testOccurrences?locator=start:1000")),
                )
            }
        });
        let client = client(&stub);
        let mut pages = client.test_pages(BuildId(7), TestFilter::Passed);
        assert_eq!(read_all(&mut pages).await, ["a", "b"]);
        let first = &stub.requests()[0];
        let locator = first
            .query_pairs()
            .find(|(name, _)| name == "locator")
            .unwrap()
            .1
            .into_owned();
        assert_eq!(
            locator,
            "build:(id:7),status:SUCCESS,ignored:false,count:1000"
        );
        assert!(stub.requests()[1].path().starts_with("/tc/app/rest/"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_leads_in_a_circle_or_elsewhere_ends() {
        for href in [
            "/app/rest/testOccurrences?locator=x",
            "https://evil.example/app/rest/x",
            "//evil/app/rest/x",
            "/app/../x",
        ] {
            let stub = Stub::new(move |_| (200, page(&["a"], Some(href))));
            let client = client(&stub);
            let mut pages = client.test_pages(BuildId(7), TestFilter::Passed);
            let names = read_all(&mut pages).await;
            assert!(names.len() <= 2, "{href}: {names:?}");
            assert!(
                stub.requests()
                    .iter()
                    .all(|url| url.host_str() == Some("tc.example.com"))
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn details_that_are_too_large_are_left_out() {
        let stub = Stub::new(|request| {
            if request.url.as_str().contains("details%2C") {
                (200, "x".repeat(5_000_000))
            } else {
                (200, page(&["a"], None))
            }
        });
        let client = client(&stub);
        let mut pages = client.test_pages(BuildId(7), TestFilter::NewFailures);
        assert_eq!(read_all(&mut pages).await, ["a"]);
        assert_eq!(stub.requests().len(), 2);
    }
}
