//! Whose the failures of a build are: asks for the default branch's last finished build, and how the same tests went there.
//!
//! At most three requests a build; of a chain nine in all, of which those for the classes come first. What is not there in time is unknown.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::budget::Budget;
use super::seats::Rank;
use crate::outcome::often::{Past, Went, began, often};
use crate::outcome::whose::{self, Failed, Failure, Ran, Reference, There, Told};
use crate::outcome::{BuildOutcome, Class, Comparison, FailedTest, Moment, Numbers, Problem};
use crate::teamcity::model::{Build, Status, TestOccurrence};
use crate::teamcity::{Client, Error, TestsThere};
use crate::types::{BuildId, BuildTypeId};

/// How long after a build's end it may take.
const WITHIN: Duration = Duration::from_secs(30);
/// Requests for a build and its chain.
const MOST_REQUESTS: u32 = 9;
/// Requests that tell a build's classes: its reference, and how the tests went there.
const FOR_CLASSES: u32 = 2;
/// Tests of which it is asked since when they fail, or how often: this is work for the server.
const MOST_SINCE: usize = 50;

/// A build that ended.
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

impl<'a> Subject<'a> {
    /// The build of an outcome.
    pub fn top(id: BuildId, outcome: &'a BuildOutcome) -> Self {
        Self {
            id,
            build_type: &outcome.build_type,
            on_default: outcome.on_default,
            started_at: outcome.started_at,
        }
    }
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

/// The build to compare with, and where it is from.
#[derive(Debug)]
pub struct Referred {
    id: BuildId,
    build_type: BuildTypeId,
    /// Its branch's name, in words.
    branch: String,
    reference: Reference,
}

/// The reference; or why there is none.
pub type Known = Result<Referred, String>;

/// Asks for a build that has ended, and for its chain.
pub struct Whose<'a> {
    client: &'a Client,
    budget: &'a Budget,
    until: Instant,
    asked: Cell<u32>,
    /// Requests that are left for what is good to know beside the classes.
    spare: Cell<u32>,
    /// The build at the top of the chain.
    top: BuildId,
    comparison: RefCell<Option<Comparison>>,
}

impl<'a> Whose<'a> {
    /// For a build that has ended just now, with so many of its chain of which it is asked.
    pub fn new(client: &'a Client, budget: &'a Budget, top: BuildId, of_chain: usize) -> Self {
        let builds = u32::try_from(of_chain).map_or(u32::MAX, |chain| chain.saturating_add(1));
        let now = Instant::now();
        Self {
            client,
            budget,
            until: now.checked_add(WITHIN).unwrap_or(now),
            asked: Cell::new(0),
            top,
            comparison: RefCell::default(),
            spare: Cell::new(MOST_REQUESTS.saturating_sub(builds.saturating_mul(FOR_CLASSES))),
        }
    }

    /// Numbers of the build at the top beside those of its reference, if that was asked for.
    pub fn comparison(&self) -> Option<Comparison> {
        self.comparison.borrow().clone()
    }

    /// The build to compare with.
    pub async fn reference(&self, subject: Subject<'_>) -> Known {
        let until = subject.on_default.then_some(subject.id);
        let own = (subject.id == self.top).then_some(subject.id);
        let builds = self.client.last_on_default(subject.build_type, until, own);
        let builds = self.ask(builds).await?;
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
        let build = builds.iter().find(|build| fits(build)).ok_or_else(none)?;
        let id = build.id.ok_or_else(none)?;
        let with = told(build, None);
        let name = branch(build).unwrap_or("the default branch").to_owned();
        if let Some(ours) = builds.iter().find(|build| build.id == own && own.is_some()) {
            let (here, there) = (numbers(ours), numbers(build));
            let comparison = Comparison::between(&here, &there, with.clone(), name.clone());
            *self.comparison.borrow_mut() = comparison;
        }
        let problems = build.problem_occurrences.as_ref();
        let problems = problems
            .into_iter()
            .flat_map(|list| &list.problem_occurrence);
        Ok(Referred {
            id,
            build_type: subject.build_type.clone(),
            branch: name,
            reference: Reference {
                build: with,
                problems: problems
                    .filter_map(|problem| problem.identity.clone())
                    .collect(),
                tests: Ok(There::default()),
            },
        })
    }

    /// Gives each problem and test its class, and puts them into the order of these.
    pub async fn judge(&self, known: Known, found: Found) -> Failures {
        let mut past = Vec::new();
        let mut counted = HashMap::new();
        let known = match known {
            Ok(mut known) => {
                (known.reference.tests, past) = self.went(&known, &found.tests).await;
                counted = often(&past, &known.branch);
                Ok(known.reference)
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
        let told = tests.into_iter().zip(ours).zip(classes);
        let mut tests: Vec<FailedTest> = told
            .map(|((test, ours), mut class)| {
                let number = ours.test.filter(|_| !ours.muted);
                let number = number.as_deref().unwrap_or_default();
                if let Class::AlsoOnDefault { since } = &mut class
                    && since.is_none()
                {
                    *since = began(&past, number).cloned();
                }
                let often = counted.get(number).cloned();
                FailedTest {
                    class,
                    often,
                    ..test
                }
            })
            .collect();
        in_order(&mut problems, &mut tests);
        (problems, tests)
    }

    /// How our failed tests went in the reference, and in the builds before it.
    async fn went(
        &self,
        known: &Referred,
        tests: &[(FailedTest, Failed)],
    ) -> (Result<There, String>, Vec<Past>) {
        let unmuted = || {
            tests
                .iter()
                .map(|(_, failed)| failed)
                .filter(|one| !one.muted)
        };
        let all = distinct(unmuted().filter_map(|one| one.test.as_deref()));
        let open = unmuted().filter(|one| one.investigated.is_none());
        let open = distinct(open.filter_map(|one| one.test.as_deref()));
        if all.len() <= MOST_SINCE {
            return tokio::join!(self.there(known, &open, true), self.past(known, &all));
        }
        let there = self.there(known, &open, open.len() <= MOST_SINCE).await;
        let mut some = Vec::new();
        for failed in [false, true] {
            let went = there.iter().flat_map(|there| &there.ran);
            let went = went.filter(|ran| ran.result.is_err() == failed);
            let went: HashSet<&str> = went.map(|ran| ran.test.as_str()).collect();
            let these = open.iter().filter(|number| went.contains(**number));
            some.extend(these.take(MOST_SINCE));
        }
        let past = self.past(known, &some).await;
        (there, past)
    }

    /// How these tests went in the reference.
    async fn there(&self, known: &Referred, tests: &[&str], since: bool) -> Result<There, String> {
        if tests.is_empty() {
            return Ok(There::default());
        }
        let there = self.client.tests_there(known.id, tests, since);
        Ok(read(self.ask(there).await?, &known.reference.build, since))
    }

    /// How they went in the reference and the builds before it, the newest first; nothing where that can't be had, or not whole:
    /// the classes are the same without it.
    async fn past(&self, known: &Referred, tests: &[&str]) -> Vec<Past> {
        let Some(left) = self
            .spare
            .get()
            .checked_sub(1)
            .filter(|_| !tests.is_empty())
        else {
            return Vec::new();
        };
        self.spare.set(left);
        let history = self.client.test_history(&known.build_type, known.id, tests);
        match self.ask(history).await {
            Ok(history) if history.complete => {
                let tests = history.tests.into_iter();
                tests.filter_map(|test| past(test, &known.branch)).collect()
            }
            _ => Vec::new(),
        }
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

/// Each once, in their order.
fn distinct<'n>(numbers: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut seen = HashSet::new();
    numbers.filter(|number| seen.insert(*number)).collect()
}

/// A build's branch, if it has a name.
fn branch(build: &Build) -> Option<&str> {
    let name = build.branch_name.as_deref();
    name.filter(|name| *name != "<default>")
}

/// The numbers of a build; names are TeamCity's.
fn numbers(build: &Build) -> Numbers {
    let statistics = build.statistics.clone().unwrap_or_default();
    let tests = build.test_occurrences.map(|tests| tests.count);
    Numbers {
        duration: statistics
            .amount("BuildDurationNetTime")
            .map(Duration::from_millis),
        coverage: ["CodeCoverageL", "CodeCoverageS", "CodeCoverageB"]
            .map(|name| statistics.number(name)),
        tests: tests.filter(|count| *count > 0),
        artifacts: ["VisibleArtifactsSize", "ArtifactsSize"].map(|name| statistics.amount(name)),
    }
}

/// A build in words; where it does not say its branch, that of another one is meant.
fn told(build: &Build, like: Option<&str>) -> Told {
    let number = build.number.as_deref().unwrap_or("?");
    let name = match branch(build).or(like) {
        None => format!("the default branch's #{number}"),
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

/// A test in one of several builds; `None` where it did not run.
fn past(test: TestOccurrence, of: &str) -> Option<Past> {
    let went = match test.status.as_deref() {
        Some("SUCCESS") => Went::Passed,
        Some("FAILURE" | "ERROR") if test.muted => Went::Muted,
        Some("FAILURE" | "ERROR") => Went::Failed {
            began: test.new_failure,
        },
        _ => return None,
    };
    let build = test.build?;
    Some(Past {
        test: test.test?.id?,
        build: build.id?,
        told: told(&build, Some(of)),
        went,
    })
}
