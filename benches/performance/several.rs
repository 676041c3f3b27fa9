//! Several builds in one step.

use std::time::Duration;

use teamcity_simulator::{BuildType, Plan, Recorded, Resource, Scenario, Simulator};

use crate::pipe::Step;
use crate::{fixed, simulated};

pub fn run() {
    println!("Builds of 10 minutes in one step, without their logs, on simulated time");
    println!(
        "  {:>6} {:>24} {:>22} {:>22}",
        "builds", "pipe: status requests", "each every 5 s", "each every 10 s"
    );
    for count in [1, 10, 50] {
        let pipe = simulated(pipe(count));
        let [five, ten] = [5, 10].map(|every| simulated(pollers(count, every)));
        println!("  {count:>6} {pipe:>24} {five:>22} {ten:>22}");
    }
}

fn scenario(count: usize) -> Scenario {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(5))
        .runs_for(Duration::from_secs(600));
    (0..count).fold(Scenario::new(), |scenario, number| {
        let id = format!("Build_{number}");
        scenario
            .build_type(BuildType::new(&id).roots(["App_Git"]))
            .plan(&id, plan.clone())
    })
}

async fn pipe(count: usize) -> usize {
    let simulator = Simulator::start(scenario(count));
    let mut step = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("LOG", "none")
        .set("BUILD_TYPE_ID_COUNT", &count.to_string());
    for number in 0..count {
        step = step.set(
            &format!("BUILD_TYPE_ID_{number}"),
            &format!("Build_{number}"),
        );
    }
    step.run(&simulator).await;
    let builds = simulator.builds();
    let started = builds
        .iter()
        .filter_map(|build| build.started_at)
        .min()
        .unwrap();
    let finished = builds
        .iter()
        .filter_map(|build| build.finished_at)
        .min()
        .unwrap();
    let is_status = |request: &&Recorded| {
        let of_builds = matches!(request.resource, Some(Resource::Build | Resource::Builds));
        of_builds && request.at >= started && request.at < finished
    };
    simulator.requests().iter().filter(is_status).count()
}

async fn pollers(count: usize, every: u64) -> usize {
    let simulator = Simulator::start(scenario(count));
    let ids: Vec<u64> = (0..count)
        .map(|number| simulator.queue_build(&format!("Build_{number}"), "ci", Some("main")))
        .collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let each = ids
        .iter()
        .map(|id| fixed::follow(&simulator, *id, Duration::from_secs(every), false));
    futures_util::future::join_all(each).await;
    simulator.requests().len()
}
