//! A thousand pipes at once against one server, and what a restart of the server does.

use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use teamcity_simulator::{LogScript, Plan, Scenario, Simulator};

use crate::pipe::Step;
use crate::{fixed, simulated};

const PIPES: u64 = 1000;
/// They start within this time.
const START: Duration = Duration::from_secs(10);
/// Seconds in which all builds are young, so that they are looked at often.
const YOUNG: Range<usize> = 30..120;
/// Seconds in their middle.
const MIDDLE: Range<usize> = 150..300;
/// Seconds in which the server is away.
const RESTART: Range<usize> = 300..480;
/// Seconds in which the pipes come back.
const AFTER: Range<usize> = 480..540;
const LENGTH: Duration = Duration::from_secs(720);

pub fn run() {
    println!(
        "{PIPES} pipes that start within {} s, builds of {} minutes, on simulated time",
        START.as_secs(),
        LENGTH.as_secs() / 60
    );
    println!(
        "  The server restarts from second {} to second {}. Requests a second: mean, and in the busiest second.",
        RESTART.start, RESTART.end
    );
    println!(
        "  {:26} {:>16} {:>16} {:>16} {:>18}",
        "", "first 2 minutes", "middle", "in the restart", "60 s after it"
    );
    row("pipes, LOG: stream", &simulated(pipes("stream")));
    row("pipes, LOG: none", &simulated(pipes("none")));
    for (every, log) in [(5, true), (5, false), (10, true), (10, false)] {
        let with = if log { ", with the log" } else { "" };
        row(
            &format!("every {every} s{with}"),
            &simulated(pollers(every, log)),
        );
    }
}

fn row(name: &str, seconds: &[usize]) {
    let show = |part: Range<usize>| {
        let part = &seconds[part];
        let mean = part.iter().sum::<usize>() as f64 / part.len() as f64;
        format!("{mean:.0}, {}", part.iter().max().unwrap())
    };
    println!(
        "  {name:26} {:>16} {:>16} {:>16} {:>18}",
        show(YOUNG),
        show(MIDDLE),
        show(RESTART),
        show(AFTER)
    );
}

fn start() -> Simulator {
    let log = LogScript::new().generated(900, Duration::ZERO, LENGTH, "line");
    let plan = Plan::new()
        .queued_for(Duration::from_secs(5))
        .runs_for(LENGTH)
        .log(log);
    let latency = Duration::from_millis(20);
    Simulator::start(Scenario::new().plan("App_Build", plan).latency(latency))
}

/// Requests in each second, counted while `work` goes on. The server restarts meanwhile.
async fn count(simulator: &Simulator, work: impl Future) -> Vec<usize> {
    let mut seconds = vec![0; 3600];
    let mut take = || {
        for request in simulator.requests() {
            if let Some(second) = seconds.get_mut(request.at.as_secs() as usize) {
                *second += 1;
            }
        }
        simulator.clear_requests();
    };
    let watch = async {
        for second in 0.. {
            tokio::time::sleep(Duration::from_secs(1)).await;
            take();
            if second + 1 == RESTART.start {
                simulator.restart_for(Duration::from_secs(RESTART.len() as u64));
            }
        }
    };
    tokio::select! {
        _ = work => {}
        () = watch => {}
    }
    seconds
}

async fn pipes(log: &str) -> Vec<usize> {
    let simulator = start();
    let each = (0..PIPES).map(|number| {
        let mut step = Step::new()
            .set("LOG", log)
            .set("BITBUCKET_BUILD_NUMBER", &(number + 1).to_string());
        // As different as any two processes' numbers are.
        step.random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
        let simulator = &simulator;
        async move {
            tokio::time::sleep(START.mul_f64(number as f64 / PIPES as f64)).await;
            step.run(simulator).await;
        }
    });
    count(&simulator, join_all(each)).await
}

async fn pollers(every: u64, log: bool) -> Vec<usize> {
    let simulator = start();
    let each = (0..PIPES).map(|number| {
        let simulator = &simulator;
        async move {
            tokio::time::sleep(START.mul_f64(number as f64 / PIPES as f64)).await;
            let id = simulator.queue_build("App_Build", "ci", Some("main"));
            fixed::follow(simulator, id, Duration::from_secs(every), log).await;
        }
    });
    count(&simulator, join_all(each)).await
}
