//! Builds that are there already and do as well: joined while they run, accepted once they succeeded.

use std::time::Duration;

use teamcity_simulator::{Outcome, Scenario, Simulator};

use crate::pipe::Step;
use crate::several::plan;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A step of another pipeline, on the same commit.
fn other_pipeline() -> Step {
    Step::new().set("BITBUCKET_BUILD_NUMBER", "13")
}

#[tokio::test(start_paused = true)]
async fn a_running_build_of_the_same_commit_is_joined_if_asked() {
    for (reuse, builds) in [("never", 2), ("running", 1), ("success", 1)] {
        let simulator =
            Simulator::start(Scenario::new().plan("App_Build", plan(100, Outcome::Success)));
        Step::new()
            .set("WAIT", "false")
            .run(&simulator)
            .await
            .ends_with(0);
        tokio::time::sleep(s(50)).await;
        let ran = other_pipeline().set("REUSE", reuse).run(&simulator).await;
        ran.ends_with(0).says("│ line 20");
        assert_eq!(simulator.builds().len(), builds, "{reuse}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_joined_build_is_not_canceled() {
    let simulator =
        Simulator::start(Scenario::new().plan("App_Build", plan(100, Outcome::Success)));
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    let joining = other_pipeline()
        .set("REUSE", "running")
        .stopped_after(s(20));
    joining
        .run(&simulator)
        .await
        .ends_with(143)
        .says("not canceled");
    assert!(simulator.builds()[0].canceled_by.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_finished_build_is_accepted_only_if_it_succeeded_on_this_commit() {
    struct Case {
        earlier: Step,
        outcome: Outcome,
        reuse: &'static str,
        is_reused: bool,
    }
    let first = || Step::new().set("WAIT", "false");
    let cases = [
        (
            "a success",
            Case {
                earlier: first(),
                outcome: Outcome::Success,
                reuse: "success",
                is_reused: true,
            },
        ),
        (
            "a success, not wanted",
            Case {
                earlier: first(),
                outcome: Outcome::Success,
                reuse: "running",
                is_reused: false,
            },
        ),
        (
            "a failure",
            Case {
                earlier: first(),
                outcome: Outcome::Failure,
                reuse: "success",
                is_reused: false,
            },
        ),
        (
            "an older commit",
            Case {
                earlier: first().set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT),
                outcome: Outcome::Success,
                reuse: "success",
                is_reused: false,
            },
        ),
        (
            "another branch",
            Case {
                earlier: first().set("BITBUCKET_BRANCH", "feature/x"),
                outcome: Outcome::Success,
                reuse: "success",
                is_reused: false,
            },
        ),
        (
            "a personal one",
            Case {
                earlier: first().set("PERSONAL", "true"),
                outcome: Outcome::Success,
                reuse: "success",
                is_reused: false,
            },
        ),
    ];
    for (name, case) in cases {
        let simulator = Simulator::start(
            Scenario::new()
                .plan("App_Build", plan(30, case.outcome))
                .plan("App_Build", plan(30, Outcome::Success)),
        );
        case.earlier.run(&simulator).await.ends_with(0);
        tokio::time::sleep(s(60)).await;
        let ran = other_pipeline()
            .set("REUSE", case.reuse)
            .run(&simulator)
            .await;
        ran.ends_with(0);
        assert_eq!(
            simulator.builds().len(),
            if case.is_reused { 1 } else { 2 },
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_fails_already_is_not_joined() {
    let failing = plan(200, Outcome::Failure).fails_at(s(10));
    let simulator = Simulator::start(
        Scenario::new()
            .plan("App_Build", failing)
            .plan("App_Build", plan(30, Outcome::Success)),
    );
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    tokio::time::sleep(s(50)).await;
    other_pipeline()
        .set("REUSE", "running")
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(simulator.builds().len(), 2);
}
