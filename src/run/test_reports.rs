//! The JUnit XML files: all tests of each build and of its chain, streamed from TeamCity into files.
//!
//! One file a build that has tests. Composite builds show the tests of their chain, which have files of their own. A
//! failed build in whose chain no test failed gets its build problems as failed tests: Pipelines shows no Tests tab
//! without a failed one.

use std::collections::HashSet;
use std::time::Duration;

use crate::report::Warning;
use crate::report::files::{Draft, Folder};
use crate::report::junit::{JUnitWriter, TestCase, TestResult, Written};
use crate::run::outcome::{BuildOutcome, Ending, RunOutcome};
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
            of_run_build(client, build, id, folder, &mut done, &mut reports).await;
        }
    }
    reports
}

async fn of_run_build(
    client: &Client,
    build: &BuildOutcome,
    id: BuildId,
    folder: &Folder,
    done: &mut HashSet<BuildId>,
    reports: &mut TestReports,
) {
    let chain = match client.chain_tests(id).await {
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
                client,
                folder,
                id: member_id,
                name: title(&member),
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
            client,
            folder,
            id,
            name,
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

fn title(build: &Build) -> String {
    let name = build.build_type.as_ref().and_then(|kind| kind.name.clone());
    let name = name
        .or_else(|| build.build_type_id.clone())
        .unwrap_or_else(|| "build".to_owned());
    match &build.number {
        Some(number) => format!("{name} #{number}"),
        None => name,
    }
}

struct File<'a> {
    client: &'a Client,
    folder: &'a Folder,
    id: BuildId,
    name: String,
    counts: Option<Counts>,
}

impl File<'_> {
    /// Writes the file, with the problems of `fallback` where no test failed; gives the number of failed tests.
    async fn write(&self, fallback: Option<&BuildOutcome>, reports: &mut TestReports) -> u64 {
        let file = format!("teamcity-{}.xml", self.id);
        let written = match self.folder.draft(&file) {
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
        let mut writer = JUnitWriter::new(draft, &self.name).map_err(failed)?;
        for filter in TestFilter::ALL {
            if self.counts.is_some_and(|counts| !may_have(counts, filter)) {
                continue;
            }
            let mut pages = self.client.test_pages(self.id, filter);
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
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::exit::ExitStatus;
    use crate::run::outcome::Problem;
    use crate::teamcity::stub::{Stub, client};

    fn outcome(problems: Vec<Problem>) -> RunOutcome {
        let mut build = BuildOutcome::unknown("App".into(), Ending::Failure);
        build.id = Some(BuildId(7));
        build.number = Some("12".into());
        build.problems = problems;
        RunOutcome {
            server_url: "https://tc.example.com/tc".into(),
            builds: vec![build],
            status: ExitStatus::BuildFailed,
            reason: None,
        }
    }

    fn problem() -> Problem {
        Problem {
            kind: "TC_EXIT_CODE".into(),
            text: "Process exited with code 1".into(),
            within: None,
        }
    }

    /// A composite build 7 over build 6, whose tests are as the function says.
    fn server(counts: Value, tests: fn(&str) -> Value) -> Stub {
        Stub::new(move |request| {
            let url = request.url.to_string();
            if request.url.path().ends_with("/builds") {
                let builds = json!({ "build": [
                    { "id": 7, "buildTypeId": "App", "composite": true, "testOccurrences": counts },
                    { "id": 6, "number": "3", "buildType": { "name": "Unit" }, "testOccurrences": counts },
                ]});
                return (200, builds.to_string());
            }
            assert!(url.contains("id%3A6"), "{url}");
            (200, json!({ "testOccurrence": tests(&url) }).to_string())
        })
    }

    fn names(root: &std::path::Path) -> Vec<String> {
        std::fs::read_dir(root)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_tests_of_the_chain_are_written_once_failures_first() {
        let stub = server(
            json!({ "count": 3, "failed": 1, "newFailed": 1, "passed": 2 }),
            |url| {
                if url.contains("newFailure%3Atrue") {
                    json!([{ "name": "S: a.B.new", "status": "FAILURE", "newFailure": true, "details": "no\n\tat a.B" }])
                } else if url.contains("SUCCESS") {
                    json!([{ "name": "S: a.B.good", "status": "SUCCESS", "duration": 5 }, { "name": "S: a.B.fine", "status": "SUCCESS" }])
                } else {
                    json!([])
                }
            },
        );
        let root = tempfile::tempdir().unwrap();
        let reports = write(
            &client(&stub),
            &outcome(vec![problem()]),
            &Folder::new(root.path()),
        )
        .await;
        assert_eq!((reports.files, reports.tests, reports.failures), (1, 3, 1));
        assert!(reports.warnings.is_empty());
        assert_eq!(names(root.path()), ["teamcity-6.xml"]);
        let text = std::fs::read_to_string(root.path().join("teamcity-6.xml")).unwrap();
        assert!(text.contains("<testsuites name=\"Unit #3\">"));
        assert!(text.find("name=\"new\"") < text.find("name=\"good\""));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_build_without_a_failed_test_shows_its_problems() {
        let stub = server(
            json!({ "count": 1, "passed": 1 }),
            |_| json!([{ "name": "a", "status": "SUCCESS" }]),
        );
        let root = tempfile::tempdir().unwrap();
        let reports = write(
            &client(&stub),
            &outcome(vec![problem()]),
            &Folder::new(root.path()),
        )
        .await;
        assert_eq!((reports.files, reports.failures), (2, 1));
        let text = std::fs::read_to_string(root.path().join("teamcity-7.xml")).unwrap();
        assert!(text.contains("Process exited with code 1") && text.contains("App #12"));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_written_where_there_is_nothing_to_say() {
        let stub = server(json!({}), |_| json!([]));
        let root = tempfile::tempdir().unwrap();
        let reports = write(
            &client(&stub),
            &outcome(Vec::new()),
            &Folder::new(root.path()),
        )
        .await;
        assert_eq!((reports.files, reports.tests), (0, 0));
        assert!(names(root.path()).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_a_warning_and_what_there_is_is_kept() {
        let stub = Stub::new(|request| {
            let url = request.url.to_string();
            if url.contains("/builds?") {
                let counts = json!({ "count": 2, "failed": 1, "newFailed": 1, "passed": 1 });
                (
                    200,
                    json!({ "build": [{ "id": 7, "testOccurrences": counts }] }).to_string(),
                )
            } else if url.contains("newFailure%3Atrue") {
                (
                    200,
                    json!({ "testOccurrence": [{ "name": "a", "status": "FAILURE" }] }).to_string(),
                )
            } else {
                (403, "no".to_owned())
            }
        });
        let root = tempfile::tempdir().unwrap();
        let reports = write(
            &client(&stub),
            &outcome(Vec::new()),
            &Folder::new(root.path()),
        )
        .await;
        assert_eq!((reports.files, reports.failures), (1, 1));
        assert!(
            reports.warnings[0].contains("not all tests of App #12"),
            "{:?}",
            reports.warnings
        );
    }
}
