//! How soon the step ends after its build, and what that costs in requests. On simulated time: every answer takes 100 ms,
//! and nothing else takes any.

use std::time::Duration;

use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{FailedTest, Outcome, Plan, Problem, Scenario, Simulator, Tests};

use crate::pipe::Step;

const ANSWER: Duration = Duration::from_millis(100);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What one build cost.
#[derive(Debug, Clone, Copy)]
struct Cost {
    late: Duration,
    requests: usize,
}

async fn cost(plan: Plan, step: impl Fn() -> Step, run: u64) -> Cost {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan).latency(ANSWER));
    let mut step = step();
    step.random = run * 109 + 7;
    let ran = step.run(&simulator).await;
    let end = simulator.now();
    assert!(ran.status <= 1, "{}", ran.output);
    Cost {
        late: end - simulator.builds()[0].finished_at.unwrap(),
        requests: simulator.requests().len(),
    }
}

async fn costs(
    plan: impl Fn(Duration) -> Plan,
    length: Duration,
    step: impl Fn() -> Step,
) -> (Duration, Duration, usize, usize) {
    let mut all = Vec::new();
    for run in 0..19 {
        let length = (length + ms(run * 107)).saturating_sub(ms(963));
        all.push(
            Box::pin(cost(
                plan(length).queued_for(ms(500 + run * 170)),
                &step,
                run,
            ))
            .await,
        );
    }
    let mut late: Vec<_> = all.iter().map(|one| one.late).collect();
    late.sort();
    let mut requests: Vec<_> = all.iter().map(|one| one.requests).collect();
    requests.sort();
    (late[9], late[18], requests[9], requests[18])
}

#[tokio::test(start_paused = true)]
async fn print() {
    let none = || Step::new().set("LOG", "none");
    let s = Duration::from_secs;
    let est = |length: Duration| Plan::new().runs_for(length);
    println!("20 s none {:?}", Box::pin(costs(est, s(20), none)).await);
    println!(
        "20 s stream {:?}",
        Box::pin(costs(est, s(20), Step::new)).await
    );
    println!("2 s none {:?}", Box::pin(costs(est, s(2), none)).await);
    println!(
        "2 s no estimate {:?}",
        Box::pin(costs(|l| est(l).estimate(None), s(2), none)).await
    );
    println!(
        "2 s stream {:?}",
        Box::pin(costs(est, s(2), Step::new)).await
    );
    println!(
        "120 s no estimate, none {:?}",
        Box::pin(costs(|l| est(l).estimate(None), s(120), none)).await
    );
    println!(
        "120 s no estimate, stream {:?}",
        Box::pin(costs(|l| est(l).estimate(None), s(120), Step::new)).await
    );
    println!(
        "30 min none {:?}",
        Box::pin(costs(est, s(1800), none)).await
    );
    println!(
        "30 min stream {:?}",
        Box::pin(costs(est, s(1800), Step::new)).await
    );
    println!(
        "30 min no estimate none {:?}",
        Box::pin(costs(|l| est(l).estimate(None), s(1800), none)).await
    );
    println!(
        "30 min no estimate stream {:?}",
        Box::pin(costs(|l| est(l).estimate(None), s(1800), Step::new)).await
    );
    println!(
        "30 min, estimate 20 none {:?}",
        Box::pin(costs(|l| est(l).estimate(s(1200)), s(1800), none)).await
    );
    println!(
        "30 min, estimate 40 none {:?}",
        Box::pin(costs(|l| est(l).estimate(s(2400)), s(1800), none)).await
    );
    println!(
        "30 min, estimate 20 stream {:?}",
        Box::pin(costs(|l| est(l).estimate(s(1200)), s(1800), Step::new)).await
    );
    println!(
        "30 min, estimate 40 stream {:?}",
        Box::pin(costs(|l| est(l).estimate(s(2400)), s(1800), Step::new)).await
    );
    let red = |length: Duration| {
        Plan::new()
            .runs_for(length)
            .outcome(Outcome::Failure)
            .tests(
                Tests::passed(100)
                    .failed((0..50).map(|n| FailedTest::new(format!("a.B.test{n}"), "trace"))),
            )
            .problems([Problem::exit_code(1, "Test")])
    };
    let bitbucket = Bitbucket::new().with_repository("acme/app", &[Scenario::COMMIT]);
    let with = || {
        Step::new()
            .with_bitbucket(&bitbucket, None)
            .set("REPORT_FILE", "report.html")
            .set("TEST_REPORTS", "true")
    };
    println!("red {:?}", Box::pin(costs(red, s(20), with)).await);
}

#[tokio::test(start_paused = true)]
async fn list() {
    for log in ["none", "stream"] {
        let simulator = Simulator::start(
            Scenario::new()
                .plan(
                    "App_Build",
                    Plan::new().queued_for(ms(500)).runs_for(ms(20000)),
                )
                .latency(ANSWER),
        );
        Box::pin(Step::new().set("LOG", log).run(&simulator)).await;
        for one in simulator.requests() {
            println!(
                "{:?} {:?} {} {} {}",
                one.at,
                one.resource,
                one.method,
                one.path,
                one.query
                    .clone()
                    .unwrap_or_default()
                    .chars()
                    .take(150)
                    .collect::<String>()
            );
        }
        println!(
            "{:?} {:?}",
            simulator.builds()[0].started_at,
            simulator.builds()[0].finished_at
        );
    }
}
