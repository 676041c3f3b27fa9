//! Answers made to hurt: endless, deep, in circles, of a million parts. Requests and time stay bounded, and the build's result
//! stands where it is known.

use std::time::Duration;

use teamcity_simulator::{
    FailedTest, Fault, FaultKind, Matcher, Outcome, Plan, Problem, Resource, Scenario, Simulator,
    Tests,
};

use crate::pipe::{Ran, Step};

fn failing() -> Simulator {
    let tests = Tests::passed(40).failed([FailedTest::new("a.B.c", "trace")]);
    let plan = Plan::new()
        .runs_for(Duration::from_secs(20))
        .outcome(Outcome::Failure)
        .tests(tests)
        .problems([Problem::exit_code(1, "Test")]);
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

fn kinds() -> Vec<FaultKind> {
    vec![
        FaultKind::NextHrefForEver,
        FaultKind::NextHrefCircle(3),
        FaultKind::LoopingNextHref,
        FaultKind::ManyItems(200_000),
        FaultKind::DeepJson(20_000),
        FaultKind::HugeBody(8 << 20),
        FaultKind::Endless {
            per_kilobyte: Duration::from_millis(1),
        },
        FaultKind::Drip {
            per_byte: Duration::from_secs(1),
        },
        FaultKind::LengthTooLong(100),
        FaultKind::LengthTooShort(20),
    ]
}

async fn run(resource: Resource, kind: FaultKind) -> (Ran, usize) {
    let simulator = failing();
    simulator.fault(Fault::new(kind).on(Matcher::resource(resource)).always());
    let step = Step::new().set("RETRY_FOR", "20s").set("TIMEOUT", "10m");
    let ran = step.run(&simulator).await;
    (ran, simulator.requests().len())
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_after_the_end_changes_no_result_and_has_an_end() {
    for resource in [Resource::Tests, Resource::Problems] {
        for kind in kinds() {
            let what = format!("{kind:?} of {resource:?}");
            let (ran, requests) = run(resource, kind).await;
            assert_eq!(ran.status, 1, "{what}: {}", ran.output);
            assert!(requests < 200, "{what}: {requests} requests");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_run_can_not_do_without_ends_it_within_its_time() {
    for resource in [
        Resource::Server,
        Resource::BuildType,
        Resource::Build,
        Resource::Builds,
    ] {
        for kind in kinds() {
            let what = format!("{kind:?} of {resource:?}");
            let (ran, requests) = run(resource, kind).await;
            // Green it never is.
            assert!(
                [1, 4, 5, 124].contains(&ran.status),
                "{what}: {}",
                ran.output
            );
            assert!(requests < 500, "{what}: {requests} requests");
        }
    }
}
