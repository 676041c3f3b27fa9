//! What the pipe costs: time, memory, requests. All against the simulator, in one run; nothing is asserted.
//!
//! `cargo bench` runs all; `cargo bench -- start ends growth log requests several after fleet hurting` those that are named.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod after;
#[path = "../../tests/it/desk.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod desk;
mod ends;
mod fixed;
mod fleet;
mod growth;
mod hurting;
mod log;
#[path = "../../tests/it/pipe.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod pipe;
mod process;
mod proxy;
mod requests;
mod several;
mod start;

use std::future::Future;
use std::time::Duration;

fn main() {
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let parts: [(&str, fn()); 9] = [
        ("start", start::run),
        ("ends", ends::run),
        ("growth", growth::run),
        ("log", log::run),
        ("requests", requests::run),
        ("several", several::run),
        ("after", after::run),
        ("fleet", fleet::run),
        ("hurting", hurting::run),
    ];
    for (name, run) in parts {
        if named.is_empty() || named.iter().any(|named| named == name) {
            run();
            println!();
        }
    }
}

/// Runs on simulated time.
fn simulated<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// Median, least and most.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            median: values[values.len() / 2],
            least: values[0],
            most: values[values.len() - 1],
        }
    }

    fn of_times(values: &[Duration]) -> Self {
        Self::of(values.iter().map(Duration::as_secs_f64).collect())
    }

    /// `median (least–most)`.
    fn show(&self, decimals: usize) -> String {
        format!(
            "{:.*} ({:.*}–{:.*})",
            decimals, self.median, decimals, self.least, decimals, self.most
        )
    }
}
