//! The JUnit XML files: all tests of each build and of its chain, streamed from TeamCity into files.
//!
//! One file a build that has tests. Composite builds show the tests of their chain, which have files of their own. A
//! failed build in whose chain no test failed gets its build problems as failed tests: Pipelines shows no Tests tab
//! without a failed one.

use std::collections::HashSet;
use std::time::Duration;

use super::files::{Draft, Folder};
use crate::outcome::{BuildOutcome, Ending, RunOutcome};
use crate::report::Warning;
use crate::report::junit::{JUnitWriter, TestCase, TestResult, Written};
use crate::teamcity::model::{Build, Counts, TestOccurrence};
use crate::teamcity::{Client, TestFilter};
use crate::types::BuildId;

/// Where Pipelines looks for reports, from the working directory.
pub const FOLDER: &str = "test-reports";

/// What was written.
#[derive(Debug, Default)]
pub struct TestReports {
    /// How many files.
    pub files: usize,
    /// How many tests in all.
    pub tests: u64,
    /// How many failed ones among them.
    pub failures: u64,
    /// What is missing and why.
    pub warnings: Vec<Warning>,
}

/// Writes the files of a run into `folder`.
pub async fn write(client: &Client, outcome: &RunOutcome, folder: &Folder) -> TestReports {
    let mut reports = TestReports::default();
    let mut done = HashSet::new();
    for build in &outcome.builds {
        if let Some(id) = build.id.filter(|_| build.ending != Ending::Queued) {
            let place = Place {
                client,
                folder,
                label: outcome.label.as_deref(),
            };
            of_run_build(&place, build, id, &mut done, &mut reports).await;
        }
    }
    reports
}

/// Where tests come from and go to.
struct Place<'a> {
    client: &'a Client,
    folder: &'a Folder,
    label: Option<&'a str>,
}

async fn of_run_build(
    place: &Place<'_>,
    build: &BuildOutcome,
    id: BuildId,
    done: &mut HashSet<BuildId>,
    reports: &mut TestReports,
) {
    let chain = match place.client.chain_tests(id).await {
        Ok(chain) => chain,
        Err(error) => {
            let what =
                format!("the tests of the chain of build {id} are not in the Tests tab: {error}");
            reports.warnings.push(what);
            Vec::new()
        }
    };
    let mut failures = 0;
    let mut own = None;
    for member in chain {
        let Some(member_id) = member.id else { continue };
        if member_id == id {
            own = Some(member);
        } else if done.insert(member_id) && has_tests(&member) {
            let counts = member.test_occurrences.unwrap_or_default();
            let file = File {
                place,
                id: member_id,
                name: title(&member),
                build_type: member
                    .build_type_id
                    .clone()
                    .unwrap_or_else(|| name_of(&member)),
                counts: Some(counts),
            };
            failures += file.write(None, reports).await;
        }
    }
    if !done.insert(id) {
        return;
    }
    let tests = match &own {
        Some(own) => has_tests(own),
        None => build.tests.is_none_or(|tests| tests.total > 0),
    };
    let problems = failures == 0 && !build.problems.is_empty() && build.ending == Ending::Failure;
    if tests || problems {
        let name = match &build.number {
            Some(number) => format!("{} #{number}", build.name),
            None => build.name.clone(),
        };
        let counts = match &own {
            Some(own) if !has_tests(own) => Some(Counts::default()),
            Some(own) => own.test_occurrences,
            None => None,
        };
        let file = File {
            place,
            id,
            name,
            build_type: build.build_type.as_str().to_owned(),
            counts,
        };
        file.write(problems.then_some(build), reports).await;
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
    place: &'a Place<'a>,
    id: BuildId,
    /// With the build's number, for people.
    name: String,
    /// What tests without a class are filed under.
    build_type: String,
    counts: Option<Counts>,
}

impl File<'_> {
    /// Writes the file, with the problems of `fallback` where no test failed; gives the number of failed tests.
    async fn write(&self, fallback: Option<&BuildOutcome>, reports: &mut TestReports) -> u64 {
        let file = format!("teamcity-{}.xml", self.id);
        let written = match self.place.folder.draft(&file) {
            Ok(draft) => self.fill(draft, fallback, &mut reports.warnings).await,
            Err(warning) => Err(warning),
        };
        match written {
            Ok(written) => {
                reports.files += usize::from(written.tests > 0);
                reports.tests += written.tests;
                reports.failures += written.failures;
                written.failures
            }
            Err(warning) => {
                reports.warnings.push(warning);
                0
            }
        }
    }

    async fn fill(
        &self,
        draft: Draft,
        fallback: Option<&BuildOutcome>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Warning> {
        let failed = |error: std::io::Error| {
            format!(
                "the tests of {} are not in the Tests tab: {error}",
                self.name
            )
        };
        let writer = JUnitWriter::new(draft, &self.name, &self.build_type).map_err(failed)?;
        let mut writer = writer.labeled(self.place.label);
        for filter in TestFilter::ALL {
            if self.counts.is_some_and(|counts| !may_have(counts, filter)) {
                continue;
            }
            let mut pages = self.place.client.test_pages(self.id, filter);
            loop {
                match pages.next().await {
                    Ok(Some(page)) => {
                        let cases: Vec<_> = page.into_iter().map(case).collect();
                        writer.page(&cases).map_err(failed)?;
                    }
                    Ok(None) => break,
                    Err(error) => {
                        warnings.push(format!(
                            "not all tests of {} are in the Tests tab: {error}",
                            self.name
                        ));
                        break;
                    }
                }
            }
        }
        if let Some(build) = fallback.filter(|_| writer.written().failures == 0) {
            writer.problems(&build.problems).map_err(failed)?;
        }
        let (written, draft) = writer.finish().map_err(failed)?;
        if written.tests > 0 {
            draft.keep()?;
        }
        Ok(written)
    }
}

/// Whether a build with these numbers can have such tests. Errors are counted with failures.
fn may_have(counts: Counts, filter: TestFilter) -> bool {
    match filter {
        TestFilter::NewFailures => counts.new_failed > 0,
        TestFilter::OldFailures | TestFilter::Errors => counts.failed > 0,
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
            is_new: test.new_failure,
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
