//! A default branch with a history, and a branch whose build fails in every way that this history tells apart.

use std::time::Duration;

use crate::model::{Artifact, EarlierBuild, FailedTest, Outcome, Plan, Problem, Tests};
use crate::scenario::Scenario;

/// Builds of the default branch, the newest the last.
const BUILDS: u32 = 20;
/// Since this one a test fails.
const FAILS_SINCE: u32 = 15;
/// In these a test fails that else passes.
const FLAKY: [u32; 4] = [4, 9, 11, 18];

fn test(name: &str) -> String {
    format!("checkout: com.acme.CartTest.{name}")
}

/// How a test fails, at a line of its class.
fn failed(name: &str, said: &str, line: u32) -> FailedTest {
    let trace = format!("{said}\n\tat com.acme.CartTest.{name}(CartTest.java:{line})");
    FailedTest::new(test(name), trace)
}

/// A build that fails in these, so long, with so many hundredths of a percent of its lines covered.
fn build(tests: Tests, time: Duration, covered: u32) -> Plan {
    Plan::new()
        .runs_for(time)
        .outcome(Outcome::Failure)
        .tests(tests)
        .statistic(
            "CodeCoverageL",
            format!("{}.{:02}", covered / 100, covered % 100),
        )
        .artifacts([Artifact::generated(
            "app.jar",
            4_000_000 + u64::from(covered) * 100,
        )])
}

impl Scenario {
    /// The default branch's `App_Build` has twenty builds: `rounding` fails since #15, `vouchers` failed in four of them but not
    /// in the last, `slow` is muted, `totals` and `discounts` pass, and `coupons` never ran. There is a branch `feature/x`.
    pub fn with_history(self) -> Self {
        let hour = Duration::from_secs(3600);
        (1..=BUILDS).fold(self.branch("App_Git", "feature/x"), |scenario, number| {
            let mut tests = Tests::passed(37).passing([test("totals"), test("discounts")]);
            let mut bad = vec![failed("slow", "took 3 s", 71).muted()];
            if number >= FAILS_SINCE {
                let test = failed("rounding", "java.lang.AssertionError", 57);
                bad.push(if number == FAILS_SINCE {
                    test.newly()
                } else {
                    test
                });
            } else {
                tests = tests.passing([test("rounding")]);
            }
            if FLAKY.contains(&number) {
                bad.push(failed("vouchers", "no voucher", 83).newly());
            } else {
                tests = tests.passing([test("vouchers")]);
            }
            let time = Duration::from_secs(200 + u64::from(number % 7) * 5);
            let plan = build(tests.failed(bad), time, 8_360 + number);
            let ago = hour * (BUILDS + 1 - number);
            scenario.earlier(EarlierBuild::new("App_Build", ago, plan))
        })
    }
}

impl Plan {
    /// A build of a branch beside [`Scenario::with_history`]: of its failed tests `totals` is new, `vouchers` too but flaky, `coupons`
    /// unknown, `discounts` investigated, `rounding` old, and `slow` muted.
    pub fn with_all_failures(time: Duration) -> Self {
        let tests = Tests::passed(37).failed([
            failed("totals", "expected:<12.00> but was:<11.99>", 42).newly(),
            failed("rounding", "java.lang.AssertionError", 57),
            failed("discounts", "no discount", 64)
                .newly()
                .investigated("jane", "TAKEN"),
            failed("vouchers", "no voucher", 83).newly(),
            failed("coupons", "no coupon", 90).newly(),
            failed("slow", "took 3 s", 71).muted(),
        ]);
        build(tests, time, 8_421)
            .problems([Problem::exit_code(1, "Test")])
            .status_text("Tests failed: 5 (4 new), passed: 37, muted: 1; exit code 1 (Step: Test)")
    }
}
