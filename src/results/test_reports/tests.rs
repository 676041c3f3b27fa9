//! Which files there are, and what is first in them.

use serde_json::{Value, json};
use teamcity_simulator::{
    FailedTest, Fault, FaultKind, Matcher, Outcome, Plan, Scenario, Simulator, Tests,
};

use super::*;
use crate::outcome::Problem;
use crate::results::told::telling;
use crate::teamcity::stub::{self, Stub, client};

fn outcome(problems: Vec<Problem>) -> BuildOutcome {
    let mut build = BuildOutcome::unknown("App".into(), Ending::Failure);
    build.id = Some(BuildId(7));
    build.number = Some("12".into());
    build.problems = problems;
    build
}

/// What is written, and what is warned of.
async fn write(
    client: &Client,
    build: BuildOutcome,
    root: &std::path::Path,
) -> (Totals, Vec<Warning>) {
    let budget = Budget::new(tokio::time::Instant::now() + Duration::from_secs(3_600));
    let reports = TestReports::new(client, &budget, Folder::new(root), None);
    let (tell, told) = telling();
    tell.send_replace(Some(Told::of(&build.problems, &build.failed_tests)));
    reports.of_build(&build, true, &told).await;
    (reports.totals(), reports.warnings())
}

fn problem() -> Problem {
    Problem {
        kind: "TC_EXIT_CODE".into(),
        text: "Process exited with code 1".into(),
        class: None,
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
    let reports = write(&client(&stub), outcome(vec![problem()]), root.path()).await;
    assert_eq!(
        (reports.0.files, reports.0.tests, reports.0.failures),
        (1, 3, 1)
    );
    assert!(reports.1.is_empty());
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
    let reports = write(&client(&stub), outcome(vec![problem()]), root.path()).await;
    assert_eq!((reports.0.files, reports.0.failures), (2, 1));
    let text = std::fs::read_to_string(root.path().join("teamcity-7.xml")).unwrap();
    assert!(text.contains("Process exited with code 1") && text.contains("App #12"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_where_there_is_nothing_to_say() {
    let stub = server(json!({}), |_| json!([]));
    let root = tempfile::tempdir().unwrap();
    let reports = write(&client(&stub), outcome(Vec::new()), root.path()).await;
    assert_eq!((reports.0.files, reports.0.tests), (0, 0));
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
    let reports = write(&client(&stub), outcome(Vec::new()), root.path()).await;
    assert_eq!((reports.0.files, reports.0.failures), (1, 1));
    assert!(
        reports.1[0].contains("not all tests of App #12"),
        "{:?}",
        reports.1
    );
}

#[tokio::test(start_paused = true)]
async fn a_simulated_server_gives_all_tests_over_its_pages() {
    let failed = (0..60).map(|number| {
        let test = FailedTest::new(
            format!("suite: a.B.failed{number}"),
            "no\n\tat a.B.c(B.java:1)",
        );
        if number % 20 == 0 { test.newly() } else { test }
    });
    let plan = Plan::new()
        .outcome(Outcome::Failure)
        .tests(Tests::passed(2_500).failed(failed));
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
    let client = stub::simulated(&simulator);
    let mut outcome = outcome(Vec::new());
    outcome.id = Some(stub::finished_build(&client).await);
    let root = tempfile::tempdir().unwrap();
    let reports = write(&client, outcome, root.path()).await;
    assert_eq!(reports.1, Vec::<String>::new());
    assert_eq!(
        (reports.0.files, reports.0.tests, reports.0.failures),
        (1, 2_560, 60)
    );
    assert_eq!(simulator.violations(), Vec::<String>::new());
    let text = std::fs::read_to_string(root.path().join(&names(root.path())[0])).unwrap();
    let at = |name: &str| text.find(&format!("name=\"{name}\"")).unwrap();
    assert!(at("failed40") < at("failed1") && at("failed59") < at("test1"));
}

#[tokio::test(start_paused = true)]
async fn pages_that_lead_in_circles_or_away_end() {
    for kind in [
        FaultKind::LoopingNextHref,
        FaultKind::NextHrefOtherHost("https://elsewhere.example.com".into()),
    ] {
        let simulator = Simulator::start(
            Scenario::new().plan("App_Build", Plan::new().tests(Tests::passed(2_500))),
        );
        let client = stub::simulated(&simulator);
        let mut outcome = outcome(Vec::new());
        outcome.id = Some(stub::finished_build(&client).await);
        simulator.fault(
            Fault::new(kind)
                .on(Matcher::path_contains("testOccurrences"))
                .always(),
        );
        let root = tempfile::tempdir().unwrap();
        let reports = write(&client, outcome, root.path()).await;
        assert!(reports.0.tests >= 1_000);
    }
}
