//! From a build's end to the step's, through the process, with the server a round trip of 100 ms away.

use std::time::Duration;

use teamcity_simulator::{
    FailedTest, LogScript, Outcome, Plan, Problem, Resource, Scenario, Simulator, Tests,
};

use crate::pipe::{Running, Step};
use crate::{Spread, proxy};

const DISTANCE: Duration = Duration::from_millis(100);
const RUNS: u64 = 9;

pub fn run() {
    println!(
        "From the build's end to the step's, {} ms away ({RUNS} builds each)",
        DISTANCE.as_millis()
    );
    println!(
        "  {:44} {:>24} {:>16} {:>22}",
        "build", "end to end, s", "requests", "round trips to queue"
    );
    let s = Duration::from_secs;
    let none = || Step::new().set("LOG", "none");
    case("20 s, right estimate, LOG: none", s(20), |plan| plan, none);
    case(
        "20 s, right estimate, with its log",
        s(20),
        |plan| plan,
        Step::new,
    );
    case(
        "20 s, failed: 50 tests, page, JUnit, log",
        s(20),
        red,
        Step::new,
    );
    case("2 s, LOG: none", s(2), |plan| plan, none);
    case(
        "2 s, no estimate, LOG: none",
        s(2),
        |plan| plan.estimate(None),
        none,
    );
    case(
        "2 min, no estimate, LOG: none",
        s(120),
        |plan| plan.estimate(None),
        none,
    );
}

fn red(plan: Plan) -> Plan {
    let failed = (0..50).map(|number| FailedTest::new(format!("a.B.test{number}"), "trace"));
    plan.outcome(Outcome::Failure)
        .tests(Tests::passed(100).failed(failed))
        .problems([Problem::exit_code(1, "Test")])
}

/// What one step cost.
struct Cost {
    late: Duration,
    requests: usize,
    queued: Duration,
}

fn case(name: &str, length: Duration, plan: impl Fn(Plan) -> Plan, step: impl Fn() -> Step) {
    let runs: Vec<_> = (0..RUNS)
        .map(|run| {
            let length = length + Duration::from_millis(run * 107) - Duration::from_millis(450);
            let log = LogScript::new().generated(50, Duration::ZERO, length, "line");
            let queued = Duration::from_millis(1_000 + run * 170);
            let plan = plan(Plan::new().queued_for(queued).runs_for(length).log(log));
            let scenario = Scenario::new().plan("App_Build", plan);
            let (simulator, address) = Simulator::spawn_thread(scenario).unwrap();
            let far = proxy::far(address, DISTANCE).unwrap();
            std::thread::sleep(Duration::from_millis(137));
            let begun = simulator.now();
            let running = step().spawn_at(simulator, &format!("http://{far}"));
            std::thread::spawn(move || cost(running, begun))
        })
        .collect();
    let costs: Vec<Cost> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    let late: Vec<Duration> = costs.iter().map(|cost| cost.late).collect();
    let requests = costs.iter().map(|cost| cost.requests as f64).collect();
    let trips = costs
        .iter()
        .map(|cost| cost.queued.as_secs_f64() / DISTANCE.as_secs_f64());
    println!(
        "  {name:44} {:>24} {:>16} {:>22}",
        Spread::of_times(&late).show(2),
        Spread::of(requests).show(0),
        Spread::of(trips.collect()).show(1),
    );
}

fn cost(mut running: Running, begun: Duration) -> Cost {
    // What it prints is little, and fits into the pipe.
    running.child.wait().unwrap();
    let (ended, simulator) = (running.simulator.now(), &running.simulator);
    let requests = simulator.requests();
    let queued = requests
        .iter()
        .find(|request| request.resource == Some(Resource::QueueBuild));
    Cost {
        late: ended.saturating_sub(simulator.builds()[0].finished_at.unwrap()),
        requests: requests.len(),
        queued: queued.unwrap().at.saturating_sub(begun),
    }
}
