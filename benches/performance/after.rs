//! From the last build's end to the end of the pipe.

use std::time::{Duration, Instant};

use teamcity_simulator::{BuildType, FailedTest, Outcome, Plan, Scenario, Simulator, Tests};

use crate::pipe::Step;
use crate::{Spread, simulated};

const RUNS: u64 = 5;
/// Of each build.
const TESTS: usize = 5_000;
const FAILED: usize = 20;

pub fn run() {
    println!(
        "From the last build's end to the pipe's end: {TESTS} tests a build, {FAILED} of them failed ({RUNS} runs each)"
    );
    println!(
        "  {:>6} {:>34} {:>10} {:>34}",
        "builds", "simulated, answers take 50 ms, s", "requests", "computing here, both sides, s"
    );
    for count in [1, 20] {
        let costs: Vec<Cost> = (0..RUNS).map(|run| simulated(cost(count, run))).collect();
        let waited: Vec<Duration> = costs.iter().map(|cost| cost.waited).collect();
        let computed: Vec<Duration> = costs.iter().map(|cost| cost.computed).collect();
        let requests = Spread::of(costs.iter().map(|cost| cost.requests).collect());
        println!(
            "  {count:>6} {:>34} {:>10} {:>34}",
            Spread::of_times(&waited).show(1),
            format!("{:.0}", requests.median),
            Spread::of_times(&computed).show(1),
        );
    }
}

struct Cost {
    waited: Duration,
    requests: f64,
    computed: Duration,
}

async fn cost(count: usize, run: u64) -> Cost {
    let failed = (0..FAILED).map(|number| {
        let name = format!("com.acme.CartTest.fails{number}");
        FailedTest::new(name, "java.lang.AssertionError\n  at com.acme.Cart.add")
    });
    let plan = Plan::new()
        .queued_for(Duration::from_secs(5))
        // Each run ends at another moment of the pipe's looks.
        .runs_for(Duration::from_secs(60 + run))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(TESTS - FAILED).failed(failed));
    let mut scenario = Scenario::new().latency(Duration::from_millis(50));
    let mut step = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("LOG", "none")
        .set("BUILD_TYPE_ID_COUNT", &count.to_string());
    for number in 0..count {
        let id = format!("Build_{number}");
        scenario = scenario
            .build_type(BuildType::new(&id).roots(["App_Git"]))
            .plan(&id, plan.clone());
        step = step.set(&format!("BUILD_TYPE_ID_{number}"), &id);
    }
    let simulator = Simulator::start(scenario);
    let begun = Instant::now();
    let ran = step.run(&simulator).await;
    assert_eq!(ran.status, 1, "{}", ran.output);
    let computed = begun.elapsed();
    let builds = simulator.builds();
    let ended = builds.iter().filter_map(|build| build.finished_at).max();
    let ended = ended.unwrap();
    let after = simulator.requests();
    let after = after.iter().filter(|request| request.at >= ended).count();
    Cost {
        waited: ran.took.saturating_sub(ended),
        requests: f64::from(u32::try_from(after).unwrap()),
        computed,
    }
}
