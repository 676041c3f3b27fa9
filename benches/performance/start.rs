//! From the start of the process to its first request at the server.

use std::time::Duration;

use teamcity_simulator::Scenario;

use crate::Spread;
use crate::pipe::Step;

const RUNS: usize = 40;

pub fn run() {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let mut running = Step::new().spawn(Scenario::new(), "");
        // The server's clock starts just before the process does.
        let first = loop {
            if let Some(first) = running.simulator.requests().first() {
                break first.at;
            }
            std::thread::sleep(Duration::from_micros(200));
        };
        times.push(first.as_secs_f64() * 1000.0);
        let _ = running.child.kill();
        let _ = running.child.wait();
    }
    println!("Start of the process to its first request ({RUNS} runs)");
    println!("  {} ms", Spread::of(times).show(1));
}
