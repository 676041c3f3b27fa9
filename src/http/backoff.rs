//! The schedule of repeated tries. The one place that names the `backoff` crate, which is unmaintained
//! (RUSTSEC-2025-0012), so that a swap is one file.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// First delay. Most hiccups of a proxy are over by then.
const FIRST: Duration = Duration::from_secs(1);
/// Longest delay: how late a server that is back is noticed, at most.
const LONGEST: Duration = Duration::from_secs(15);

/// Delays that grow from about one second to about fifteen, each off by up to a half at random, so that many pipes
/// do not come back to a restarted server in step.
pub(super) struct Delays(ExponentialBackoff);

impl Delays {
    pub(super) fn new() -> Self {
        Self(ExponentialBackoff {
            current_interval: FIRST,
            initial_interval: FIRST,
            randomization_factor: 0.5,
            multiplier: 1.7,
            max_interval: LONGEST,
            // The total is kept by the caller, on a clock that tests can pause.
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        })
    }

    pub(super) fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_limit_and_never_end() {
        let mut delays = Delays::new();
        let all: Vec<_> = (0..200).map(|_| delays.next()).collect();
        assert!(all[0] >= FIRST / 2 && all[0] <= FIRST * 3 / 2);
        assert!(all.iter().all(|delay| *delay <= LONGEST * 3 / 2));
        assert!(all[199] >= LONGEST / 2);
    }
}
