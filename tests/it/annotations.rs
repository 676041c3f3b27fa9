//! Code Insights: what Bitbucket takes at its limits, and what a reviewer sees first.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Bitbucket, Breakdown, Call, Fault, PullRequest, Scope};
use teamcity_simulator::{EarlierBuild, FailedTest, Outcome, Plan, Scenario, Simulator, Tests};

use crate::pipe::{Ran, Step};

fn failing(tests: impl IntoIterator<Item = FailedTest>) -> Simulator {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(Duration::from_secs(2))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(1).failed(tests));
    // On the default branch the old ones fail, and the new ones do not.
    let old = ["old_elsewhere", "old_here"].map(|name| FailedTest::new(name, "x"));
    let there = Plan::new().outcome(Outcome::Failure).tests(
        Tests::passed(1)
            .passing(["new_elsewhere", "new_here"])
            .failed(old),
    );
    let day = Duration::from_secs(86_400);
    let scenario = Scenario::new()
        .plan("App_Build", plan)
        .earlier(EarlierBuild::new("App_Build", day, there));
    Simulator::start(scenario.change("App_Git", "feature/x", Scenario::COMMIT))
}

fn bitbucket() -> Bitbucket {
    let bitbucket = Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential("Bearer token", &[Scope::Repository, Scope::PullRequest]);
    let pull_request = PullRequest::new(9, "feature/x", Scenario::COMMIT)
        .into("main", "111111111111")
        .changes(["src/changed.rs"])
        .renames("src/before.rs", "src/renamed.rs");
    bitbucket.add_pull_request("acme/app", pull_request);
    bitbucket
}

async fn run(simulator: &Simulator, bitbucket: &Bitbucket) -> Ran {
    let step = Step::new()
        .set("BITBUCKET_BRANCH", "feature/x")
        .set("BITBUCKET_PR_ID", "9")
        .with_bitbucket(bitbucket, Some("token"));
    let root = step.directory.path().to_owned();
    std::fs::create_dir_all(root.join("src")).unwrap();
    for file in ["changed.rs", "renamed.rs", "other.rs"] {
        std::fs::write(root.join("src").join(file), "").unwrap();
    }
    step.set("BITBUCKET_CLONE_DIR", root.to_str().unwrap())
        .run(simulator)
        .await
}

/// In the order in which they were sent.
fn annotated(bitbucket: &Bitbucket) -> Vec<serde_json::Value> {
    bitbucket
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/annotations"))
        .flat_map(|request| request.body.as_array().unwrap().clone())
        .collect()
}

fn on(name: &str, file: &str) -> FailedTest {
    FailedTest::new(name, format!("panicked at src/{file}:3"))
}

#[tokio::test(start_paused = true)]
async fn failures_on_files_of_the_pull_request_come_first_within_their_class() {
    let failed = || {
        [
            on("old_elsewhere", "other.rs"),
            on("old_here", "changed.rs"),
            on("new_elsewhere", "other.rs").newly(),
            on("new_here", "renamed.rs").newly(),
        ]
    };
    let order = |bitbucket: &Bitbucket| -> Vec<String> {
        annotated(bitbucket)
            .iter()
            .filter_map(|one| {
                let text = one["details"].as_str().unwrap();
                let first = text.lines().next().unwrap().to_owned();
                first.contains("here").then_some(first)
            })
            .collect()
    };
    let seen = bitbucket();
    run(&failing(failed()), &seen).await.ends_with(1);
    assert_eq!(
        order(&seen),
        ["new_here", "new_elsewhere", "old_here", "old_elsewhere"]
    );

    // Without an answer within 2 s it goes without that order.
    for fault in [Fault::Hang, Fault::Status(403), Fault::Status(500)] {
        let seen = bitbucket();
        seen.add_fault(Breakdown::of(fault).on(Call::Diffstat));
        run(&failing(failed()), &seen).await.ends_with(1);
        let found = order(&seen);
        assert_eq!(found.len(), 4);
        let new = |name: &String| name.starts_with("new");
        assert!(found[..2].iter().all(new), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_long_annotations_are_taken_a_hundred_a_call() {
    let long = |number: usize| {
        FailedTest::new(
            format!("suite: a.B.{}[{number}]", "name ".repeat(120)),
            "detail ".repeat(600),
        )
    };
    let seen = bitbucket();
    let simulator = failing((0..1_100).map(long));
    run(&simulator, &seen).await.ends_with(1);
    assert!(annotated(&seen).len() <= 1_000);
    let calls: Vec<_> = seen
        .requests()
        .into_iter()
        .filter(|request| request.path.ends_with("/annotations"))
        .collect();
    assert!(!calls.is_empty());
    for call in calls {
        let sent = call.body.as_array().unwrap().len();
        assert!((1..=100).contains(&sent), "{sent}");
        assert_eq!(call.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_green_build_posts_no_annotations() {
    let seen = bitbucket();
    let simulator =
        Simulator::start(Scenario::new().change("App_Git", "feature/x", Scenario::COMMIT));
    run(&simulator, &seen).await.ends_with(0);
    let calls = seen.requests();
    assert!(
        calls
            .iter()
            .all(|call| !call.path.ends_with("/annotations") && !call.path.contains("diffstat"))
    );
}
