//! A thousand pipes at once against one server, and what a restart of the server does.

use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use teamcity_simulator::{Fault, FaultKind, LogScript, Matcher, Plan, Scenario, Simulator};

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
/// Requests a second that a front lets through.
const LIMIT: usize = 100;
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
    println!(
        "  A front that lets {LIMIT} requests a second through and answers 429 to all others; no restart. Also: steps that passed, and the latest end seen, s."
    );
    for log in ["stream", "none"] {
        simulated(limited(log));
    }
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
    count(&simulator, each(&simulator, log)).await
}

/// Runs them all; so many pass.
async fn each(simulator: &Simulator, log: &str) -> usize {
    let each = (0..PIPES).map(|number| {
        let mut step = Step::new()
            .set("LOG", log)
            .set("BITBUCKET_BUILD_NUMBER", &(number + 1).to_string());
        // As different as any two processes' numbers are.
        step.random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
        async move {
            tokio::time::sleep(START.mul_f64(number as f64 / PIPES as f64)).await;
            step.run(simulator).await.status
        }
    });
    let ended = join_all(each).await;
    ended.into_iter().filter(|status| *status == 0).count()
}

/// A thousand pipes before a front that lets only so many requests through.
async fn limited(log: &str) {
    let simulator = start();
    let mut seconds: Vec<usize> = Vec::new();
    let mut refused = 0;
    let work = each(&simulator, log);
    let watch = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let second = simulator.now().as_secs() as usize;
            let requests = simulator.requests();
            seconds.resize(second + 1, 0);
            seconds[second] += requests.len();
            refused += requests.iter().filter(|one| one.fault.is_some()).count();
            simulator.clear_requests();
            simulator.clear_faults();
            if seconds[second] > LIMIT {
                let wish = FaultKind::TooMany429 { retry_after: None };
                simulator.fault(Fault::new(wish).on(Matcher::any()).always());
            }
        }
    };
    let passed = tokio::select! {
        passed = work => passed,
        () = watch => unreachable!("it watches for ever"),
    };
    let ended = simulator
        .builds()
        .iter()
        .filter_map(|build| build.finished_at)
        .max();
    let late = simulator.now() - ended.unwrap_or_default();
    let part =
        |seconds: &[usize]| seconds.iter().sum::<usize>() as f64 / seconds.len().max(1) as f64;
    let whole = seconds.len().min(MIDDLE.end);
    println!(
        "  {:26} {:>16.0} {:>16.0} refused {refused}, passed {passed} of {PIPES}, last step {:.0} s after the last build's end",
        format!("pipes, LOG: {log}"),
        part(&seconds[YOUNG.start.min(whole)..YOUNG.end.min(whole)]),
        part(&seconds[MIDDLE.start.min(whole)..whole]),
        late.as_secs_f64(),
    );
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
