//! `DEPENDENCIES`: a deployment takes the very builds that were tested.

use std::time::Duration;

use teamcity_simulator::{BuildType, BuildView, Doubts, Outcome, Plan, Scenario, Simulator};

use crate::pipe::Step;

fn plan() -> Plan {
    Plan::new()
        .queued_for(Duration::from_secs(2))
        .runs_for(Duration::from_secs(40))
}

/// `Deploy` has no root of its own, and needs `Test`, which needs `Compile`; `Other` is of no use to it.
fn scenario() -> Scenario {
    let of = |id: &str| BuildType::new(id).roots(["App_Git"]);
    Scenario::new()
        .build_type(of("Compile"))
        .build_type(of("Test").depends_on(["Compile"]))
        .build_type(of("Other"))
        .build_type(BuildType::new("Deploy").deployment().depends_on(["Test"]))
        .plan("Compile", plan())
        .plan("Test", plan())
        .plan("Other", plan())
        .plan("Deploy", plan())
}

fn step(build_type: &str) -> Step {
    Step::new().set("BUILD_TYPE_ID", build_type)
}

fn deploy(dependencies: &str) -> Step {
    step("Deploy")
        .set("DEPENDENCIES", dependencies)
        .set("BITBUCKET_STEP_UUID", "{second}")
}

fn of(simulator: &Simulator, build_type: &str) -> Vec<BuildView> {
    let mut all = simulator.builds();
    all.retain(|build| build.build_type == build_type);
    all
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_step_built_is_deployed_and_not_built_again() {
    let simulator = Simulator::start(scenario());
    step("Test").run(&simulator).await.ends_with(0);
    let tested = of(&simulator, "Test")[0].id;
    // Somebody pushes before the deployment.
    let ran = deploy("auto").run(&simulator).await;
    ran.ends_with(0).says(&format!(
        "uses these builds as its dependencies: {tested} of Test"
    ));
    assert_eq!(of(&simulator, "Deploy")[0].dependencies, [tested]);
    assert_eq!(of(&simulator, "Test").len(), 1);
    assert_eq!(of(&simulator, "Compile").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn builds_are_named_by_their_ids() {
    let simulator = Simulator::start(scenario());
    let older = step("Test").set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT);
    older.run(&simulator).await.ends_with(0);
    step("Test")
        .set("BITBUCKET_BUILD_NUMBER", "13")
        .run(&simulator)
        .await
        .ends_with(0);
    let older = of(&simulator, "Test")[0].id;
    deploy(&older.to_string())
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(of(&simulator, "Deploy")[0].dependencies, [older]);
}

#[tokio::test(start_paused = true)]
async fn nothing_to_promote_is_a_mistake_and_queues_nothing() {
    let simulator = Simulator::start(scenario());
    step("Other").run(&simulator).await.ends_with(0);
    let ran = deploy("auto").run(&simulator).await;
    ran.ends_with(3)
        .says("this pipeline has no successful build of anything on which Deploy depends");
    // Another pipeline's is not taken, nor one that failed.
    step("Test")
        .set("BITBUCKET_BUILD_NUMBER", "11")
        .set("BITBUCKET_PIPELINE_UUID", "{other}")
        .run(&simulator)
        .await
        .ends_with(0);
    deploy("auto").run(&simulator).await.ends_with(3);
    simulator.set_plans("Test", [plan().outcome(Outcome::Failure)]);
    step("Test")
        .set("REBUILD_DEPENDENCIES", "all")
        .run(&simulator)
        .await
        .ends_with(1);
    deploy("auto").run(&simulator).await.ends_with(3);
    assert!(of(&simulator, "Deploy").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_build_that_is_no_dependency_or_not_there_or_not_over_is_refused() {
    let simulator = Simulator::start(scenario());
    step("Other").run(&simulator).await.ends_with(0);
    let other = of(&simulator, "Other")[0].id;
    let ran = deploy(&other.to_string()).run(&simulator).await;
    ran.ends_with(4).says(&format!(
        "the build {other} is of Other, on which Deploy does not depend"
    ));
    deploy("999999")
        .run(&simulator)
        .await
        .ends_with(4)
        .says("there is no build 999999");
    let queued = simulator.queue_build("Test", "ci", Some("main"));
    deploy(&queued.to_string())
        .run(&simulator)
        .await
        .ends_with(4)
        .says("has not finished");
    assert!(of(&simulator, "Deploy").is_empty());
    for mistake in ["x", "auto,7"] {
        deploy(mistake)
            .run(&simulator)
            .await
            .ends_with(3)
            .says("DEPENDENCIES");
    }
}

#[tokio::test(start_paused = true)]
async fn another_build_than_was_asked_for_is_canceled() {
    let simulator =
        Simulator::start(scenario().doubts(Doubts::default().given_dependencies_are_forgotten()));
    let older = step("Test").set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT);
    older.run(&simulator).await.ends_with(0);
    let older = of(&simulator, "Test")[0].id;
    let ran = deploy(&older.to_string()).run(&simulator).await;
    ran.ends_with(4).says(&format!(
        "instead of the build {older}, which DEPENDENCIES names"
    ));
    assert!(of(&simulator, "Deploy")[0].canceled_by.is_some());
}
