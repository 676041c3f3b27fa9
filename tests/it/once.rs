//! Each request of a step is one build, and this one: none is started twice, and none of before is taken for it.

use std::time::Duration;

use teamcity_simulator::{
    BuildType, Fault, FaultKind, Matcher, Outcome, Resource, Scenario, Simulator,
};

use crate::builds::{canceled, long, short};
use crate::pipe::Step;

#[tokio::test(start_paused = true)]
async fn the_same_request_twice_in_a_step_is_two_builds_also_when_the_second_answer_is_lost() {
    for kind in [
        FaultKind::ResetBeforeRead,
        FaultKind::ResetAfterActing,
        FaultKind::Html502BeforeActing,
        FaultKind::Html502AfterActing,
        FaultKind::Status500,
    ] {
        let simulator = Simulator::start(
            Scenario::new()
                .plan("App_Build", short())
                .plan("App_Build", short().outcome(Outcome::Failure)),
        );
        Step::new().run(&simulator).await.ends_with(0);
        simulator.fault(
            Fault::new(kind.clone())
                .on(Matcher::resource(Resource::QueueBuild))
                .times(1),
        );
        let ran = Step::new().run(&simulator).await;
        assert_eq!(
            ran.status, 1,
            "{kind:?}: green by an earlier build\n{}",
            ran.output
        );
        assert_eq!(simulator.builds().len(), 2, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_differ_in_an_option_alone_are_different_builds() {
    for (name, value) in [
        ("AGENT", "id:1"),
        ("PERSONAL", "true"),
        ("CLEAN_SOURCES", "true"),
        ("REBUILD_DEPENDENCIES", "all"),
        ("TAGS", "nightly"),
        ("COMMENT", "the second"),
        ("SETTINGS", "vcs"),
    ] {
        let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
        Step::new()
            .set("WAIT", "false")
            .run(&simulator)
            .await
            .ends_with(0);
        let ran = Step::new()
            .set("WAIT", "false")
            .set(name, value)
            .run(&simulator)
            .await;
        ran.ends_with(0);
        assert_eq!(simulator.builds().len(), 2, "{name}: {}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_runs_again_after_a_finished_build_queues_a_new_one() {
    let simulator = Simulator::start(
        Scenario::new()
            .plan("App_Build", short().outcome(Outcome::Failure))
            .plan("App_Build", short()),
    );
    Step::new().run(&simulator).await.ends_with(1);
    Step::new()
        .set("BITBUCKET_STEP_RUN_NUMBER", "2")
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(simulator.builds().len(), 2);
}

fn from_the_second_queue_request_on(simulator: &Simulator, kind: &FaultKind) {
    // Each counts those that the ones before it have let pass: the first request.
    for _ in 0..300 {
        simulator.fault(
            Fault::new(kind.clone())
                .on(Matcher::resource(Resource::QueueBuild))
                .nth(2),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_the_first_goes_on_when_the_second_is_refused_and_the_step_is_red() {
    for kind in [FaultKind::NotFound404, FaultKind::Unauthorized401] {
        let simulator = Simulator::start(
            Scenario::new()
                .build_type(BuildType::new("App_Test").roots(["App_Git"]))
                .latency(Duration::from_millis(10))
                .plan("App_Build", short()),
        );
        let step = Step::new().set("BUILD_TYPE_ID", "App_Build,App_Test");
        from_the_second_queue_request_on(&simulator, &kind);
        let ran = step.run(&simulator).await;
        ran.ends_with(4);
        assert_eq!(simulator.builds().len(), 1, "{kind:?}");
        assert!(
            simulator
                .builds()
                .iter()
                .all(|build| build.state == "finished")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_the_first_is_canceled_when_the_server_goes_away_before_the_second() {
    let simulator = Simulator::start(
        Scenario::new()
            .build_type(BuildType::new("App_Test").roots(["App_Git"]))
            .latency(Duration::from_millis(10))
            .plan("App_Build", long()),
    );
    let step = Step::new()
        .set("BUILD_TYPE_ID", "App_Build,App_Test")
        .set("RETRY_FOR", "1m");
    from_the_second_queue_request_on(&simulator, &FaultKind::Html502BeforeActing);
    let ran = step.run(&simulator).await;
    ran.ends_with(5);
    assert!(simulator.builds().iter().all(canceled));
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_change_nothing() {
    // The server's clock stands in January 2026, whatever ours says.
    let simulator = Simulator::start(Scenario::new().plan("App_Build", short()));
    Step::new()
        .set("SUPERSEDE", "true")
        .set("REUSE", "success")
        .run(&simulator)
        .await
        .ends_with(0);
}
