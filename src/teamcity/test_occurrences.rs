//! All tests of a build, page by page.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use url::Url;

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::fields;
use super::locator::Locator;
use super::model::{Build, TestOccurrence};
use super::request::Need;
use crate::types::BuildId;

/// Tests a page, without details.
const PAGE: usize = 1_000;
/// Tests a page, with details, which may be long.
const PAGE_WITH_DETAILS: usize = 25;
/// Most pages of one list: an endless one must end somewhere.
const MOST_PAGES: usize = 10_000;
/// Most pages in a row without a test: the server looks through so many at a time.
const MOST_EMPTY: usize = 20;
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
    /// Failed, for the first time or before, muted or not, by an assertion.
    Failures,
    /// The same by an error of the test runner.
    RunnerErrors,
    /// Failed, but muted.
    Muted,
    /// Not run.
    Ignored,
    /// Passed.
    Passed,
}

impl TestFilter {
    /// All tests, each once, worst first.
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
            Self::Failures => locator.with("status", "FAILURE"),
            Self::RunnerErrors => locator.with("status", "ERROR"),
            Self::Muted => locator.with("status", "FAILURE").with("muted", true),
            Self::Ignored => locator.with("ignored", true),
            Self::Passed => locator.with("status", "SUCCESS").with("ignored", false),
        }
    }

    fn has_details(self) -> bool {
        !matches!(self, Self::Ignored | Self::Passed)
    }

    /// What is asked for, with details and without.
    fn fields(self) -> (&'static str, &'static str) {
        match self {
            Self::Failures | Self::RunnerErrors => {
                (fields::FAILURES_WITH_DETAILS, fields::FAILURES)
            }
            _ => (fields::TESTS_WITH_DETAILS, fields::TESTS),
        }
    }
}

/// A list of tests that is fetched as it is read.
pub struct TestPages<'client> {
    client: &'client Client,
    next: Option<Url>,
    /// Hashes of the addresses so far: ten thousand of these take little room.
    seen: HashSet<u64>,
    /// Pages in a row that had none.
    empty: usize,
    /// The first test of the page before.
    first: Option<String>,
    with_details: bool,
    /// What is asked for without details.
    plain: &'static str,
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
        let (requests, member) = (&self.client.requests, ("testOccurrence", PAGE));
        let page = match Box::pin(requests.list(&url, Need::Parts, member, &Some)).await {
            // The details of a page can be larger than any sensible answer.
            Err(Error {
                kind: ErrorKind::TooLarge(_),
                ..
            }) if self.with_details => {
                self.with_details = false;
                let url = without_details(&url, self.plain);
                Box::pin(requests.list(&url, Need::Parts, member, &Some)).await?
            }
            answer => answer?,
        };
        self.seen.insert(hash(&url));
        let first = page.elements.first();
        let first = first.and_then(|test: &TestOccurrence| test.id.clone());
        self.empty = if page.elements.is_empty() {
            self.empty.saturating_add(1)
        } else {
            0
        };
        // The same page under other addresses, or none, and so on for ever.
        if (first.is_some() && first == self.first) || self.empty > MOST_EMPTY {
            return Ok(None);
        }
        self.first = first;
        self.read = self.read.saturating_add(page.elements.len());
        if self.read >= MOST_WITH_DETAILS {
            self.with_details = false;
        }
        self.next = page
            .next
            .map(|url| {
                if self.with_details {
                    url
                } else {
                    without_details(&url, self.plain)
                }
            })
            .filter(|url| self.seen.len() < MOST_PAGES && !self.seen.contains(&hash(url)));
        Ok(Some(page.elements))
    }
}

fn hash(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    hasher.finish()
}

/// The same page, its tests without details.
fn without_details(url: &Url, plain: &str) -> Url {
    let pairs: Vec<_> = url
        .query_pairs()
        .filter(|(name, _)| name != "fields")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut url = url.clone();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(pairs)
        .append_pair("fields", plain);
    url
}

impl Client {
    /// The tests of a build that a filter lets pass. The first two hundred failed ones have details.
    pub fn test_pages(&self, build: BuildId, filter: TestFilter) -> TestPages<'_> {
        let (detailed, plain) = filter.fields();
        let (count, fields) = if filter.has_details() {
            (PAGE_WITH_DETAILS, detailed)
        } else {
            (PAGE, plain)
        };
        let locator = filter.locator(build).with("count", count);
        let query = [("locator", locator.as_str()), ("fields", fields)];
        TestPages {
            client: self,
            next: Some(self.rest(&["testOccurrences"], &query)),
            seen: HashSet::new(),
            empty: 0,
            first: None,
            with_details: filter.has_details(),
            plain,
            read: 0,
        }
    }

    /// A build and those of its chain, with the numbers of their tests.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn chain_tests(&self, id: BuildId) -> Result<Vec<Build>, Error> {
        self.chain_with(id, fields::CHAIN_TESTS, Need::May).await
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
    async fn a_page_of_more_tests_than_were_asked_for_is_not_kept() {
        let stub = Stub::new(|_| (200, page(&["a"; PAGE + 1], None)));
        let client = client(&stub);
        let mut pages = client.test_pages(BuildId(7), TestFilter::Passed);
        let error = pages.next().await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::TooMany(PAGE)), "{error}");
        assert_eq!(stub.requests().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn details_that_are_too_large_are_left_out() {
        let stub = Stub::new(|request| {
            if request.url.as_str().contains("details%2C") {
                (
                    200,
                    format!("{{\"testOccurrence\":[{{\"x\":[{}", "1,".repeat(2_000_000)),
                )
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
