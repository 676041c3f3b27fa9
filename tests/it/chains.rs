//! Builds with snapshot dependencies.

use std::time::Duration;

use teamcity_simulator::{
    BuildType, Dependency, FailedTest, LogScript, OnDependency, Outcome, Plan, Problem, Scenario,
    Simulator, Tests,
};

use crate::pipe::Step;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan(seconds: u64) -> Plan {
    Plan::new().queued_for(s(2)).runs_for(s(seconds))
}

/// `Top` needs `Test` and `Lint`, which need `Compile`.
fn scenario(top: BuildType) -> Scenario {
    let of = |id: &str| BuildType::new(id).roots(["App_Git"]);
    Scenario::new()
        .build_type(of("Compile"))
        .build_type(of("Test").depends_on(["Compile"]))
        .build_type(of("Lint").depends_on(["Compile"]))
        .build_type(top.roots(["App_Git"]).depends_on(["Test", "Lint"]))
        .plan("Compile", plan(60))
        .plan("Test", plan(90))
        .plan("Lint", plan(30))
        .plan("Top", plan(20))
}

fn failing_tests() -> Plan {
    let log = LogScript::new()
        .generated(300, s(0), s(40), "testing")
        .error(s(41), "expected 3 but was 4");
    plan(90)
        .outcome(Outcome::Failure)
        .log(log)
        .tests(
            Tests::passed(40)
                .failed([FailedTest::new("app.SumTest.adds", "expected 3 but was 4").newly()]),
        )
        .problems([Problem::exit_code(1, "Gradle")])
}

fn top() -> Step {
    Step::new().set("BUILD_TYPE_ID", "Top")
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_shown_as_it_goes_and_as_a_tree() {
    let simulator = Simulator::start(scenario(BuildType::new("Top")));
    let ran = top().run(&simulator).await;
    ran.ends_with(0)
        .says("It depends on 3 builds")
        .says("… Compile #1: still running")
        .says("✔ Compile #1: success")
        .says("… Test #1: still running");
    let tree = "└ ✔ Test #1: success (ran 1m 30s)\n  └ ✔ Compile #1: success (ran 1m)\n└ ✔ Lint #1: success (ran 30s)\n";
    assert!(
        ran.output.contains(tree)
            || ran.output.contains("└ ✔ Lint #1: success (ran 30s)\n  └ ✔ Compile #1: success (ran 1m)\n└ ✔ Test #1: success (ran 1m 30s)\n"),
        "{}",
        ran.output
    );
    // Each change is said once.
    for line in ["✔ Compile #1: success (ran 1m)", "… Test #1: still running"] {
        let said = ran.output.lines().filter(|said| *said == line).count();
        assert_eq!(said, 1, "{line}\n{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_reused_is_said() {
    let simulator = Simulator::start(scenario(BuildType::new("Top")));
    Step::new()
        .set("BUILD_TYPE_ID", "Test")
        .run(&simulator)
        .await
        .ends_with(0);
    let ran = top()
        .set("BITBUCKET_BUILD_NUMBER", "13")
        .run(&simulator)
        .await;
    ran.ends_with(0)
        .says("It depends on 3 builds, 2 of them reused")
        .says("✔ Compile #1: success, reused")
        .says("✔ Test #1: success, reused");
    assert_eq!(simulator.builds().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failed_dependency_is_named_with_its_tests_and_problems() {
    // Whatever the dependent build makes of it.
    for (what, status) in [
        (OnDependency::RunAddProblem, 1),
        (OnDependency::FailToStart, 1),
        (OnDependency::Cancel, 1),
    ] {
        let top_type = BuildType::new("Top").roots(["App_Git"]).depends_on([
            Dependency::on("Test").on_failure(what),
            Dependency::on("Lint"),
        ]);
        let simulator = Simulator::start(
            scenario(BuildType::new("Top"))
                .build_type(top_type)
                .plan("Test", failing_tests()),
        );
        simulator.set_plans("Test", [failing_tests()]);
        let ran = top().run(&simulator).await;
        ran.ends_with(status)
            .says("✖ Test #1: failed")
            .says("Test: app.SumTest.adds")
            .says("Problem: Test: Process exited with code 1 (Step: Gradle)")
            // Its log, since that of the build itself says nothing.
            .says("Test: │ expected 3 but was 4")
            .says_not("Problem: Snapshot dependency");
        assert!(
            ran.file("teamcity-builds.json")
                .contains("app.SumTest.adds")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_composite_build_shows_the_log_of_what_failed_in_it() {
    let simulator = Simulator::start(scenario(BuildType::new("Top").composite()));
    simulator.set_plans("Test", [failing_tests()]);
    let ran = top().run(&simulator).await;
    ran.ends_with(1)
        .says("The end of the log (200 of 302 lines):")
        .says("Test: │ expected 3 but was 4")
        .says("Test: │ Build finished")
        .says("Test: app.SumTest.adds");
    let ran = top().set("LOG", "none").set("BITBUCKET_BUILD_NUMBER", "13");
    ran.run(&simulator).await.ends_with(1).says_not("│");
}

#[tokio::test(start_paused = true)]
async fn the_first_cause_is_named_not_what_followed_from_it() {
    let fails = || {
        plan(30).outcome(Outcome::Failure).problems([Problem::new(
            "TC_COMPILATION_ERROR",
            "Compilation error: Kotlin",
        )])
    };
    let of = |id: &str| BuildType::new(id).roots(["App_Git"]);
    let on = |id: &str| Dependency::on(id).on_failure(OnDependency::FailToStart);
    let scenario = Scenario::new()
        .build_type(of("Compile"))
        .build_type(of("Test").depends_on([on("Compile")]))
        .build_type(of("Top").composite().depends_on([on("Test")]))
        .plan("Compile", fails());
    let simulator = Simulator::start(scenario);
    let ran = top().run(&simulator).await;
    ran.says("Problem: Compile: Compilation error: Kotlin")
        .says("Compile: │ ");
    assert_ne!(ran.status, 0);
}

#[tokio::test(start_paused = true)]
async fn dependencies_that_the_optimizer_swaps_are_followed_all_the_same() {
    let simulator = Simulator::start(scenario(BuildType::new("Top")));
    simulator.set_plans("Test", [plan(90).queued_for(s(120)), plan(20)]);
    let merging = simulator.clone();
    let run = top().run(&simulator);
    let merge = async {
        tokio::time::sleep(s(40)).await;
        let queued = merging.builds();
        let absorbed = queued
            .iter()
            .find(|build| build.build_type == "Test")
            .unwrap()
            .id;
        let survivor = merging.queue_build("Test", "ci", Some("main"));
        merging.merge(absorbed, survivor);
    };
    let (ran, ()) = tokio::join!(run, merge);
    ran.ends_with(0).says("✔ Test #").says_not("deleted");
    let finished = ran
        .output
        .lines()
        .filter(|line| line.starts_with("✔ Test #"))
        .count();
    assert_eq!(finished, 1, "{}", ran.output);
}

#[test]
fn a_chain_through_the_binary() {
    let scenario = scenario(BuildType::new("Top").composite());
    let quick = |seconds| plan(seconds).queued_for(s(1));
    let running = top().spawn(scenario.plan("Other", plan(1)), "");
    for id in ["Compile", "Lint"] {
        running.simulator.set_plans(id, [quick(2)]);
    }
    running
        .simulator
        .set_plans("Test", [failing_tests().queued_for(s(1)).runs_for(s(42))]);
    running.simulator.set_plans(
        "Test",
        [failing_tests()
            .queued_for(s(1))
            .runs_for(s(3))
            .log(LogScript::new().error(s(1), "expected 3 but was 4"))],
    );
    let (ran, simulator) = running.wait();
    ran.ends_with(1)
        .says("Test: │ expected 3 but was 4")
        .says("Test: app.SumTest.adds");
    assert_eq!(simulator.violations(), Vec::<String>::new());
}
