//! Requests and delay of builds of some lengths.

use std::time::Duration;

use teamcity_simulator::{LogScript, Plan, Recorded, Resource, Scenario, Simulator};

use crate::pipe::{Ran, Step};
use crate::{Spread, fixed, simulated};

const RUNS: u64 = 9;
/// Seconds from line to line: no multiple of an interval, so that all delays occur.
const EVERY: u64 = 7;

/// What following a build cost.
struct Cost {
    requests: f64,
    /// From the build's end to knowing of it.
    end: Duration,
    /// Of the lines of the log.
    line: Option<Duration>,
}

pub fn run() {
    println!(
        "Requests and delay of one build on simulated time ({RUNS} runs each, of ends 0 to 8 s later)"
    );
    println!(
        "  A line every 7 s; TeamCity's estimate is right to 8 s; answers take 50 ms. Requests from the start of the build to its end."
    );
    println!(
        "  {:8} {:30} {:>22} {:>26} {:>26}",
        "build", "", "requests", "end seen after, s", "latest line after, s"
    );
    for minutes in [1, 10, 30, 120] {
        let ways: [(&str, &dyn Fn(u64) -> Cost); 6] = [
            ("pipe, LOG: stream", &|run| pipe(minutes, run, "stream")),
            ("pipe, LOG: none", &|run| pipe(minutes, run, "none")),
            ("every 5 s, with its log", &|run| {
                poller(minutes, run, 5, true)
            }),
            ("every 5 s", &|run| poller(minutes, run, 5, false)),
            ("every 10 s, with its log", &|run| {
                poller(minutes, run, 10, true)
            }),
            ("every 10 s", &|run| poller(minutes, run, 10, false)),
        ];
        for (name, way) in ways {
            let costs: Vec<Cost> = (0..RUNS).map(way).collect();
            let requests = Spread::of(costs.iter().map(|cost| cost.requests).collect());
            let ends: Vec<Duration> = costs.iter().map(|cost| cost.end).collect();
            let lines: Vec<Duration> = costs.iter().filter_map(|cost| cost.line).collect();
            let lines = if lines.is_empty() {
                "–".to_owned()
            } else {
                Spread::of_times(&lines).show(1)
            };
            println!(
                "  {:8} {name:30} {:>22} {:>26} {lines:>26}",
                format!("{minutes} min"),
                requests.show(0),
                Spread::of_times(&ends).show(1),
            );
        }
    }
}

fn scenario(minutes: u64, run: u64) -> Scenario {
    let length = Duration::from_secs(minutes * 60 + run);
    let log = (0..minutes * 60 / EVERY).fold(LogScript::new(), |log, number| {
        log.line(
            Duration::from_secs(number * EVERY),
            format!("at {}", number * EVERY),
        )
    });
    let plan = Plan::new()
        .queued_for(Duration::from_secs(5))
        .runs_for(length)
        .estimate(Duration::from_secs(minutes * 60))
        .log(log);
    Scenario::new()
        .plan("App_Build", plan)
        .latency(Duration::from_millis(50))
}

fn pipe(minutes: u64, run: u64, log: &str) -> Cost {
    simulated(async {
        let simulator = Simulator::start(scenario(minutes, run));
        let mut step = Step::new().set("LOG", log).set("TIMEOUT", "10h");
        step.random = run * 109 + 7;
        let ran = step.run(&simulator).await;
        let build = &simulator.builds()[0];
        let (started, finished) = (build.started_at.unwrap(), build.finished_at.unwrap());
        // The details of the result are asked for once the end is known.
        let seen = simulator
            .requests()
            .iter()
            .filter(|request| {
                request.resource == Some(Resource::Build)
                    && request.at > finished - Duration::from_millis(50)
            })
            .map(|request| request.at + Duration::from_millis(50))
            .find(|at| *at >= finished)
            .unwrap_or(finished);
        let while_running = |request: &&Recorded| request.at >= started && request.at <= seen;
        Cost {
            requests: simulator.requests().iter().filter(while_running).count() as f64,
            end: seen - finished,
            line: latest_line(&ran, started),
        }
    })
}

fn latest_line(ran: &Ran, started: Duration) -> Option<Duration> {
    let first_output = ran.took - ran.lines.last()?.0;
    let lines = ran
        .lines
        .iter()
        .filter_map(|(at, line)| Some((*at + first_output, line.strip_prefix("│ ")?.to_owned())));
    latest(lines, started)
}

/// The longest time from a line's moment, which it names, to its being seen.
fn latest(lines: impl Iterator<Item = (Duration, String)>, started: Duration) -> Option<Duration> {
    let late = |(at, line): (Duration, String)| {
        let written = started + Duration::from_secs(line.strip_prefix("at ")?.parse().ok()?);
        Some(at.saturating_sub(written))
    };
    lines.filter_map(late).max()
}

fn poller(minutes: u64, run: u64, every: u64, log: bool) -> Cost {
    simulated(async {
        let simulator = Simulator::start(scenario(minutes, run));
        let id = simulator.queue_build("App_Build", "ci", Some("main"));
        tokio::time::sleep(Duration::from_secs(5)).await;
        let every = Duration::from_secs(every);
        let lines = fixed::follow(&simulator, id, every, log).await;
        let seen = simulator.now();
        let build = &simulator.builds()[0];
        let (started, finished) = (build.started_at.unwrap(), build.finished_at.unwrap());
        Cost {
            requests: simulator.requests().len() as f64,
            end: seen.saturating_sub(finished),
            line: latest(lines.into_iter(), started),
        }
    })
}
