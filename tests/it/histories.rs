//! Whose a failure is, over random histories of the default branch, against the slow words of the interface.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use teamcity_simulator::{EarlierBuild, FailedTest, Outcome, Plan, Scenario, Simulator, Tests};

use crate::pipe::Step;

/// So many tests there are in all.
const TESTS: usize = 4;

/// How a test went in a build of the past.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Went {
    Passed,
    Failed,
    Muted,
    NotRun,
}

/// What a build of the past was.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Finished,
    Canceled,
    FailedToStart,
    Personal,
    OfAnotherBranch,
}

type Past = (Kind, [Went; TESTS]);

/// What a failed test of ours is beside its failure.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ours {
    Plain,
    Muted,
    Investigated,
}

fn name(test: usize) -> String {
    format!("a.T.t{test}")
}

fn past() -> impl Strategy<Value = Past> {
    let went = prop_oneof![
        3 => Just(Went::Passed),
        3 => Just(Went::Failed),
        1 => Just(Went::Muted),
        2 => Just(Went::NotRun),
    ];
    let kind = prop_oneof![
        6 => Just(Kind::Finished),
        1 => Just(Kind::Canceled),
        1 => Just(Kind::FailedToStart),
        1 => Just(Kind::Personal),
        1 => Just(Kind::OfAnotherBranch),
    ];
    (kind, prop::array::uniform4(went))
}

fn ours() -> impl Strategy<Value = [Ours; TESTS]> {
    let one = prop_oneof![
        4 => Just(Ours::Plain),
        1 => Just(Ours::Muted),
        1 => Just(Ours::Investigated),
    ];
    prop::array::uniform4(one)
}

fn earlier(hours: usize, (kind, went): &Past) -> EarlierBuild {
    let mut tests = Tests::passed(1);
    for (test, went) in went.iter().enumerate() {
        let failed = FailedTest::new(name(test), "x");
        tests = match went {
            Went::Passed => tests.passing([name(test)]),
            Went::Failed => tests.failed([failed]),
            Went::Muted => tests.failed([failed.muted()]),
            Went::NotRun => tests,
        };
    }
    let outcome = match kind {
        Kind::Canceled => Outcome::CanceledBy {
            user: "ci".into(),
            comment: String::new(),
            at: Duration::from_secs(10),
        },
        Kind::FailedToStart => Outcome::FailedToStart,
        _ if tests.failures() > 0 => Outcome::Failure,
        _ => Outcome::Success,
    };
    let plan = Plan::new().outcome(outcome).tests(tests);
    let ago = Duration::from_secs(3600 * hours as u64);
    let build = EarlierBuild::new("App_Build", ago, plan);
    match kind {
        Kind::Personal => build.user("ci").personal(),
        Kind::OfAnotherBranch => build.branch("feature/other"),
        _ => build,
    }
}

/// The class of a test, and how often it failed in how many builds that ran it, if that is said; the newest build first.
fn slowly(test: usize, ours: Ours, past: &[Past]) -> (&'static str, Option<(u64, u64)>) {
    let finished = past.iter().filter(|(kind, _)| *kind == Kind::Finished);
    let went: Vec<Went> = finished.map(|(_, went)| went[test]).collect();
    let last: Vec<Went> = went.iter().copied().take(20).collect();
    let count = |one: Went| last.iter().filter(|went| **went == one).count() as u64;
    let (failed, passed) = (count(Went::Failed), count(Went::Passed));
    let often = (failed + passed >= 5).then_some((failed, failed + passed));
    match (ours, went.first()) {
        (Ours::Muted, _) => ("muted", None),
        (Ours::Investigated, _) => ("investigated", often),
        (_, None | Some(Went::NotRun)) => ("unknown", often),
        (_, Some(Went::Passed)) => ("new", often),
        (_, Some(Went::Failed | Went::Muted)) => ("also-on-default", often),
    }
}

async fn told(ours: &[Ours; TESTS], past: &[Past], on_default: bool) -> Vec<(String, Value)> {
    let failed = ours.iter().enumerate().map(|(test, ours)| {
        let failed = FailedTest::new(name(test), "x");
        match ours {
            Ours::Plain => failed,
            Ours::Muted => failed.muted(),
            Ours::Investigated => failed.investigated("jane", "TAKEN"),
        }
    });
    // One more, so that it always fails.
    let tests = Tests::passed(1)
        .failed(failed)
        .failed([FailedTest::new("a.T.other", "x")]);
    let plan = Plan::new().outcome(Outcome::Failure).tests(tests);
    let scenario = Scenario::new()
        .branch("App_Git", "feature/x")
        .branch("App_Git", "feature/other")
        .plan("App_Build", plan);
    let scenario = past
        .iter()
        .enumerate()
        .fold(scenario, |scenario, (at, one)| {
            scenario.earlier(earlier(at + 1, one))
        });
    let simulator = Simulator::start(scenario);
    let branch = if on_default { "main" } else { "feature/x" };
    let ran = Step::new()
        .set("BITBUCKET_BRANCH", branch)
        .run(&simulator)
        .await;
    ran.ends_with(1);
    let document: Value = serde_json::from_str(&ran.file("teamcity-builds.json")).unwrap();
    let build = &document["builds"][0];
    let lists = [&build["failedTests"], &build["mutedTests"]];
    let all = lists.into_iter().flat_map(|list| list.as_array().unwrap());
    all.map(|test| (test["name"].as_str().unwrap().to_owned(), test.clone()))
        .collect()
}

#[test]
fn nothing_is_claimed_that_a_history_does_not_tell() {
    let config = ProptestConfig {
        cases: 60,
        rng_seed: proptest::test_runner::RngSeed::Fixed(19),
        failure_persistence: None,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    };
    proptest!(config, |(
        past in prop::collection::vec(past(), 0..26),
        ours in ours(),
        on_default in any::<bool>(),
    )| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let told = runtime.block_on(told(&ours, &past, on_default));
        for (test, ours) in ours.into_iter().enumerate() {
            let (class, often) = slowly(test, ours, &past);
            let (_, said) = told.iter().find(|(one, _)| *one == name(test)).unwrap();
            prop_assert_eq!(said["class"].as_str(), Some(class), "{}: {}", test, said);
            let number = |member: &str| said["often"][member].as_u64();
            prop_assert_eq!(number("failed").zip(number("ran")), often, "{}: {}", test, said);
            prop_assert_eq!(class == "unknown", !said["unknownWhy"].is_null());
        }
    });
}
