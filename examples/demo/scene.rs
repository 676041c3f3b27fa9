//! What the demo shows, and the excerpts of the README: a build of the branch `feature/x`.

use std::time::Duration;

use teamcity_simulator::{
    EarlierBuild, FailedTest, LogScript, Outcome, Plan, Problem, Scenario, Tests,
};

/// A scene by its name, `failing` or any other; everything takes so many times as long as in the demo.
pub fn of(scene: &str, slower: u64) -> Scenario {
    with_history(scene).plan("App_Build", plan(scene, slower))
}

/// A default branch on which one of the tests, and the step, fail since yesterday.
fn with_history(scene: &str) -> Scenario {
    let scenario = Scenario::new().branch("App_Git", "feature/x");
    if scene != "failing" {
        return scenario;
    }
    let rounding = FailedTest::new(
        "checkout: com.acme.CartTest.rounding",
        "java.lang.AssertionError\n\tat com.acme.CartTest.rounding(CartTest.java:57)",
    );
    let taken = "checkout: com.acme.CartTest.discounts";
    let there = Tests::passed(38)
        .passing(["checkout: com.acme.CartTest.totals", taken])
        .failed([rounding]);
    let hour = Duration::from_secs(3600);
    [hour * 20, hour * 3]
        .into_iter()
        .fold(scenario, |scenario, ago| {
            let plan = Plan::new()
                .outcome(Outcome::Failure)
                .tests(there.clone())
                .problems([Problem::exit_code(1, "Test")]);
            scenario.earlier(EarlierBuild::new("App_Build", ago, plan))
        })
}

fn plan(scene: &str, slower: u64) -> Plan {
    let failing = scene == "failing";
    let seconds = |count: u64| Duration::from_secs(count * slower);
    let log = LogScript::new()
        .line(seconds(0), "Collecting changes in 1 VCS root")
        .line(seconds(1), "Compiling 214 source files")
        .warning(seconds(2), "warning: unused variable: `retries`")
        .line(seconds(3), "Running 42 tests");
    let plan = Plan::new()
        .queued_for(seconds(2))
        .runs_for(seconds(if scene == "restart" { 12 } else { 6 }))
        .estimate(seconds(7))
        .stages(["Step 1/2: Compile", "Step 2/2: Test"]);
    if failing {
        plan.outcome(Outcome::Failure)
            .fails_at(seconds(4))
            .log(log.error(seconds(5), "Process exited with code 1 (Step: Test)"))
            .status_text("Tests failed: 4 (2 new), passed: 38, muted: 1; exit code 1 (Step: Test)")
            .tests(Tests::passed(38).failed([
                FailedTest::new(
                    "checkout: com.acme.CartTest.totals",
                    "expected:<12.00> but was:<11.99>\n\tat com.acme.CartTest.totals(CartTest.java:42)",
                )
                .newly(),
                FailedTest::new(
                    "checkout: com.acme.CartTest.rounding",
                    "java.lang.AssertionError\n\tat com.acme.CartTest.rounding(CartTest.java:57)",
                ),
                FailedTest::new("checkout: com.acme.CartTest.discounts", "no discount")
                    .investigated("jane", "TAKEN"),
                FailedTest::new("checkout: com.acme.CartTest.vouchers", "no voucher").newly(),
                FailedTest::new("checkout: com.acme.CartTest.slow", "took 3 s").muted(),
            ]))
            .problems([Problem::exit_code(1, "Test")])
    } else {
        plan.outcome(Outcome::Success)
            .log(log.line(seconds(5), "All tests passed"))
            .status_text("Tests passed: 42")
            .tests(Tests::passed(42))
    }
}
