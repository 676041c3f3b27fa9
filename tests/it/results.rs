//! What a run leaves where Bitbucket's users look.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Bitbucket, Fault, Scope};
use teamcity_simulator::{Artifact, FailedTest, Outcome, Plan, Problem, Scenario, Tests};

use crate::pipe::{Ran, Step};

const CREDENTIAL: &str = "Bearer bitbucket-access-token";

fn failing() -> Scenario {
    let tests = Tests::passed(40).failed([
        FailedTest::new(
            "checkout: com.acme.CartTest.totals",
            "expected:<12.00> but was:<11.99>\n\tat com.acme.CartTest.totals(CartTest.java:42)",
        )
        .newly(),
        FailedTest::new(
            "checkout: com.acme.CartTest.rounding",
            "java.lang.AssertionError\n\tat com.acme.CartTest.rounding(CartTest.java:57)",
        ),
    ]);
    let plan = Plan::new()
        .queued_for(Duration::from_millis(500))
        .runs_for(Duration::from_secs(2))
        .outcome(Outcome::Failure)
        .tests(tests)
        .problems([Problem::exit_code(1, "Test")])
        .artifacts([
            Artifact::new("reports/coverage.html", "<b>80 %</b>"),
            Artifact::new("app.jar", "bytes"),
        ]);
    Scenario::new().plan("App_Build", plan)
}

fn bitbucket() -> Bitbucket {
    Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential(CREDENTIAL, &[Scope::Repository])
}

fn step(bitbucket: &Bitbucket) -> (Step, teamcity_simulator::bitbucket::Served) {
    let served = bitbucket.spawn_thread().unwrap();
    let step = Step::new()
        .set("CODE_INSIGHTS", "true")
        .set("BITBUCKET_PROXY_URL", &served.proxy_url());
    (step, served)
}

fn files(ran: &Ran) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(ran.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_failing_build_shows_in_the_log_the_tests_tab_the_commit_and_the_page() {
    let bitbucket = bitbucket();
    let (step, served) = step(&bitbucket);
    let step = step
        .set("BITBUCKET_ACCESS_TOKEN", "bitbucket-access-token")
        .set("BITBUCKET_API_URL", &served.api_url())
        .set("ARTIFACTS", "reports/**");
    let clone = step.directory.path().join("src/test/java/com/acme");
    std::fs::create_dir_all(&clone).unwrap();
    std::fs::write(clone.join("CartTest.java"), "class CartTest {}").unwrap();
    let root = step.directory.path().to_str().unwrap().to_owned();
    let (ran, teamcity) = step
        .set("BITBUCKET_CLONE_DIR", &root)
        .spawn(failing(), "")
        .wait();
    ran.ends_with(1)
        .says("2 failed tests")
        .says("Exit code 1 (Step: Test)")
        .says_not("Problem: Process exited with code 1");
    assert!(
        ran.output
            .trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("/buildConfiguration/App_Build/")
    );

    let expected = [
        "src",
        "teamcity-artifacts",
        "teamcity-builds.json",
        "teamcity-report.html",
        "teamcity.env",
        "test-reports",
    ];
    assert_eq!(files(&ran), expected);
    assert!(
        ran.file("teamcity.env")
            .contains("TEAMCITY_BUILD_STATUS=FAILURE\n")
    );
    assert!(ran.file("teamcity-report.html").contains("CartTest"));
    assert_eq!(
        ran.file("teamcity-artifacts/reports/coverage.html"),
        "<b>80 %</b>"
    );
    assert!(!ran.path("teamcity-artifacts/app.jar").exists());
    let junit = std::fs::read_dir(ran.path("test-reports"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let junit = std::fs::read_to_string(junit).unwrap();
    assert!(
        junit.contains("classname=\"com.acme.CartTest\"") && junit.contains("name=\"totals\""),
        "{junit}"
    );

    let reports = bitbucket.reports("acme/app", Scenario::COMMIT);
    let (id, report) = reports.iter().next().unwrap();
    assert_eq!(report["result"], "FAILED");
    let notes = bitbucket.annotations("acme/app", Scenario::COMMIT, id);
    assert!(
        notes.iter().any(
            |note| note["path"] == "src/test/java/com/acme/CartTest.java" && note["line"] == 42
        ),
        "{notes:?}"
    );
    let statuses = bitbucket.statuses("acme/app", Scenario::COMMIT);
    assert_eq!(statuses.len(), 1);
    assert_eq!(statuses[0]["state"], "FAILED");

    // Neither side ever sees the other's credential, and the proxy serves Bitbucket alone.
    for request in teamcity.requests() {
        assert!(!format!("{:?}", request.headers).contains("bitbucket-access-token"));
    }
    for request in bitbucket.requests() {
        assert!(!format!("{request:?}").contains(Scenario::TOKEN));
    }
}

#[test]
fn bitbucket_being_away_changes_no_result() {
    std::thread::scope(|scope| {
        for fault in [Fault::Refuse, Fault::Status(500), Fault::Status(403)] {
            scope.spawn(move || {
                let bitbucket = bitbucket();
                bitbucket.break_down("", fault);
                let (step, _served) = step(&bitbucket);
                let plan = Plan::new().runs_for(Duration::from_secs(1));
                let (ran, _) = step
                    .spawn(Scenario::new().plan("App_Build", plan), "")
                    .wait();
                ran.ends_with(0);
                assert_eq!(ran.output.matches('⚠').count(), 1, "{}", ran.output);
            });
        }
    });
}

#[test]
fn files_that_cannot_be_written_are_warnings() {
    let step = Step::new();
    std::fs::create_dir(step.directory.path().join("teamcity.env")).unwrap();
    let (ran, _) = step
        .spawn(
            Scenario::new().plan("App_Build", Plan::new().runs_for(Duration::from_secs(1))),
            "",
        )
        .wait();
    ran.ends_with(0).says("teamcity.env");
}
