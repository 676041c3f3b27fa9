//! What is worth knowing of a build that ended.

use std::time::Duration;

use super::chain;
use crate::outcome::{
    BuildOutcome, BuiltChange, Cancellation, ChainBuild, Ending, Event, Events, FailedTest,
    Problem, TestCounts,
};
use crate::teamcity::model::{Build, TestOccurrence};
use crate::teamcity::{Client, Error, Need, TestFilter};
use crate::types::BuildId;

/// How many failed tests are read.
const FAILED_TESTS: usize = 500;
/// How much of a test's details is kept, in characters.
const LONGEST_DETAILS: usize = 8_000;
/// Builds of a chain whose failures are read.
const CULPRITS: usize = 5;
/// Pauses after which a list is asked for again that has less than its counter promised.
const LATE: [Duration; 3] = [
    Duration::from_millis(400),
    Duration::from_millis(600),
    Duration::from_millis(1000),
];
/// How many changes are read.
const CHANGES: usize = 20;
/// The details of a result that is known may not take long: minutes cost money.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads into an outcome what an answer says.
pub fn read(outcome: &mut BuildOutcome, build: &Build) {
    outcome.id = build.id.or(outcome.id);
    let keep = |old: &mut Option<String>, new: &Option<String>| {
        if new.is_some() {
            old.clone_from(new);
        }
    };
    keep(&mut outcome.number, &build.number);
    keep(&mut outcome.url, &build.web_url);
    keep(&mut outcome.branch, &build.branch_name);
    if outcome.ending != Ending::WrongRevision {
        keep(&mut outcome.status_text, &build.status_text);
    }
    keep(
        &mut outcome.agent,
        &build.agent.as_ref().and_then(|agent| agent.name.clone()),
    );
    outcome.queued_at = build.queued_date.or(outcome.queued_at);
    outcome.started_at = build.start_date.or(outcome.started_at);
    outcome.finished_at = build.finish_date.or(outcome.finished_at);
    if let Some(build_type) = &build.build_type {
        if let Some(name) = &build_type.name {
            outcome.name.clone_from(name);
        }
        keep(&mut outcome.project, &build_type.project_name);
    }
    if outcome.revision.is_none() {
        let mut commits = build.commits();
        outcome.revision = commits.find_map(|(_, commit)| commit.map(ToOwned::to_owned));
    }
    outcome.canceled = build.canceled_info.as_ref().map(|info| Cancellation {
        by: info
            .user
            .as_ref()
            .and_then(|user| user.called().map(ToOwned::to_owned)),
        comment: info.text.clone(),
        at: info.timestamp,
    });
    outcome.tests = build
        .test_occurrences
        .filter(|counts| counts.count > 0)
        .map(|counts| TestCounts {
            total: counts.count,
            passed: counts.passed,
            failed: counts.failed,
            new_failed: counts.new_failed,
            ignored: counts.ignored,
            muted: counts.muted,
        });
    if let Some(problems) = build.problem_occurrences {
        outcome.promised_problems = problems.count;
    }
    if build.running_info.is_some() {
        outcome.ending = Ending::Running;
    }
}

/// The chain of a build that ended; empty where it has none, or it can't be had in time.
pub async fn chain_of(
    client: &Client,
    id: BuildId,
    build: Option<&Build>,
    ending: &Ending,
) -> Vec<ChainBuild> {
    if *ending == Ending::Deleted || !build.is_some_and(Build::has_dependencies) {
        return Vec::new();
    }
    let chain = tokio::time::timeout(PATIENCE, chain::read(client, id, Need::May)).await;
    chain.map(Result::unwrap_or_default).unwrap_or_default()
}

/// Completes the outcome of a build that ended. The absence of details is a warning.
pub async fn complete(
    client: &Client,
    events: &dyn Events,
    id: BuildId,
    outcome: &mut BuildOutcome,
) {
    if tokio::time::timeout(PATIENCE, fetch(client, events, id, outcome))
        .await
        .is_err()
    {
        events.event(&Event::Warning(
            "TeamCity gave no details of the build in time; its page has them.".to_owned(),
        ));
    }
}

async fn fetch(client: &Client, events: &dyn Events, id: BuildId, outcome: &mut BuildOutcome) {
    if matches!(
        outcome.ending,
        Ending::Failure
            | Ending::Canceled
            | Ending::FailedToStart
            | Ending::CommitNotFound
            | Ending::Unknown(_)
    ) {
        match problems(client, id, outcome.promised_problems).await {
            Ok(problems) => outcome.problems = problems,
            Err(error) => missing(events, "build problems", &error),
        }
        // A counter may say less than its list has: where there are tests at all, the list is looked at.
        let mut problems = outcome.problems.iter();
        if outcome.tests.is_some() || problems.any(|problem| problem.kind == "TC_FAILED_TESTS") {
            let promised = outcome.tests.map_or(0, |tests| tests.failed);
            match in_time(promised, async || failed_tests(client, id).await).await {
                Ok(tests) => {
                    let listed = tests.len() as u64;
                    if listed > promised {
                        let counts = outcome.tests.get_or_insert_default();
                        counts.failed = listed;
                        counts.total = counts.total.max(counts.passed + listed);
                    }
                    outcome.failed_tests = tests;
                }
                Err(error) => missing(events, "failed tests", &error),
            }
        }
    }
    if outcome.ending != Ending::Success {
        causes(client, outcome).await;
    }
    if let Ok(changes) = client.changes_of_build(id, CHANGES).await {
        outcome.changes = changes
            .change
            .into_iter()
            .filter_map(|change| {
                let comment = change
                    .comment
                    .and_then(|text| text.lines().next().map(ToOwned::to_owned));
                Some(BuiltChange {
                    version: change.version?,
                    author: change.username,
                    comment,
                })
            })
            .collect();
    }
}

/// Names what failed in the builds at which the failure began, instead of "snapshot dependency failed".
async fn causes(client: &Client, outcome: &mut BuildOutcome) {
    let culprits: Vec<ChainBuild> = chain::culprits(&outcome.chain)
        .into_iter()
        .take(CULPRITS)
        .cloned()
        .collect();
    if !culprits.is_empty() {
        outcome
            .problems
            .retain(|problem| !problem.kind.to_lowercase().contains("snapshot"));
    }
    for culprit in culprits {
        let (id, within) = (culprit.id, Some(culprit.name.clone()));
        outcome.problems.extend(chain::problem_of(&culprit));
        if let Ok(problems) = problems(client, id, 0).await {
            let problems = problems.into_iter().map(|problem| Problem {
                within: within.clone(),
                ..problem
            });
            outcome.problems.extend(problems);
        }
        if let Ok(tests) = failed_tests(client, id).await {
            outcome
                .failed_tests
                .extend(tests.into_iter().map(|test| FailedTest {
                    within: within.clone(),
                    ..test
                }));
        }
    }
}

/// Asks again, for two seconds at most, while a list has less than its counter promised: lists may come after their counters.
async fn in_time<T>(
    promised: u64,
    ask: impl AsyncFn() -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Error> {
    let promised = usize::try_from(promised).unwrap_or(FAILED_TESTS);
    let mut found = ask().await?;
    for pause in LATE {
        if found.len() >= promised.min(FAILED_TESTS) {
            break;
        }
        tokio::time::sleep(pause).await;
        found = ask().await?;
    }
    Ok(found)
}

fn missing(events: &dyn Events, what: &str, error: &Error) {
    events.event(&Event::Warning(format!(
        "The {what} can't be shown: {error}"
    )));
}

async fn problems(client: &Client, id: BuildId, promised: u64) -> Result<Vec<Problem>, Error> {
    let ask = async || Ok(client.problems(id).await?.problem_occurrence);
    let found = in_time(promised, ask).await?;
    Ok(found
        .iter()
        .filter(|problem| !problem.muted)
        .map(|problem| Problem {
            kind: problem.kind.clone().unwrap_or_default(),
            text: problem.text().to_owned(),
            within: None,
        })
        .collect())
}

/// Failed tests, new failures first.
async fn failed_tests(client: &Client, id: BuildId) -> Result<Vec<FailedTest>, Error> {
    let mut found = Vec::new();
    for filter in [
        TestFilter::NewFailures,
        TestFilter::OldFailures,
        TestFilter::Errors,
    ] {
        let mut pages = client.test_pages(id, filter);
        while let Some(page) = pages.next().await? {
            found.extend(page.into_iter().filter(|test| !test.muted).map(failed_test));
            if found.len() >= FAILED_TESTS {
                found.truncate(FAILED_TESTS);
                return Ok(found);
            }
        }
    }
    Ok(found)
}

fn failed_test(test: TestOccurrence) -> FailedTest {
    FailedTest {
        name: test
            .name
            .unwrap_or_else(|| "a test without a name".to_owned()),
        details: test
            .details
            .map(|details| details.chars().take(LONGEST_DETAILS).collect()),
        is_new: test.new_failure,
        duration: test.duration.map(Duration::from_millis),
        within: None,
    }
}
