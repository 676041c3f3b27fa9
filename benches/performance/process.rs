//! What a process uses, by /proc.

use std::thread::JoinHandle;
use std::time::Duration;

/// What it has used by its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Its peak memory, in MiB.
    pub memory: f64,
    /// Processor time.
    pub processor: Duration,
}

/// Watches a process until it ends.
pub fn watch(id: u32) -> JoinHandle<Used> {
    std::thread::spawn(move || {
        let mut used = Used::default();
        while let Some(now) = used_now(id) {
            used = now;
            std::thread::sleep(Duration::from_millis(5));
        }
        used
    })
}

fn used_now(id: u32) -> Option<Used> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let peak: f64 = peak.split_whitespace().nth(1)?.parse().ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Used {
        memory: peak / 1024.0,
        // A hundred ticks a second, on every Linux that Rust runs on.
        processor: Duration::from_millis((ticks(11)? + ticks(12)?) * 10),
    })
}
