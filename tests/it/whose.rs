//! Whose failure it is: new here, on the default branch too, investigated, muted, or not known.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::{
    BuildType, EarlierBuild, FailedTest, Fault, FaultKind, Matcher, Outcome, Plan, Problem,
    Recorded, Scenario, Simulator, Tests,
};

use crate::pipe::{Ran, Step};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failing(names: &[&str]) -> Tests {
    Tests::passed(2).failed(names.iter().map(|name| FailedTest::new(*name, "trace")))
}

fn plan(tests: Tests) -> Plan {
    Plan::new()
        .queued_for(s(1))
        .runs_for(s(20))
        .outcome(Outcome::Failure)
        .tests(tests)
}

/// A build of the default branch, so many hours before the run.
fn earlier(hours: u64, plan: Plan) -> EarlierBuild {
    EarlierBuild::new("App_Build", s(hours * 3600), plan)
}

/// A step on a branch of its own.
fn step() -> Step {
    Step::new().set("BITBUCKET_BRANCH", "feature/x")
}

fn scenario(plan: Plan) -> Scenario {
    Scenario::new()
        .branch("App_Git", "feature/x")
        .plan("App_Build", plan)
}

fn build(ran: &Ran) -> Value {
    let text = std::fs::read_to_string(ran.directory.path().join("teamcity-builds.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["builds"][0].clone()
}

/// Names and classes of the failed tests, in their order.
fn classes(build: &Value) -> Vec<(String, String)> {
    let word = |test: &Value, name: &str| test[name].as_str().unwrap_or("none").to_owned();
    let tests = build["failedTests"].as_array().unwrap().iter();
    tests
        .map(|test| (word(test, "name"), word(test, "class")))
        .collect()
}

fn pair(name: &str, class: &str) -> (String, String) {
    (name.to_owned(), class.to_owned())
}

/// Requests that compare with the default branch.
fn asked(simulator: &Simulator) -> Vec<Recorded> {
    let compares = |request: &Recorded| {
        let query = request.query.as_deref().unwrap_or_default();
        query.contains("default%3Atrue")
            || query.contains("test%28id%29%2CfirstFailed")
            || query.contains("newFailure%2Ctest%28id%29%29")
            || query.contains("newFailure%2Ctest%28id%29%2Cbuild")
    };
    simulator.requests().into_iter().filter(compares).collect()
}

#[tokio::test(start_paused = true)]
async fn each_failed_test_has_a_class_and_what_is_new_comes_first() {
    let past = [
        earlier(3, plan(failing(&["a.T.old"]))),
        earlier(
            2,
            plan(
                Tests::passed(1)
                    .passing(["a.T.fresh", "a.T.taken"])
                    .failed([FailedTest::new("a.T.old", "x")]),
            ),
        ),
    ];
    let now = Tests::passed(5).failed([
        FailedTest::new("a.T.quiet", "x").muted(),
        FailedTest::new("a.T.old", "x"),
        FailedTest::new("a.T.taken", "x").investigated("jane", "TAKEN"),
        FailedTest::new("a.T.added", "x").newly(),
        FailedTest::new("a.T.fresh", "x").newly(),
    ]);
    let [first, second] = past;
    let scenario = scenario(plan(now)).earlier(first).earlier(second);
    let simulator = Simulator::start(scenario);
    let ran = step().run(&simulator).await;
    ran.ends_with(1)
        .says("4 failed tests, 1 new here, 1 unknown")
        .says("a.T.fresh (new here)")
        .says("a.T.added (unknown: not run on main #2)")
        .says("a.T.taken (investigated by jane)")
        .says("a.T.old (fails on the default branch too, since main #1)")
        .says("and 1 muted failure");
    let build = build(&ran);
    assert_eq!(
        classes(&build),
        [
            pair("a.T.fresh", "new"),
            pair("a.T.added", "unknown"),
            pair("a.T.taken", "investigated"),
            pair("a.T.old", "also-on-default"),
        ]
    );
    assert_eq!(build["mutedTests"][0]["class"], "muted");
    assert_eq!(build["failedTests"][3]["since"]["name"], "main #1");
    assert_eq!(build["failedTests"][0]["newFailure"], json!(true));
    assert_eq!(asked(&simulator).len(), 3);
}

/// The ends of one test in earlier builds of the default branch, the oldest first.
fn with_past(mut scenario: Scenario, past: &[Tests]) -> Scenario {
    for (hours, tests) in (1..=past.len()).rev().zip(past) {
        scenario = scenario.earlier(earlier(hours as u64 * 2, plan(tests.clone())));
    }
    scenario
}

fn often(test: &Value) -> Option<(u64, u64)> {
    Some((
        test["often"]["failed"].as_u64()?,
        test["often"]["ran"].as_u64()?,
    ))
}

#[tokio::test(start_paused = true)]
async fn a_test_that_fails_now_and_then_is_told_with_a_number() {
    let good = Tests::passed(1).passing(["a.T.flaky", "a.T.rare"]);
    let bad = failing(&["a.T.flaky"]);
    let quiet = Tests::passed(1).failed([FailedTest::new("a.T.flaky", "x").muted()]);
    // Ten that are too long ago, eight that are counted, two that did not run it, nine muted, and the one to compare with.
    let mut past = vec![bad.clone(); 10];
    past.extend(vec![bad.clone(); 3]);
    past.extend(vec![failing(&[]).passing(["a.T.flaky"]); 3]);
    past.extend(vec![failing(&["a.T.other"]); 2]);
    past.extend(vec![quiet; 9]);
    past.extend([good.clone(), good.clone(), good]);
    let now = failing(&["a.T.rare", "a.T.flaky"]);
    let simulator = Simulator::start(with_past(scenario(plan(now.clone())), &past));
    let ran = step().run(&simulator).await;
    ran.says("a.T.flaky (new here; failed in 3 of the last 9 builds of main that ran it)")
        .says("a.T.rare (new here)\n");
    let found = build(&ran);
    let of = |name: &str| {
        let mut tests = found["failedTests"].as_array().unwrap().iter();
        tests.find(|test| test["name"] == name).and_then(often)
    };
    assert_eq!((of("a.T.flaky"), of("a.T.rare")), (Some((3, 9)), None));
    assert_eq!(asked(&simulator).len(), 3);
    // Where it is refused, the classes are the same.
    let simulator = Simulator::start(with_past(scenario(plan(now)), &past));
    let history = Matcher::query_contains("untilBuild");
    simulator.fault(
        Fault::new(FaultKind::Html504AfterActing)
            .on(history)
            .always(),
    );
    let ran = step().run(&simulator).await;
    ran.says("2 failed tests, 2 new here")
        .says("a.T.flaky (new here)\n");
}

#[tokio::test(start_paused = true)]
async fn the_last_that_ran_to_its_end_is_the_measure_and_never_a_personal_or_canceled_one() {
    let good = Plan::new().tests(Tests::passed(1).passing(["a.T.x"]));
    let canceled = Plan::new().outcome(Outcome::CanceledBy {
        user: "jane".into(),
        comment: String::new(),
        at: s(10),
    });
    let scenario = scenario(plan(failing(&["a.T.x"])))
        .earlier(earlier(9, plan(failing(&["a.T.x"]))))
        .earlier(earlier(8, good))
        .earlier(earlier(6, canceled))
        .earlier(earlier(5, plan(failing(&["a.T.x"]))).branch("feature/x"));
    let ran = step().run(&Simulator::start(scenario)).await;
    assert_eq!(classes(&build(&ran)), [pair("a.T.x", "new")]);
    ran.says("1 failed test, 1 new here");
}

#[tokio::test(start_paused = true)]
async fn a_build_of_the_default_branch_is_compared_with_the_one_before_it() {
    let scenario = Scenario::new()
        .plan("App_Build", plan(failing(&["a.T.x", "a.T.y"])))
        .earlier(earlier(2, plan(failing(&["a.T.x"]).passing(["a.T.y"]))));
    let ran = Step::new().run(&Simulator::start(scenario)).await;
    assert_eq!(
        classes(&build(&ran)),
        [pair("a.T.y", "new"), pair("a.T.x", "also-on-default")]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_claimed_without_a_build_to_compare_with() {
    let ran = step()
        .run(&Simulator::start(scenario(plan(failing(&["a.T.x"])))))
        .await;
    ran.ends_with(1)
        .says("1 failed test\n")
        .says("unknown: no finished build on the default branch")
        .says_not("new here");
    assert_eq!(classes(&build(&ran)), [pair("a.T.x", "unknown")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_slow_or_refused_is_unknown_and_the_step_ends_all_the_same() {
    for kind in [FaultKind::HangBeforeActing, FaultKind::Html504AfterActing] {
        let scenario =
            scenario(plan(failing(&["a.T.x"]))).earlier(earlier(2, plan(failing(&["a.T.x"]))));
        let simulator = Simulator::start(scenario);
        let reference = Matcher::query_contains("default:true");
        simulator.fault(Fault::new(kind).on(reference).always());
        let ran = step().run(&simulator).await;
        assert_eq!(classes(&build(&ran)), [pair("a.T.x", "unknown")]);
        ran.ends_with(1);
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_failures_cost_three_requests_and_no_address_is_long() {
    let names: Vec<String> = (0..600).map(|number| format!("a.T.t{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let there = failing(&names[..300]).passing(names[300..].iter().copied());
    let scenario = scenario(plan(failing(&names))).earlier(earlier(2, plan(there)));
    let simulator = Simulator::start(scenario);
    let ran = step().run(&simulator).await;
    ran.ends_with(1)
        .says("600 failed tests, at least 200 new here, 100 unknown");
    let asked = asked(&simulator);
    assert_eq!(asked.len(), 3);
    let length =
        |request: &Recorded| request.path.len() + request.query.as_ref().map_or(0, String::len);
    assert!(asked.iter().all(|request| length(request) <= 6 * 1024));
    let since = |test: &&Value| !test["since"].is_null();
    let build = build(&ran);
    let tests = build["failedTests"].as_array().unwrap();
    assert_eq!(tests.len(), 500);
    assert!(tests.iter().filter(since).count() <= 50);
}

#[tokio::test(start_paused = true)]
async fn problems_are_compared_by_their_identity() {
    let with = |code: i32| plan(Tests::passed(3)).problems([Problem::exit_code(code, "Test")]);
    let scenario = scenario(with(2)).earlier(earlier(2, with(1)));
    let ran = step().run(&Simulator::start(scenario)).await;
    assert_eq!(build(&ran)["problems"][0]["class"], "also-on-default");
}

#[tokio::test(start_paused = true)]
async fn a_canceled_build_is_not_asked_about() {
    let mut canceled = plan(failing(&["a.T.x"]));
    canceled = canceled.outcome(Outcome::CanceledBy {
        user: "jane".into(),
        comment: String::new(),
        at: s(10),
    });
    let simulator =
        Simulator::start(scenario(canceled).earlier(earlier(2, plan(failing(&["a.T.x"])))));
    step().run(&simulator).await.ends_with(2);
    assert_eq!(asked(&simulator).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_history_tells_whose_each_failure_is() {
    let scenario = Scenario::new()
        .with_history()
        .plan("App_Build", Plan::with_all_failures(s(245)));
    let simulator = Simulator::start(scenario);
    let ran = step().run(&simulator).await;
    let often =
        |failed: u64| format!("failed in {failed} of the last 20 builds of main that ran it");
    ran.ends_with(1)
        .says("5 failed tests, 2 new here, 1 unknown")
        .says(&format!("CartTest.totals (new here; {})", often(0)))
        .says(&format!("CartTest.vouchers (new here; {})", often(4)))
        .says("CartTest.coupons (unknown: not run on main #20)\n")
        .says(&format!(
            "CartTest.discounts (investigated by jane; {})",
            often(0)
        ))
        .says("CartTest.rounding (fails on the default branch too, since main #15; ")
        .says(&often(6))
        .says("and 1 muted failure")
        // TeamCity's own summary says it.
        .says_not("Problem: Process exited with code 1")
        .says("exit code 1 (Step: Test)");
    let junit = ran.file(&junit_of(&ran));
    for class in ["new", "unknown", "investigated", "also-on-default"] {
        let property = format!("<property name=\"teamcity.class\" value=\"{class}\"/>");
        assert!(junit.contains(&property), "{class}");
    }
    assert!(!junit.contains("newFailure"), "{junit}");
}

fn junit_of(ran: &Ran) -> String {
    let files = std::fs::read_dir(ran.path("test-reports")).unwrap();
    let file = files.flatten().next().unwrap().file_name();
    format!("test-reports/{}", file.to_string_lossy())
}

#[tokio::test(start_paused = true)]
async fn five_hundred_failures_of_all_classes_are_understood_in_thirty_lines() {
    let names = |from: usize, to: usize| -> Vec<String> {
        (from..to).map(|number| format!("a.T.t{number}")).collect()
    };
    let failed = |names: Vec<String>| names.into_iter().map(|name| FailedTest::new(name, "trace"));
    let there = Tests::passed(1)
        .passing(names(0, 60))
        .failed(failed(names(60, 440)));
    let now = Tests::passed(9)
        .failed(failed(names(500, 520)).map(FailedTest::muted))
        .failed(failed(names(0, 440)))
        .failed(failed(names(440, 480)).map(|test| test.investigated("jane", "TAKEN")))
        .failed(failed(names(480, 500)));

    let problems = (0..20).map(|number| {
        Problem::new(
            "BuildFailureOnMessage",
            format!("problem {number}\nwith\nlines"),
        )
        .identity(format!("{number}"))
    });
    let now = plan(now).problems(problems);
    let simulator = Simulator::start(scenario(now).earlier(earlier(2, plan(there))));
    let ran = step().run(&simulator).await;
    ran.ends_with(1)
        .says("500 failed tests, 60 new here, 20 unknown")
        .says("… and 490 more (50 new here, 20 unknown, 40 investigated, 380 on the default branch too)")
        .says("and 20 muted failures");
    let text = ran.output.clone();
    let lines: Vec<&str> = text.lines().collect();
    let first = lines
        .iter()
        .position(|line| line.contains("Problem: problem 0"));
    let end = lines.len() - first.unwrap();
    assert!(end <= 30, "{end} lines: {:#?}", &lines[first.unwrap()..]);
}

/// A chain whose parts fail, each with a history: which requests compare is counted.
async fn of_a_chain(parts: usize) -> (Ran, usize) {
    let names: Vec<String> = (0..parts).map(|part| format!("Part{part}")).collect();
    let mut top = BuildType::new("Top").roots(["App_Git"]).composite();
    let mut scenario = Scenario::new().branch("App_Git", "feature/x");
    for name in &names {
        top = top.depends_on([name.as_str()]);
        let now = plan(failing(&["a.T.old", "a.T.fresh"]));
        let there = plan(failing(&["a.T.old"]).passing(["a.T.fresh"]));
        scenario = scenario
            .build_type(BuildType::new(name.as_str()).roots(["App_Git"]))
            .plan(name, now)
            .earlier(EarlierBuild::new(name, s(7200), there));
    }
    let simulator = Simulator::start(scenario.build_type(top));
    let ran = step().set("BUILD_TYPE_ID", "Top").run(&simulator).await;
    ran.ends_with(1);
    let asked = asked(&simulator).len();
    (ran, asked)
}

#[tokio::test(start_paused = true)]
async fn of_a_chain_each_failing_part_is_asked_about_and_nine_times_in_all() {
    for parts in [1, 2, 3, 5] {
        let (ran, asked) = of_a_chain(parts).await;
        // One is for the numbers of the top.
        assert!(asked <= (1 + 3 * parts).min(9), "{parts}: {asked}");
        let found = build(&ran);
        let of_class = |class: &str| {
            let tests = found["failedTests"].as_array().unwrap().iter();
            tests.filter(|test| test["class"] == class).count()
        };
        if parts <= 3 {
            let known = of_class("new") + of_class("also-on-default");
            let all = found["failedTests"].as_array().unwrap().len();
            assert_eq!(
                (all, known),
                (2 * parts, 2 * parts),
                "{:#}",
                found["failedTests"]
            );
        }
    }
}
