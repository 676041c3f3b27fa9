//! Large logs through the real process.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use teamcity_simulator::{Fault, FaultKind, LogScript, Matcher, Plan, Resource, Scenario};

use crate::Spread;
use crate::pipe::{Step, plain};
use crate::process::{self, Used};

const RUNS: usize = 3;

/// Parts of a log: how many lines, from and to which second, and how they begin.
type Parts = Vec<(u64, u64, u64, String)>;

pub fn run() {
    let padding = "compiling module ".repeat(5);
    let bursts = vec![
        (50_000, 1, 1, format!("a {padding}")),
        (149_000, 2, 5, format!("b {padding}")),
        (1_000, 5, 6, format!("c {padding}")),
    ];
    let wide = vec![(20_000, 1, 3, "x".repeat(4_000))];
    println!("A log through the process ({RUNS} runs each)");
    println!(
        "  {:48} {:>9} {:>6} {:>6} {:>28} {:>18} {:>18}",
        "", "lines", "lost", "order", "in the densest second", "peak memory, MiB", "processor, s"
    );
    case(
        "live, up to 50,000 lines/s and bursts of 50,000",
        &bursts,
        true,
    );
    let million: Parts = (0..20)
        .map(|second| (50_000, second, second, format!("{second} {padding}")))
        .collect();
    case("live, 20 bursts of 50,000, one a second", &million, true);
    case("no /app/messages: all at the end", &bursts, false);
    case("live, 10,000 lines/s of 4 KB each", &wide, true);
}

fn case(name: &str, parts: &Parts, live: bool) {
    let expected: Vec<String> = parts
        .iter()
        .flat_map(|(count, _, _, prefix)| {
            (1..=*count).map(move |number| format!("{prefix} {number}"))
        })
        .collect();
    let (mut rates, mut memory, mut processor) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lost, mut in_order) = (0, true);
    for _ in 0..RUNS {
        let seen = follow(parts, live);
        lost += expected.len() - seen.lines.len().min(expected.len());
        in_order &= seen.lines == expected;
        rates.push(seen.rate);
        memory.push(seen.used.memory);
        processor.push(seen.used.processor.as_secs_f64());
    }
    println!(
        "  {name:48} {:>9} {lost:>6} {:>6} {:>28} {:>18} {:>18}",
        expected.len(),
        if in_order { "right" } else { "WRONG" },
        Spread::of(rates).show(0),
        Spread::of(memory).show(1),
        Spread::of(processor).show(2),
    );
}

struct Seen {
    lines: Vec<String>,
    /// Lines in the densest second.
    rate: f64,
    used: Used,
}

fn follow(parts: &Parts, live: bool) -> Seen {
    let second = Duration::from_secs;
    let log = parts
        .iter()
        .fold(LogScript::new(), |log, (count, from, to, prefix)| {
            log.generated(*count, second(*from), second(*to), prefix)
        });
    let plan = Plan::new()
        .queued_for(second(1))
        // Longer than the last line.
        .runs_for(second(
            parts.iter().map(|part| part.2).max().unwrap_or(0) + 2,
        ))
        .log(log);
    let scenario = Scenario::new().plan("App_Build", plan);
    // What is measured is the log, not the limit.
    let mut running = Step::new().set("LOG_LIMIT", "1GB").spawn(scenario, "");
    if !live {
        let messages = Matcher::resource(Resource::Messages);
        let fault = Fault::new(FaultKind::NotFound404).on(messages);
        running.simulator.fault(fault.always());
    }
    let watch = process::watch(running.child.id());
    let output = running.child.stdout.take().unwrap();
    let mut lines = Vec::new();
    let mut times = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = plain(&line.unwrap());
        if let Some(line) = line
            .strip_prefix("│ ")
            .filter(|line| *line != "Build finished")
        {
            lines.push(line.to_owned());
            times.push(Instant::now());
        }
    }
    let _ = running.child.wait();
    let mut densest = 0;
    let mut first = 0;
    for (last, time) in times.iter().enumerate() {
        while time.duration_since(times[first]) > Duration::from_secs(1) {
            first += 1;
        }
        densest = densest.max(last - first + 1);
    }
    Seen {
        lines,
        rate: densest as f64,
        used: watch.join().unwrap(),
    }
}
