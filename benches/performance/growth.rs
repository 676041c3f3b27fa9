//! How what follows the end grows: with tests, failed tests, artifacts, builds, parts of a chain. Through the process, without
//! any distance.

use std::time::Duration;

use teamcity_simulator::{
    Artifact, BuildType, Dependency, FailedTest, LogScript, Outcome, Plan, Problem, Scenario, Tests,
};

use crate::pipe::Step;
use crate::process;

pub fn run() {
    println!("After the end, by how much there is; one run each");
    println!(
        "  {:26} {:>8} {:>10} {:>10} {:>14} {:>16}",
        "", "", "end, s", "requests", "processor, s", "peak memory, MiB"
    );
    for count in [1, 1_000, 10_000, 100_000] {
        case(
            "tests",
            count,
            one(plan().tests(Tests::passed(count))),
            Step::new(),
        );
    }
    for count in [1, 100, 1_000, 10_000] {
        let failed = (0..count).map(|number| {
            let details = format!("expected {number}\n{}", "  at a.B.c(B.java:7)\n".repeat(20));
            FailedTest::new(
                format!("com.example.Suite{}.test{number}", number / 50),
                details,
            )
        });
        let plan = plan()
            .outcome(Outcome::Failure)
            .tests(Tests::passed(10).failed(failed))
            .problems([Problem::exit_code(1, "Test")]);
        case("failed tests", count, one(plan), Step::new());
    }
    for count in [1, 100, 1_000, 10_000] {
        let files = (0..count)
            .map(|number| Artifact::new(&format!("d{}/f{number}.txt", number / 100), "text"));
        let step = Step::new().set("ARTIFACTS", "**");
        case(
            "artifacts, fetched",
            count,
            one(plan().artifacts(files)),
            step,
        );
    }
    for count in [1, 10, 50] {
        let (mut scenario, mut step) = (Scenario::new(), Step::new().unset("BUILD_TYPE_ID"));
        step = step.set("BUILD_TYPE_ID_COUNT", &count.to_string());
        for number in 0..count {
            let id = format!("Build_{number}");
            let build_type = BuildType::new(&id).roots(["App_Git"]);
            scenario = scenario.build_type(build_type).plan(&id, plan());
            step = step.set(&format!("BUILD_TYPE_ID_{number}"), &id);
        }
        case("builds", count, scenario, step);
    }
    for count in [1, 40] {
        let mut scenario = Scenario::new();
        let mut parts = Vec::new();
        for number in 0..count {
            let id = format!("Part_{number}");
            let part = BuildType::new(&id).roots(["App_Git"]);
            scenario = scenario.build_type(part).plan(&id, plan());
            parts.push(Dependency::on(id));
        }
        let top = BuildType::new("App_Build")
            .roots(["App_Git"])
            .depends_on(parts);
        let scenario = scenario.build_type(top).plan("App_Build", plan());
        case("parts of the chain", count, scenario, Step::new());
    }
}

fn plan() -> Plan {
    let log = LogScript::new().generated(20, Duration::ZERO, Duration::from_secs(1), "line");
    Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(Duration::from_secs(2))
        .log(log)
}

fn one(plan: Plan) -> Scenario {
    Scenario::new().plan("App_Build", plan)
}

fn case(name: &str, count: usize, scenario: Scenario, step: Step) {
    let mut running = step.spawn(scenario, "");
    let used = process::watch(running.child.id());
    let output = running.child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || std::io::copy(&mut { output }, &mut std::io::sink()));
    running.child.wait().unwrap();
    let ended = running.simulator.now();
    reading.join().unwrap().unwrap();
    let used = used.join().unwrap();
    let finished = running
        .simulator
        .builds()
        .iter()
        .filter_map(|build| build.finished_at)
        .max();
    let finished = finished.unwrap_or_default();
    let requests = running.simulator.requests();
    let after = requests
        .iter()
        .filter(|request| request.at >= finished)
        .count();
    println!(
        "  {name:26} {count:>8} {:>10.2} {after:>10} {:>14.2} {:>16.1}",
        ended.saturating_sub(finished).as_secs_f64(),
        used.processor.as_secs_f64(),
        used.memory
    );
}
