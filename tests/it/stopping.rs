//! A step that stops leaves no build behind.

use std::time::Duration;

use teamcity_simulator::{Fault, FaultKind, Matcher, Plan, Resource, Scenario, Simulator};

use crate::pipe::Step;

fn long() -> Scenario {
    Scenario::new().plan(
        "App_Build",
        Plan::new()
            .queued_for(Duration::from_secs(30))
            .runs_for(Duration::from_secs(3600)),
    )
}

#[tokio::test(start_paused = true)]
async fn a_stop_cancels_a_queued_and_a_running_build() {
    for after in [10, 120] {
        let simulator = Simulator::start(long());
        let ran = Step::new()
            .stopped_after(Duration::from_secs(after))
            .run(&simulator)
            .await;
        ran.ends_with(143).says("Canceled");
        assert!(ran.took <= Duration::from_secs(after + 8));
        let build = &simulator.builds()[0];
        assert!(
            build
                .cancel_comment
                .as_deref()
                .unwrap()
                .contains("the Bitbucket step was stopped")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_queue_request_is_in_flight_leaves_nothing() {
    for kind in [FaultKind::HangAfterActing, FaultKind::HangBeforeActing] {
        let simulator = Simulator::start(long());
        simulator.fault(
            Fault::new(kind)
                .on(Matcher::resource(Resource::QueueBuild))
                .times(1),
        );
        let ran = Step::new()
            .stopped_after(Duration::from_secs(10))
            .run(&simulator)
            .await;
        ran.ends_with(143);
        assert!(ran.took <= Duration::from_secs(18));
        assert!(
            simulator
                .builds()
                .iter()
                .all(|build| build.canceled_by.is_some())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_any_moment_leaves_nothing() {
    let simulator = Simulator::start(long().latency(Duration::from_millis(100)));
    for tenths in 0..60 {
        let step = Step::new().set("BITBUCKET_STEP_RUN_NUMBER", &tenths.to_string());
        step.stopped_after(Duration::from_millis(tenths * 50 + 10))
            .run(&simulator)
            .await
            .ends_with(143);
        for build in simulator.builds() {
            assert!(
                build.canceled_by.is_some(),
                "after {tenths} twentieths of a second: {build:?}"
            );
        }
    }
    assert!(simulator.builds().len() > 20);
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_cancels_too() {
    let simulator = Simulator::start(long());
    Step::new()
        .set("TIMEOUT", "5m")
        .run(&simulator)
        .await
        .ends_with(124)
        .says("TIMEOUT");
    assert!(simulator.builds()[0].canceled_by.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_build_that_never_leaves_the_queue_meets_its_own_limit() {
    let simulator = Simulator::start(Scenario::new().plan(
        "App_Build",
        Plan::new().outcome(teamcity_simulator::Outcome::NeverStarts),
    ));
    let ran = Step::new().set("QUEUE_TIMEOUT", "5m").run(&simulator).await;
    ran.ends_with(124).says("QUEUE_TIMEOUT");
    assert!(simulator.builds()[0].canceled_by.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_build_may_be_left_alone() {
    let simulator = Simulator::start(long());
    let step = Step::new()
        .set("CANCEL_ON_STOP", "false")
        .stopped_after(Duration::from_secs(60));
    step.run(&simulator)
        .await
        .ends_with(143)
        .says("not canceled");
    assert!(simulator.builds()[0].canceled_by.is_none());
}

#[tokio::test(start_paused = true)]
async fn cancel_cancels_this_pipelines_builds_and_no_other() {
    let simulator = Simulator::start(long());
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    Step::new()
        .set("WAIT", "false")
        .set("BITBUCKET_BUILD_NUMBER", "11")
        .run(&simulator)
        .await
        .ends_with(0);
    let foreign = simulator.queue_build("App_Build", "ci", Some("main"));
    Step::new()
        .argument("cancel")
        .unset("BUILD_TYPE_ID")
        .run(&simulator)
        .await
        .ends_with(0)
        .says("Canceled");
    let builds = simulator.builds();
    assert!(builds[0].canceled_by.is_some());
    assert!(builds[1].canceled_by.is_none());
    assert!(
        builds
            .iter()
            .find(|build| build.id == foreign)
            .unwrap()
            .canceled_by
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_newer_commit_supersedes_builds_of_older_ones() {
    let simulator = Simulator::start(long());
    let older = Step::new()
        .set("BITBUCKET_BUILD_NUMBER", "11")
        .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT);
    older
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    let foreign = simulator.queue_build("App_Build", "ci", Some("main"));
    Step::new()
        .set("WAIT", "false")
        .set("SUPERSEDE", "true")
        .run(&simulator)
        .await
        .ends_with(0);
    let builds = simulator.builds();
    assert!(builds[0].canceled_by.is_some());
    assert!(
        builds
            .iter()
            .filter(|build| build.id >= foreign)
            .all(|build| build.canceled_by.is_none())
    );
}
