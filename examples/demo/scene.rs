//! What the demo shows, and the excerpts of the README: a build of the branch `feature/x`.

use std::time::Duration;

use teamcity_simulator::{LogScript, Outcome, Plan, Scenario, Tests};

/// A scene by its name, `failing` or any other; everything takes so many times as long as in the demo.
pub fn of(scene: &str, slower: u64) -> Scenario {
    with_history(scene).plan("App_Build", plan(scene, slower))
}

/// A default branch that tells whose each failure is.
fn with_history(scene: &str) -> Scenario {
    let scenario = Scenario::new();
    if scene == "failing" {
        scenario.with_history()
    } else {
        scenario.branch("App_Git", "feature/x")
    }
}

fn plan(scene: &str, slower: u64) -> Plan {
    let failing = scene == "failing";
    let seconds = |count: u64| Duration::from_secs(count * slower);
    let log = LogScript::new()
        .line(seconds(0), "Collecting changes in 1 VCS root")
        .line(seconds(1), "Compiling 214 source files")
        .warning(seconds(2), "warning: unused variable: `retries`")
        .line(seconds(3), "Running 42 tests");
    let runs_for = seconds(if scene == "restart" { 12 } else { 6 });
    let plan = match failing {
        true => Plan::with_all_failures(runs_for),
        false => Plan::new().runs_for(runs_for),
    };
    let plan = plan
        .queued_for(seconds(2))
        .estimate(seconds(7))
        .stages(["Step 1/2: Compile", "Step 2/2: Test"]);
    if failing {
        plan.fails_at(seconds(4))
            .log(log.error(seconds(5), "Process exited with code 1 (Step: Test)"))
    } else {
        plan.outcome(Outcome::Success)
            .log(log.line(seconds(5), "All tests passed"))
            .status_text("Tests passed: 42")
            .tests(Tests::passed(42))
    }
}
