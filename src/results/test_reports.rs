//! The JUnit XML files: all tests of each build and of its chain, streamed from TeamCity into files.
//!
//! One file a build that has tests. Composite builds show the tests of their chain, which have files of their own. A
//! failed build in whose chain no test failed gets its build problems as failed tests: Pipelines shows no Tests tab
//! without a failed one.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::budget::Budget;
use super::files::{Draft, Folder, Own};
use super::seats::Rank;
use super::told::{Hearing, Told};
use crate::outcome::{BuildOutcome, Ending, TestCounts};
use crate::report::Warning;
use crate::report::junit::{self, JUnitWriter, TestCase, TestResult, Written};
use crate::teamcity::model::{Build, Counts, TestOccurrence};
use crate::teamcity::{Client, TestFilter, TestPages};
use crate::types::BuildId;

/// Where Pipelines looks for reports, from the working directory.
pub const FOLDER: &str = "test-reports";

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many files.
    pub files: u64,
    /// How many tests in all.
    pub tests: u64,
    /// How many failed ones among them.
    pub failures: u64,
}

/// Writes the files of a run.
pub struct TestReports<'a> {
    client: &'a Client,
    budget: &'a Budget,
    folder: Folder,
    label: Option<String>,
    done: RefCell<HashSet<BuildId>>,
    warnings: RefCell<Vec<Warning>>,
    totals: Cell<Totals>,
}

impl<'a> TestReports<'a> {
    /// Into a folder; a run with a label names its suites by it.
    pub fn new(
        client: &'a Client,
        budget: &'a Budget,
        folder: Folder,
        label: Option<&str>,
    ) -> Self {
        Self {
            client,
            budget,
            folder,
            label: label.map(ToOwned::to_owned),
            done: RefCell::default(),
            warnings: RefCell::default(),
            totals: Cell::default(),
        }
    }

    /// What was written.
    pub fn totals(&self) -> Totals {
        self.totals.get()
    }

    /// What is missing and why.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.borrow().clone();
        warnings.extend(self.folder.beside());
        warnings
    }

    /// Those of a build that has ended, and of its chain, if it `has_chain`. What is known of its failures may still be on its way.
    pub async fn of_build(&self, build: &BuildOutcome, has_chain: bool, told: &Hearing) {
        let Some(id) = build.id else { return };
        let chain = if has_chain {
            self.chain(id).await
        } else {
            Vec::new()
        };
        let mut own = None;
        let mut files = Vec::new();
        for member in chain {
            let Some(member_id) = member.id else { continue };
            if member_id == id {
                own = Some(member);
            } else if self.done.borrow_mut().insert(member_id) && has_tests(&member) {
                files.push(File {
                    reports: self,
                    id: member_id,
                    name: title(&member),
                    within: Some(name_of(&member)),
                    told,
                    build_type: member
                        .build_type_id
                        .clone()
                        .unwrap_or_else(|| name_of(&member)),
                    counts: Some(member.test_occurrences.unwrap_or_default()),
                });
            }
        }
        let mut failures = 0_u64;
        for file in files {
            failures = failures.saturating_add(file.write(false).await);
        }
        if !self.done.borrow_mut().insert(id) {
            return;
        }
        let counts = match &own {
            Some(own) if has_tests(own) => own.test_occurrences,
            None if has_chain => None,
            None => Some(build.tests.map_or_else(Counts::default, counts)),
            Some(_) => Some(Counts::default()),
        };
        let may_be_empty = failures == 0 && build.ending == Ending::Failure;
        if counts.is_none_or(|counts| counts.count > 0) || may_be_empty {
            let name = match &build.number {
                Some(number) => format!("{} #{number}", build.name),
                None => build.name.clone(),
            };
            let file = File {
                reports: self,
                id,
                name,
                within: None,
                told,
                build_type: build.build_type.as_str().to_owned(),
                counts,
            };
            file.write(may_be_empty).await;
        }
    }

    async fn chain(&self, id: BuildId) -> Vec<Build> {
        let asked = self.client.chain_tests(id);
        let why = match self.budget.fetch(Rank::TestReports, asked).await {
            Ok(Ok(chain)) => return chain,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        self.warn(format!(
            "the tests of the chain of build {id} are not in the Tests tab: {why}"
        ));
        Vec::new()
    }

    fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }
}

fn counts(tests: TestCounts) -> Counts {
    Counts {
        count: tests.total,
        passed: tests.passed,
        failed: tests.failed,
        ignored: tests.ignored,
        muted: tests.muted,
        new_failed: tests.new_failed,
    }
}

fn has_tests(build: &Build) -> bool {
    !build.composite
        && build
            .test_occurrences
            .is_some_and(|counts| counts.count > 0)
}

fn name_of(build: &Build) -> String {
    let name = build.build_type.as_ref().and_then(|kind| kind.name.clone());
    name.or_else(|| build.build_type_id.clone())
        .unwrap_or_else(|| "build".to_owned())
}

fn title(build: &Build) -> String {
    let name = name_of(build);
    match &build.number {
        Some(number) => format!("{name} #{number}"),
        None => name,
    }
}

struct File<'a> {
    reports: &'a TestReports<'a>,
    id: BuildId,
    /// With the build's number, for people.
    name: String,
    /// Its configuration, where it is a part of the chain.
    within: Option<String>,
    told: &'a Hearing,
    /// What tests without a class are filed under.
    build_type: String,
    counts: Option<Counts>,
}

type Page = Result<Option<Vec<TestOccurrence>>, String>;

impl File<'_> {
    /// Writes the file, with build problems where no test failed; gives the number of failed tests.
    async fn write(&self, or_problems: bool) -> u64 {
        let file = format!("teamcity-{}.xml", self.id);
        let own = Own {
            name: &file,
            wrote: junit::wrote,
        };
        let written = match self.reports.folder.draft_own(own) {
            Ok(draft) => self.fill(draft, or_problems).await,
            Err(warning) => Err(warning),
        };
        match written {
            Ok(written) => {
                let totals = self.reports.totals.get();
                self.reports.totals.set(Totals {
                    files: totals.files.saturating_add(u64::from(written.tests > 0)),
                    tests: totals.tests.saturating_add(written.tests),
                    failures: totals.failures.saturating_add(written.failures),
                });
                written.failures
            }
            Err(warning) => {
                self.reports.warn(warning);
                0
            }
        }
    }

    async fn fill(&self, draft: Draft, or_problems: bool) -> Result<Written, Warning> {
        let failed = |error: std::io::Error| {
            format!(
                "the tests of {} are not in the Tests tab: {error}",
                self.name
            )
        };
        let writer = JUnitWriter::new(draft, &self.name, &self.build_type).map_err(failed)?;
        let mut writer = writer.labeled(self.reports.label.as_deref());
        let may_have =
            |filter: &TestFilter| self.counts.is_none_or(|counts| may_have(counts, *filter));
        // The first page of each list is asked for in one breath.
        let lists = TestFilter::ALL.into_iter().filter(may_have).map(|filter| {
            Box::pin(async move {
                let mut pages = self.reports.client.test_pages(self.id, filter);
                let first = self.page(&mut pages).await;
                (pages, first)
            })
        });
        let mut missing = None;
        for (mut pages, mut page) in join_all(lists).await {
            loop {
                match page {
                    Ok(Some(page)) => {
                        let mut cases: Vec<_> = page.into_iter().map(case).collect();
                        self.classify(&mut cases).await;
                        writer.page(&cases).map_err(failed)?;
                    }
                    Ok(None) => break,
                    Err(why) => {
                        missing = Some(why);
                        break;
                    }
                }
                page = self.page(&mut pages).await;
            }
        }
        if let Some(why) = missing {
            self.reports.warn(format!(
                "not all tests of {} are in the Tests tab: {why}",
                self.name
            ));
        }
        if or_problems && writer.written().failures == 0 {
            let write = |told: &Told| match told.problems() {
                [] => Ok(()),
                some => writer.problems(some),
            };
            self.told.wait(write).await.map_err(failed)?;
        }
        let (written, draft) = writer.finish().map_err(failed)?;
        if written.tests > 0 {
            draft.keep()?;
        }
        Ok(written)
    }

    /// Failed tests get their classes, as soon as these are known.
    async fn classify(&self, cases: &mut [TestCase]) {
        let mut failed = Vec::new();
        for case in cases {
            if let TestResult::Failed { class, .. } = &mut case.result {
                failed.push((&case.name, class));
            }
        }
        if !failed.is_empty() {
            let give = |told: &Told| {
                for (name, class) in failed {
                    *class = told.class(self.within.as_deref(), name);
                }
            };
            self.told.wait(give).await;
        }
    }

    async fn page(&self, pages: &mut TestPages<'_>) -> Page {
        let page = self
            .reports
            .budget
            .long_fetch(Rank::TestReports, pages.next())
            .await;
        page.map_err(|late| late.to_string())?
            .map_err(|error| error.to_string())
    }
}

/// Whether a build with these numbers can have such tests. Errors are counted with failures.
fn may_have(counts: Counts, filter: TestFilter) -> bool {
    match filter {
        TestFilter::NewFailures => counts.new_failed > 0,
        TestFilter::OldFailures
        | TestFilter::Errors
        | TestFilter::Failures
        | TestFilter::RunnerErrors => counts.failed > 0,
        TestFilter::Muted => counts.muted > 0,
        TestFilter::Ignored => counts.ignored > 0,
        TestFilter::Passed => counts.passed > 0,
    }
}

fn case(test: TestOccurrence) -> TestCase {
    let failed = matches!(test.status.as_deref(), Some("FAILURE" | "ERROR"));
    let result = if test.ignored {
        TestResult::Ignored {
            reason: test.ignore_details,
        }
    } else if failed && test.muted {
        TestResult::Muted {
            details: test.details,
        }
    } else if failed {
        TestResult::Failed {
            class: None,
            details: test.details,
        }
    } else {
        TestResult::Passed
    };
    TestCase {
        name: test.name.unwrap_or_default(),
        result,
        duration: test.duration.map(Duration::from_millis),
    }
}

#[cfg(test)]
mod tests;
