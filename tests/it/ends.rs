//! How soon the step ends after its build, and what that costs in requests. In the simulator's own time: every answer takes
//! 100 ms, and nothing else takes any.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{
    FailedTest, LogScript, Outcome, Plan, Problem, Recorded, Resource, Scenario, Simulator, Tests,
};

use crate::pipe::{Ran, Step};

const ANSWER: Duration = Duration::from_millis(100);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn quiet() -> Step {
    Step::new().set("LOG", "none")
}

fn far(plan: Plan) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan).latency(ANSWER))
}

/// Medians, over builds that differ by a little, of the time from the build's end to the step's and of all requests.
async fn costs(
    runs: u64,
    seconds: u64,
    plan: impl Fn(Plan) -> Plan,
    step: impl Fn() -> Step,
) -> (Duration, usize) {
    let (mut late, mut requests) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let length = s(seconds) + ms(run * 211) - ms(850);
        let queued = Plan::new().queued_for(ms(500 + run * 370)).runs_for(length);
        let simulator = far(plan(queued));
        let mut step = step();
        step.random = run * 109 + 7;
        let ran = Box::pin(step.run(&simulator)).await;
        assert!(ran.status <= 1, "{}", ran.output);
        late.push(simulator.now() - simulator.builds()[0].finished_at.unwrap());
        requests.push(simulator.requests().len());
    }
    late.sort();
    requests.sort_unstable();
    (late[late.len() / 2], requests[requests.len() / 2])
}

fn without_estimate(plan: Plan) -> Plan {
    plan.estimate(None)
}

fn same(plan: Plan) -> Plan {
    plan
}

#[tokio::test(start_paused = true)]
async fn a_build_of_20_seconds_ends_the_step_at_once_and_costs_22_requests() {
    let (late, requests) = costs(9, 20, same, quiet).await;
    // One of them is for the numbers of the default branch's last build.
    assert!(late <= ms(700) && requests <= 22, "{late:?}, {requests}");
    let (late, requests) = costs(9, 20, same, Step::new).await;
    assert!(late <= ms(1000) && requests <= 26, "{late:?}, {requests}");
}

#[tokio::test(start_paused = true)]
async fn a_build_of_2_seconds_ends_the_step_within_one() {
    for plan in [same, without_estimate] {
        let (late, requests) = costs(9, 2, plan, quiet).await;
        assert!(late <= ms(1000) && requests <= 19, "{late:?}, {requests}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_minutes_without_an_estimate_end_within_2_and_a_half_seconds() {
    let (late, requests) = costs(9, 120, without_estimate, quiet).await;
    assert!(late <= ms(2500) && requests <= 65, "{late:?}, {requests}");
}

#[tokio::test(start_paused = true)]
async fn half_an_hour_costs_160_requests_and_290_with_its_log() {
    for plan in [same, without_estimate] {
        let (_, requests) = costs(1, 1800, plan, quiet).await;
        assert!(requests <= 160, "{requests}");
        let (_, requests) = costs(1, 1800, plan, Step::new).await;
        assert!(requests <= 290, "{requests}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_red_build_with_all_that_follows_ends_the_step_within_2_seconds() {
    let red = |plan: Plan| {
        let failed = (0..50).map(|number| FailedTest::new(format!("a.B.test{number}"), "trace"));
        plan.outcome(Outcome::Failure)
            .tests(Tests::passed(100).failed(failed))
            .problems([Problem::exit_code(1, "Test")])
    };
    let step = || {
        let bitbucket = Bitbucket::new().with_repository("acme/app", &[Scenario::COMMIT]);
        Step::new().with_bitbucket(&bitbucket, None)
    };
    let (late, requests) = costs(9, 20, red, step).await;
    assert!(late <= s(2) && requests <= 40, "{late:?}, {requests}");
}

/// Requests for the log after the build's end.
fn after_the_end(simulator: &Simulator) -> usize {
    let end = simulator.builds()[0].finished_at.unwrap();
    let is_look =
        |one: &&Recorded| one.resource == Some(Resource::Messages) && one.at + ANSWER >= end;
    simulator.requests().iter().filter(is_look).count()
}

#[tokio::test(start_paused = true)]
async fn a_log_whose_last_line_was_shown_is_not_asked_for_again() {
    // The log is looked at every ten seconds of its own, so that ends of all kinds meet a look before the status is asked for.
    for part in 0..8 {
        let log = LogScript::new().generated(20, s(0), s(60), "line");
        let length = s(100) + ms(part * 700);
        let plan = Plan::new().runs_for(length).estimate(s(20));
        let simulator = far(plan.log(log));
        Box::pin(Step::new().run(&simulator))
            .await
            .ends_with(0)
            .says("Build finished");
        assert_eq!(after_the_end(&simulator), 1, "{part}");
    }
}

/// A server whose logs end with another line than they were seen to.
async fn without_last_line(late: Duration) -> (Ran, Duration, usize) {
    let log = LogScript::new().generated(100, s(0), s(19), "line");
    let simulator = far(Plan::new().runs_for(s(20)).log(log));
    let asked = simulator.clone();
    let looks = Rc::new(Cell::new(0));
    let step = Step::new().spoiled(move |_, path, body| {
        if path != "/app/messages" {
            return body;
        }
        looks.set(looks.get() + 1);
        let finished = asked.builds()[0].finished_at;
        let shows = finished.is_some_and(|end| asked.now() >= end + late);
        let text = String::from_utf8(body).unwrap();
        let (from, to) = ("Build finished", "All is over");
        if !late.is_zero() && !shows && text.contains(from) {
            // It is written later, and is not there yet.
            let mut answer: serde_json::Value = serde_json::from_str(&text).unwrap();
            answer["messages"].as_array_mut().unwrap().pop();
            let last = answer["messages"].as_array().unwrap().last().unwrap()["id"].clone();
            answer["lastMessageIndex"] = last;
            return answer.to_string().into_bytes();
        }
        text.replace(from, to).into_bytes()
    });
    let ran = Box::pin(step.run(&simulator)).await;
    let after = simulator.now() - simulator.builds()[0].finished_at.unwrap();
    let looks = after_the_end(&simulator);
    (ran, after, looks)
}

#[tokio::test(start_paused = true)]
async fn a_log_with_another_last_line_costs_two_seconds_more_and_none_of_its_lines() {
    let (ran, after, looks) = without_last_line(Duration::ZERO).await;
    ran.ends_with(0).says("All is over");
    assert!(after <= ms(3000) && looks == 3, "{after:?}, {looks}");
    for late in [300, 900, 1700] {
        let (ran, after, _) = without_last_line(ms(late)).await;
        ran.ends_with(0).says("All is over");
        assert!(after <= s(5), "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_grows_delays_no_look_where_the_end_is_due() {
    // Without that it was up to 3.8 s.
    for run in 0..25 {
        let log = LogScript::new().generated(60, s(0), s(20), "line");
        let plan = Plan::new().queued_for(ms(1000 + run * 170)).runs_for(s(20));
        let simulator = far(plan.log(log));
        let mut step = Step::new();
        step.random = run * 137;
        Box::pin(step.run(&simulator)).await.ends_with(0);
        let late = simulator.now() - simulator.builds()[0].finished_at.unwrap();
        assert!(late <= ms(1300), "{run}: {late:?}");
    }
}
