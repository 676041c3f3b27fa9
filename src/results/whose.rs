//! Whose the failures of a build are: asks for the default branch's last finished build, and how the same tests went there.
//!
//! At most three requests a build; of a chain nine in all. What is not there in time is unknown.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::budget::Budget;
use super::seats::Rank;
use crate::outcome::whose::{self, Failed, Failure, Ran, Reference, There, Told};
use crate::outcome::{Class, FailedTest, Moment, Problem};
use crate::teamcity::model::{Build, Status, TestOccurrence};
use crate::teamcity::{Client, Error, TestsThere};
use crate::types::{BuildId, BuildTypeId};

/// How long after a build's end it may take.
const WITHIN: Duration = Duration::from_secs(30);
/// Requests for a build and its chain.
const MOST_REQUESTS: u32 = 9;
/// Tests of which it is asked since when they fail: this is work for the server.
const MOST_SINCE: usize = 50;

/// A build that failed.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its id.
    pub id: BuildId,
    /// Its configuration.
    pub build_type: &'a BuildTypeId,
    /// It is on the default branch itself.
    pub on_default: bool,
    /// When it started.
    pub started_at: Option<Moment>,
}

/// What went wrong in a build, with what identifies it.
#[derive(Debug, Default)]
pub struct Found {
    /// Problems and their identities.
    pub problems: Vec<(Problem, Option<String>)>,
    /// Failed tests.
    pub tests: Vec<(FailedTest, Failed)>,
}

/// Problems and failed tests.
pub type Failures = (Vec<Problem>, Vec<FailedTest>);

/// The reference, and its id; or why there is none.
pub type Known = Result<(BuildId, Reference), String>;

/// Asks for a build that has ended, and for its chain.
pub struct Whose<'a> {
    client: &'a Client,
    budget: &'a Budget,
    until: Instant,
    asked: Cell<u32>,
}

impl<'a> Whose<'a> {
    /// For a build that has ended just now.
    pub fn new(client: &'a Client, budget: &'a Budget) -> Self {
        let now = Instant::now();
        Self {
            client,
            budget,
            until: now.checked_add(WITHIN).unwrap_or(now),
            asked: Cell::new(0),
        }
    }

    /// The build to compare with.
    pub async fn reference(&self, subject: Subject<'_>) -> Known {
        let until = subject.on_default.then_some(subject.id);
        let builds = self
            .ask(self.client.last_on_default(subject.build_type, until))
            .await?;
        let is_older = |build: &Build| {
            let starts = build.start_date.zip(subject.started_at);
            !subject.on_default || starts.is_none_or(|(theirs, ours)| theirs <= ours)
        };
        let fits = |build: &Build| {
            build.id.is_some_and(|id| id != subject.id)
                && matches!(build.status, Some(Status::Success | Status::Failure))
                && build.is_finished()
                && is_older(build)
        };
        let none = || "no finished build on the default branch".to_owned();
        let build = builds.into_iter().find(fits).ok_or_else(none)?;
        let id = build.id.ok_or_else(none)?;
        let problems = build.problem_occurrences.as_ref();
        let problems = problems
            .into_iter()
            .flat_map(|list| &list.problem_occurrence);
        Ok((
            id,
            Reference {
                build: told(&build, None),
                problems: problems
                    .filter_map(|problem| problem.identity.clone())
                    .collect(),
                tests: Ok(There::default()),
            },
        ))
    }

    /// Gives each problem and test its class, and puts them into the order of these.
    pub async fn judge(&self, known: Known, found: Found) -> Failures {
        let known = match known {
            Ok((id, mut reference)) => {
                reference.tests = self.there(id, &reference.build, &found.tests).await;
                Ok(reference)
            }
            Err(why) => Err(why),
        };
        let reference = known.as_ref().map_err(String::as_str);
        let mut problems: Vec<Problem> = found
            .problems
            .into_iter()
            .map(|(problem, identity)| Problem {
                class: whose::problem(&problem.kind, identity.as_deref(), reference),
                ..problem
            })
            .collect();
        let (tests, ours): (Vec<_>, Vec<_>) = found.tests.into_iter().unzip();
        let classes = whose::tests(&ours, reference);
        let mut tests: Vec<FailedTest> = tests
            .into_iter()
            .zip(classes)
            .map(|(test, class)| FailedTest { class, ..test })
            .collect();
        in_order(&mut problems, &mut tests);
        (problems, tests)
    }

    /// How our failed tests went in the reference.
    async fn there(
        &self,
        id: BuildId,
        build: &Told,
        tests: &[(FailedTest, Failed)],
    ) -> Result<There, String> {
        let open = tests
            .iter()
            .filter(|(_, failed)| !failed.muted && failed.investigated.is_none());
        let mut numbers: Vec<&str> = open
            .filter_map(|(_, failed)| failed.test.as_deref())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            return Ok(There::default());
        }
        let few = numbers.len() <= MOST_SINCE;
        let all = self.ask(self.client.tests_there(id, &numbers, few)).await?;
        let mut there = read(all, build, few);
        if !few {
            let mut failed: Vec<&str> = there
                .ran
                .iter()
                .filter(|ran| ran.result.is_err())
                .map(|ran| ran.test.as_str())
                .collect();
            failed.dedup();
            failed.truncate(MOST_SINCE);
            // Without it the classes are the same.
            if !failed.is_empty()
                && let Ok(since) = self.ask(self.client.tests_there(id, &failed, true)).await
            {
                let since = read(since, build, true);
                let is_known = |ran: &Ran| since.ran.iter().any(|known| known.test == ran.test);
                there.ran.retain(|ran| !is_known(ran));
                there.ran.extend(since.ran);
            }
        }
        Ok(there)
    }

    async fn ask<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
        if self.asked.get() >= MOST_REQUESTS {
            return Err("too many builds of the chain failed".to_owned());
        }
        self.asked.set(self.asked.get().saturating_add(1));
        match timeout_at(self.until, self.budget.fetch(Rank::Whose, request)).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) | Err(_) => Err("TeamCity did not say it in time".to_owned()),
        }
    }
}

/// What is first looked at comes first.
pub fn in_order(problems: &mut [Problem], tests: &mut [FailedTest]) {
    problems.sort_by_key(|problem| problem.class.as_ref().map_or(0, Class::rank));
    tests.sort_by_key(|test| test.class.rank());
}

/// A build in words; where it does not say its branch, that of another one is meant.
fn told(build: &Build, like: Option<&str>) -> Told {
    let number = build.number.as_deref().unwrap_or("?");
    let branch = build.branch_name.as_deref().or(like);
    let name = match branch {
        Some("<default>") | None => format!("the default branch's #{number}"),
        Some(branch) => format!("{branch} #{number}"),
    };
    Told {
        name,
        url: build.web_url.clone(),
    }
}

fn read(there: TestsThere, build: &Told, since: bool) -> There {
    let branch = build.name.rsplit_once(" #").map(|(branch, _)| branch);
    let ran = |test: TestOccurrence| {
        let result = match test.status.as_deref() {
            Some("SUCCESS") => Ok(()),
            Some("FAILURE" | "ERROR") => {
                let began = test.first_failed.and_then(|first| first.build);
                let began = began.filter(|build| build.number.is_some());
                let since = began.map_or_else(
                    || (since && test.new_failure).then(|| build.clone()),
                    |first| Some(told(&first, branch)),
                );
                Err(Failure { since })
            }
            _ => return None,
        };
        let test = test.test.and_then(|test| test.id)?;
        Some(Ran { test, result })
    };
    There {
        ran: there.tests.into_iter().filter_map(ran).collect(),
        complete: there.complete,
    }
}
