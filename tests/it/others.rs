//! Builds that are somebody else's, or that others touch: merged, joined, canceled and deleted ones.

use std::time::Duration;

use teamcity_simulator::{BuildType, BuildView, Outcome, Plan, Scenario, Simulator};

use crate::builds::{NEW, canceled, long, seconds, while_running};
use crate::pipe::Step;

fn of(simulator: &Simulator, id: u64) -> BuildView {
    simulator.build(id).unwrap()
}

/// Each way in which a step ends early.
fn early_ends() -> Vec<(&'static str, Step)> {
    let step = Step::new;
    vec![
        ("stop", step().stopped_after(seconds(60))),
        ("TIMEOUT", step().set("TIMEOUT", "60s")),
        ("QUEUE_TIMEOUT", step().set("QUEUE_TIMEOUT", "60s")),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_merged_into_anothers_is_left_alone_however_the_step_ends() {
    // At each moment of the poll's rhythm, up to the last one before the end.
    for tenths in [50, 300, 555, 572, 589, 595, 598] {
        for (name, step) in early_ends() {
            let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
            let mut others = 0;
            while_running(
                step,
                &simulator,
                Duration::from_millis(tenths * 100),
                |simulator| {
                    others = simulator.queue_build("App_Build", "ci", Some("main"));
                    let ours = simulator.builds()[0].id;
                    simulator.merge(ours, others);
                },
            )
            .await;
            assert!(
                !canceled(&of(&simulator, others)),
                "{name}, merged at {tenths} tenths: another's build was canceled"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_took_in_anothers_request_is_left_alone_however_the_step_ends() {
    for tenths in [50, 555, 595, 598] {
        for (name, step) in early_ends() {
            let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
            while_running(
                step,
                &simulator,
                Duration::from_millis(tenths * 100),
                |simulator| {
                    let ours = simulator.builds()[0].id;
                    let others = simulator.queue_build("App_Build", "ci", Some("main"));
                    simulator.merge(others, ours);
                },
            )
            .await;
            let ours = &simulator.builds()[0];
            assert!(!canceled(ours), "{name}, merged at {tenths} tenths");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_merged_build_is_left_alone_by_fail_fast_and_by_cancel_and_supersede() {
    let two = |plan: Plan| {
        Scenario::new()
            .build_type(BuildType::new("App_Test").roots(["App_Git"]))
            .plan("App_Build", plan)
            .plan("App_Test", long())
    };
    let fails = Plan::new()
        .queued_for(seconds(1))
        .runs_for(seconds(40))
        .outcome(Outcome::Failure);
    let simulator = Simulator::start(two(fails));
    let step = Step::new()
        .set("BUILD_TYPE_ID", "App_Build,App_Test")
        .set("FAIL_FAST", "true");
    let step = step.set("TIMEOUT", "10m").set("CANCEL_ON_STOP", "false");
    let mut others = 0;
    while_running(step, &simulator, seconds(40), |simulator| {
        others = simulator.queue_build("App_Test", "ci", Some("main"));
        let ours = simulator
            .builds()
            .iter()
            .find(|build| build.build_type == "App_Test")
            .unwrap()
            .id;
        simulator.merge(ours, others);
    })
    .await;
    assert!(!canceled(&of(&simulator, others)), "FAIL_FAST");

    for command in ["cancel", "SUPERSEDE"] {
        let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
        let older = Step::new()
            .set("WAIT", "false")
            .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT);
        older
            .set("BITBUCKET_BUILD_NUMBER", "11")
            .run(&simulator)
            .await
            .ends_with(0);
        let ours = simulator.builds()[0].id;
        let into = simulator.queue_build("App_Build", "ci", Some("main"));
        simulator.merge(ours, into);
        let step = if command == "cancel" {
            Step::new()
                .argument("cancel")
                .set("BITBUCKET_BUILD_NUMBER", "11")
        } else {
            Step::new().set("SUPERSEDE", "true").set("WAIT", "false")
        };
        step.run(&simulator).await.ends_with(0);
        assert!(!canceled(&of(&simulator, into)), "{command}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_merge_at_each_moment_ends_as_the_survivor_does() {
    for at in 1..25 {
        for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
            let plan = Plan::new()
                .queued_for(seconds(30))
                .runs_for(seconds(20))
                .outcome(outcome);
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let ran = while_running(Step::new(), &simulator, seconds(at), |simulator| {
                let others = simulator.queue_build("App_Build", "ci", Some("main"));
                simulator.merge(simulator.builds()[0].id, others);
            })
            .await;
            ran.ends_with(status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_survivor_of_another_commit_is_no_success_and_is_not_canceled() {
    let simulator =
        Simulator::start(Scenario::new().plan("App_Build", Plan::new().queued_for(seconds(30))));
    let mut others = 0;
    let ran = while_running(Step::new(), &simulator, seconds(10), |simulator| {
        simulator.add_change("App_Git", "main", NEW);
        others = simulator.queue_build("App_Build", "ci", Some("main"));
        simulator.merge(simulator.builds()[0].id, others);
    })
    .await;
    assert_eq!(of(&simulator, others).revisions[0].version, NEW);
    ran.ends_with(4);
    assert!(!canceled(&of(&simulator, others)));
}

#[tokio::test(start_paused = true)]
async fn others_may_cancel_or_delete_the_build_at_any_moment() {
    for at in [1, 5, 20, 31, 45] {
        for delete in [false, true] {
            let plan = Plan::new().queued_for(seconds(30)).runs_for(seconds(30));
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let ran = while_running(Step::new(), &simulator, seconds(at), |simulator| {
                let id = simulator.builds()[0].id;
                if delete {
                    simulator.delete_build(id);
                } else {
                    simulator.cancel_build(id, "ci", "not today");
                }
            })
            .await;
            ran.ends_with(2);
            assert!(ran.took < seconds(at + 65), "{at}: {:?}", ran.took);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn parallel_steps_of_one_pipeline_have_a_build_each_and_stop_their_own() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    let one = Step::new()
        .stopped_after(seconds(40))
        .set("BITBUCKET_PARALLEL_STEP", "0");
    let other = Step::new().set("BITBUCKET_PARALLEL_STEP", "1").set(
        "BITBUCKET_STEP_UUID",
        "{aaaaaaaa-9a2b-45ab-93ae-04b0f5dfd6b5}",
    );
    let (one, other) = tokio::join!(one.run(&simulator), other.run(&simulator));
    one.ends_with(143);
    other.ends_with(0);
    let builds = simulator.builds();
    assert_eq!(builds.len(), 2);
    assert_eq!(builds.iter().filter(|build| canceled(build)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_build_that_another_step_queued_and_this_one_joined_is_not_this_ones_to_cancel() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    simulator.start_build(simulator.builds()[0].id);
    let joins = Step::new()
        .set("REUSE", "running")
        .set(
            "BITBUCKET_STEP_UUID",
            "{aaaaaaaa-9a2b-45ab-93ae-04b0f5dfd6b5}",
        )
        .set("TIMEOUT", "60s");
    joins
        .run(&simulator)
        .await
        .ends_with(124)
        .says("not canceled");
    assert_eq!(simulator.builds().len(), 1);
    assert!(!canceled(&simulator.builds()[0]));
}
