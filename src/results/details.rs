//! What is worth knowing of a build that ended.

use std::time::Duration;

use futures_util::future::join_all;

use super::budget::Budget;
use super::chain;
use super::seats::Rank;
use super::whose::{Failures, Found, Known, Subject, Whose};
use crate::outcome::whose::Failed;
use crate::outcome::{
    BuildOutcome, BuiltChange, Cancellation, ChainBuild, Class, Ending, Event, Events, FailedTest,
    Problem, TestCounts,
};
use crate::teamcity::model::{Build, TestOccurrence};
use crate::teamcity::{Client, Error, Need, TestFilter};
use crate::types::BuildId;

/// How many failed tests are read.
const FAILED_TESTS: usize = 500;
/// How many are read to find these among muted ones.
const MOST_READ: usize = 2_000;
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
    outcome.on_default = build.is_on_default();
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
    if let Some(problems) = &build.problem_occurrences {
        outcome.promised_problems = problems.count;
    }
    if build.running_info.is_some() {
        outcome.ending = Ending::Running;
    }
}

/// Problems, with what distinguishes them from others of their types.
type Identified = Vec<(Problem, Option<String>)>;

/// What is read of one build that ended, under the budget of all. What is missing is a warning.
pub struct Details<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Who hears what is missing.
    pub events: &'a dyn Events,
    /// How long, and how much at once.
    pub budget: &'a Budget,
}

impl Details<'_> {
    /// The chain of a build; empty where it has none, or it can't be had in time.
    pub async fn chain(&self, id: BuildId) -> Vec<ChainBuild> {
        let chain = chain::read(self.client, id, Need::May);
        let chain = self.fetch(Rank::Ending, "builds that it depends on", chain);
        chain.await.unwrap_or_default()
    }

    /// The problems and failed tests of a build that did not end well.
    pub async fn failures(
        &self,
        whose: &Whose<'_>,
        id: BuildId,
        outcome: &BuildOutcome,
    ) -> Failures {
        let failed = matches!(
            outcome.ending,
            Ending::Failure
                | Ending::Canceled
                | Ending::FailedToStart
                | Ending::CommitNotFound
                | Ending::Unknown(_)
        );
        if !failed {
            return Failures::default();
        }
        let promised = outcome.tests.map_or(0, |tests| tests.failed);
        let problems = async {
            let promised = outcome.promised_problems;
            self.problems(id, promised, "build problems").await
        };
        let found = async {
            // A counter may say less than its list has: where there are tests at all, the list is looked at.
            if outcome.tests.is_some() {
                return tokio::join!(problems, self.failed_tests(id, promised));
            }
            let problems = problems.await;
            let told = problems
                .iter()
                .any(|(problem, _)| problem.kind == "TC_FAILED_TESTS");
            let tests = if told {
                self.failed_tests(id, promised).await
            } else {
                Vec::new()
            };
            (problems, tests)
        };
        let known = reference(whose, Subject::top(id, outcome), &outcome.ending);
        let ((problems, mut tests), known) = tokio::join!(found, known);
        of_parts(id, &outcome.chain, &mut tests);
        whose.judge(known, Found { problems, tests }).await
    }

    /// The builds of a chain that are asked what failed there.
    pub fn culprits(chain: &[ChainBuild]) -> impl Iterator<Item = &ChainBuild> {
        chain::culprits(chain).into_iter().take(CULPRITS)
    }

    /// What failed in the builds at which the failure began, to be named instead of "snapshot dependency failed".
    pub async fn causes(&self, whose: &Whose<'_>, chain: &[ChainBuild]) -> Failures {
        let each = Self::culprits(chain).map(|culprit| {
            Box::pin(async {
                let what = format!("build problems of {}", culprit.name);
                let subject = Subject {
                    id: culprit.id,
                    build_type: &culprit.build_type,
                    on_default: culprit.on_default,
                    started_at: culprit.started_at,
                };
                let (problems, tests, known) = tokio::join!(
                    self.problems(culprit.id, 0, &what),
                    self.failed_tests(culprit.id, 0),
                    reference(whose, subject, &culprit.ending)
                );
                let (problems, tests) = whose.judge(known, Found { problems, tests }).await;
                let within = Some(culprit.name.clone());
                let problems = problems.into_iter().map(|problem| Problem {
                    within: within.clone(),
                    ..problem
                });
                let problems = chain::problem_of(culprit).into_iter().chain(problems);
                let tests = tests.into_iter().map(|test| FailedTest {
                    within: within.clone(),
                    ..test
                });
                (problems.collect::<Vec<_>>(), tests.collect::<Vec<_>>())
            })
        });
        let mut all = Failures::default();
        for (problems, tests) in join_all(each).await {
            all.0.extend(problems);
            all.1.extend(tests);
        }
        all
    }

    /// The changes that a build is the first to contain.
    pub async fn changes(&self, id: BuildId) -> Vec<BuiltChange> {
        let changes = self.client.changes_of_build(id, CHANGES);
        let changes = self
            .fetch(Rank::Rest, "changes in the build", changes)
            .await;
        let changes = changes.unwrap_or_default().change.into_iter();
        let built = changes.filter_map(|change| {
            let comment = change
                .comment
                .and_then(|text| text.lines().next().map(ToOwned::to_owned));
            Some(BuiltChange {
                version: change.version?,
                author: change.username,
                comment,
            })
        });
        built.collect()
    }

    async fn problems(&self, id: BuildId, promised: u64, what: &str) -> Identified {
        let problems = problems(self.client, id, promised);
        let problems = self.fetch(Rank::Problems, what, problems).await;
        problems.unwrap_or_default()
    }

    /// Failed tests, the muted ones too. Asked for again while there are fewer than promised.
    async fn failed_tests(&self, id: BuildId, promised: u64) -> Vec<(FailedTest, Failed)> {
        let promised = usize::try_from(promised).unwrap_or(FAILED_TESTS);
        let mut pauses = LATE.into_iter();
        loop {
            let (found, missing) = self.failed_tests_now(id).await;
            let few = unmuted(&found) < promised.min(FAILED_TESTS);
            match (missing, pauses.next()) {
                (None, Some(pause)) if few => tokio::time::sleep(pause).await,
                (missing, _) => {
                    if let Some(why) = missing {
                        self.lacks("failed tests", &why);
                    }
                    return found;
                }
            }
        }
    }

    /// What there is now, and why not all.
    async fn failed_tests_now(&self, id: BuildId) -> (Vec<(FailedTest, Failed)>, Option<String>) {
        let filters = [TestFilter::Failures, TestFilter::RunnerErrors];
        let lists = filters.map(|filter| {
            Box::pin(async move {
                let mut found = Vec::new();
                let mut pages = self.client.test_pages(id, filter);
                loop {
                    let page = self.budget.fetch(Rank::FailedTests, pages.next()).await;
                    let missing = match page {
                        Ok(Ok(Some(page))) => {
                            found.extend(page.into_iter().map(failed_test));
                            if unmuted(&found) < FAILED_TESTS && found.len() < MOST_READ {
                                continue;
                            }
                            None
                        }
                        Ok(Ok(None)) => None,
                        Ok(Err(error)) => Some(error.to_string()),
                        Err(late) => Some(late.to_string()),
                    };
                    return (found, missing);
                }
            })
        });
        let mut all = Vec::new();
        let mut why = None;
        for (found, missing) in join_all(lists).await {
            all.extend(found);
            why = why.or(missing);
        }
        let mut left = FAILED_TESTS;
        all.retain(|(_, failed)| {
            let keep = failed.muted || left > 0;
            left = left.saturating_sub(usize::from(!failed.muted));
            keep
        });
        (all, why)
    }

    async fn fetch<T>(
        &self,
        rank: Rank,
        what: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Option<T> {
        let why = match self.budget.fetch(rank, work).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        self.lacks(what, &why);
        None
    }

    fn lacks(&self, what: &str, why: &str) {
        self.events
            .event(&Event::Warning(format!("The {what} can't be shown: {why}")));
    }
}

/// Only a build that failed by itself is compared.
async fn reference(whose: &Whose<'_>, subject: Subject<'_>, ending: &Ending) -> Known {
    if *ending == Ending::Failure {
        Box::pin(whose.reference(subject)).await
    } else {
        Err(format!("the build's end is: {}", ending.words()))
    }
}

/// A composite build lists the tests of its parts as its own. Those of parts that are asked for themselves are left to these.
fn of_parts(id: BuildId, chain: &[ChainBuild], tests: &mut Vec<(FailedTest, Failed)>) {
    let asked = Details::culprits(chain).map(|culprit| culprit.id);
    let asked: Vec<BuildId> = asked.collect();
    tests.retain(|(_, failed)| failed.build.is_none_or(|build| !asked.contains(&build)));
    for (test, failed) in tests {
        let part = chain
            .iter()
            .find(|part| part.id != id && failed.build == Some(part.id));
        test.within = part.map(|part| part.name.clone());
    }
}

fn unmuted(found: &[(FailedTest, Failed)]) -> usize {
    found.iter().filter(|(_, failed)| !failed.muted).count()
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

async fn problems(client: &Client, id: BuildId, promised: u64) -> Result<Identified, Error> {
    let ask = async || Ok(client.problems(id).await?.problem_occurrence);
    let found = in_time(promised, ask).await?;
    Ok(found
        .iter()
        .filter(|problem| !problem.muted)
        .map(|problem| {
            let found = Problem {
                kind: problem.kind.clone().unwrap_or_default(),
                text: problem.text().to_owned(),
                class: None,
                within: None,
            };
            (found, problem.identity.clone())
        })
        .collect())
}

fn failed_test(test: TestOccurrence) -> (FailedTest, Failed) {
    let failed = Failed {
        test: test.test.as_ref().and_then(|test| test.id.clone()),
        build: test.build.as_ref().and_then(|build| build.id),
        muted: test.muted,
        investigated: test.investigator(),
    };
    let test = FailedTest {
        name: test
            .name
            .unwrap_or_else(|| "a test without a name".to_owned()),
        details: test
            .details
            .map(|details| details.chars().take(LONGEST_DETAILS).collect()),
        new_failure: test.new_failure,
        class: Class::not_asked(),
        often: None,
        duration: test.duration.map(Duration::from_millis),
        within: None,
    };
    (test, failed)
}
