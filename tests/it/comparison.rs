//! Numbers of a build beside those of the default branch's last finished build.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{
    Artifact, BuildType, EarlierBuild, FailedTest, Fault, FaultKind, Matcher, Outcome, Plan,
    Problem, Scenario, Simulator, Tests,
};

use crate::pipe::{Ran, Step};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A build that runs so long, and covers so many percent of lines.
fn plan(seconds: u64, lines: &str, tests: usize) -> Plan {
    Plan::new()
        .queued_for(s(1))
        .runs_for(s(seconds))
        .tests(Tests::passed(tests))
        .statistic("CodeCoverageL", lines)
        .statistic("CodeCoverageB", "12")
        .artifacts([Artifact::generated("app.jar", 1_000 * seconds)])
}

fn scenario(now: Plan, before: Plan) -> Scenario {
    Scenario::new()
        .branch("App_Git", "feature/x")
        .plan("App_Build", now)
        .earlier(EarlierBuild::new("App_Build", s(7200), before))
}

fn step() -> Step {
    Step::new().set("BITBUCKET_BRANCH", "feature/x")
}

fn comparison(ran: &Ran) -> Value {
    let document: Value = serde_json::from_str(&ran.file("teamcity-builds.json")).unwrap();
    document["builds"][0]["comparison"].clone()
}

fn row(of: &str, unit: &str, here: f64, there: f64) -> Value {
    json!({"of": of, "unit": unit, "here": here, "there": there})
}

/// Requests about the default branch.
fn asked(simulator: &Simulator) -> usize {
    let requests = simulator.requests();
    let about = |query: Option<&str>| query.is_some_and(|text| text.contains("default%3Atrue"));
    let asked = requests.iter().filter(|one| about(one.query.as_deref()));
    asked.count()
}

#[tokio::test(start_paused = true)]
async fn a_green_build_stands_beside_the_default_branch_for_one_request() {
    let simulator = Simulator::start(scenario(plan(60, "84.21", 12), plan(50, "83.9", 11)));
    let ran = step().run(&simulator).await;
    ran.ends_with(0);
    let found = comparison(&ran);
    assert_eq!(found["with"]["name"], "main #1");
    assert!(found["with"]["url"].as_str().unwrap().starts_with("http"));
    assert_eq!(
        found["rows"],
        json!([
            row("duration", "seconds", 60.0, 50.0),
            row("coverage-of-lines", "percent", 84.21, 83.9),
            row("tests", "tests", 12.0, 11.0),
            row("artifacts", "bytes", 60_000.0, 50_000.0),
        ])
    );
    assert_eq!(asked(&simulator), 1);
    let page = ran.file("teamcity-report.html");
    for text in ["main #1", "Coverage of lines", "84.21%", "83.90%", "60 KB"] {
        assert!(page.contains(text), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_build_too_and_code_insights_keeps_ten_facts() {
    let with = |one: Plan, names: &[&str]| {
        let failed = names.iter().map(|name| FailedTest::new(*name, "x"));
        one.tests(
            Tests::passed(9)
                .failed(failed)
                .failed([FailedTest::new("q", "x").muted()]),
        )
        .outcome(Outcome::Failure)
        .problems([Problem::exit_code(1, "Test")])
    };
    let now = with(plan(245, "84.21", 0), &["a.T.x", "a.T.y"]);
    let simulator = Simulator::start(scenario(now, with(plan(230, "83.9", 0), &["a.T.x"])));
    let bitbucket = Bitbucket::new().with_repository("acme/app", &[Scenario::COMMIT]);
    let ran = step()
        .with_bitbucket(&bitbucket, None)
        .run(&simulator)
        .await;
    ran.ends_with(1);
    assert_eq!(comparison(&ran)["rows"].as_array().unwrap().len(), 4);
    // Its numbers came with what tells the classes.
    assert_eq!(asked(&simulator), 2);
    let reports = bitbucket.reports("acme/app", Scenario::COMMIT);
    let (_, report) = reports.iter().next().unwrap();
    let data = report["data"].as_array().unwrap();
    assert!(data.len() <= 10, "{data:#?}");
    let fact = |title: &str| {
        let one = data.iter().find(|one| one["title"] == title);
        one.map(|one| one["value"].clone()).unwrap_or_default()
    };
    assert_eq!(fact("Duration"), "4m 5s (main 3m 50s)");
    assert_eq!(fact("Coverage of lines"), "84.21% (main 83.90%)");
    assert_eq!(fact("Compared with")["text"], "main #1");
    assert_eq!(
        data.iter().filter(|one| one["title"] == "Duration").count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn what_one_side_lacks_is_left_out() {
    let there = Plan::new()
        .runs_for(s(50))
        .statistic("CodeCoverageS", "50")
        .statistic("CodeCoverageB", "7.5");
    let simulator = Simulator::start(scenario(plan(60, "84.21", 12), there));
    let ran = step().run(&simulator).await;
    assert_eq!(
        comparison(&ran)["rows"],
        json!([
            row("duration", "seconds", 60.0, 50.0),
            row("coverage-of-blocks", "percent", 12.0, 7.5),
        ])
    );
    let alone = Scenario::new().plan("App_Build", plan(60, "84.21", 12));
    let ran = Step::new().run(&Simulator::start(alone)).await;
    ran.ends_with(0);
    assert_eq!(comparison(&ran), Value::Null);
    assert!(!ran.file("teamcity-report.html").contains("Beside"));
}

#[tokio::test(start_paused = true)]
async fn what_is_slow_leaves_a_green_build_green() {
    let simulator = Simulator::start(scenario(plan(60, "84.21", 12), plan(50, "83.9", 11)));
    let reference = Matcher::query_contains("default:true");
    let fault = Fault::new(FaultKind::HangBeforeActing);
    simulator.fault(fault.on(reference).always());
    let ran = step().run(&simulator).await;
    ran.ends_with(0);
    assert_eq!(comparison(&ran), Value::Null);
    // Half a minute after the end nobody waits for it any more.
    assert!(ran.took < s(61 + 30 + 10), "{:?}", ran.took);
}

#[tokio::test(start_paused = true)]
async fn of_a_chain_it_is_the_top() {
    let scenario = Scenario::new()
        .build_type(BuildType::new("Part").roots(["App_Git"]))
        .build_type(
            BuildType::new("Top")
                .roots(["App_Git"])
                .depends_on(["Part"]),
        )
        .plan("Part", plan(60, "50", 5))
        .plan("Top", plan(20, "80", 7))
        .earlier(EarlierBuild::new("Part", s(9000), plan(55, "49", 5)))
        .earlier(EarlierBuild::new("Top", s(7200), plan(30, "81", 6)));
    let simulator = Simulator::start(scenario);
    let ran = Step::new()
        .set("BUILD_TYPE_ID", "Top")
        .run(&simulator)
        .await;
    let found = comparison(&ran);
    assert_eq!(
        found["rows"][0],
        row("duration", "seconds", 20.0, 30.0),
        "{found:#}"
    );
    assert_eq!(asked(&simulator), 1);
}

#[tokio::test(start_paused = true)]
async fn a_canceled_build_has_nothing_beside_it() {
    let canceled = plan(60, "84", 3).outcome(Outcome::CanceledBy {
        user: "jane".into(),
        comment: String::new(),
        at: s(10),
    });
    let simulator = Simulator::start(scenario(canceled, plan(50, "83", 3)));
    let ran = step().run(&simulator).await;
    ran.ends_with(2);
    assert_eq!((comparison(&ran), asked(&simulator)), (Value::Null, 0));
}
