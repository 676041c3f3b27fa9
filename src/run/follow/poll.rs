//! When to ask again: often where something may happen soon, seldom where it can't.

use std::time::Duration;

use tokio::time::Instant;

/// Where the end may come at any moment. Also how late it is noticed, at most.
pub const SHORT: Duration = Duration::from_secs(3);
/// In the middle of a long build.
const LONG: Duration = Duration::from_secs(20);
/// How often a log is looked at.
pub const LOG: Duration = Duration::from_secs(10);
/// In the middle of a build whose log is looked at: the log's last line tells of the end.
pub const WITH_LOG: Duration = Duration::from_secs(60);
/// Intervals with a beat. Short ones stay spread as they began, and in the middle of a build whose log is not shown no
/// request is to spare.
const BEATS: [Duration; 3] = [LOG, QUEUE, WITH_LOG];
/// In the queue, once it takes long.
const QUEUE: Duration = Duration::from_secs(10);
/// A build or a wait younger than this is looked at closely.
const YOUNG: Duration = Duration::from_secs(120);

/// When this pipe asks: at moments of its own, so that pipes that began together, or that waited together for a server
/// that restarted, spread over the whole of an interval.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    start: Instant,
    phase: f64,
}

impl Beat {
    /// From `start` on; `phase` is between 0 and 1.
    #[must_use]
    pub fn new(start: Instant, phase: f64) -> Self {
        Self { start, phase }
    }

    /// The first moment.
    #[must_use]
    pub fn first(self, interval: Duration) -> Instant {
        self.start + interval.mul_f64(self.phase)
    }

    /// The next moment after `now`, and no later than after one `interval`.
    #[must_use]
    pub fn next(self, now: Instant, interval: Duration) -> Instant {
        if !BEATS.contains(&interval) {
            return now + interval;
        }
        let offset = interval.mul_f64(self.phase);
        let since = (now - self.start + interval).saturating_sub(offset);
        let rest = since.as_nanos() % interval.as_nanos();
        let rest = Duration::from_nanos(u64::try_from(rest).unwrap_or(0));
        now + (interval - rest)
    }
}

/// What is known of a build's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for so long; TeamCity thinks it starts after `starts_in`.
    Queued {
        /// How long.
        waiting: Duration,
        /// How much longer, if TeamCity knows.
        starts_in: Option<Duration>,
    },
    /// Running for so long; TeamCity thinks that it takes `estimate` in all.
    Running {
        /// How long.
        running: Duration,
        /// How long in all, if TeamCity knows.
        estimate: Option<Duration>,
    },
}

/// The time until a build in this phase is looked at again.
///
/// A running build: 3 s for its first two minutes and within 5 % of the estimate, else 20 s (60 s if its log `tells` of
/// the end), cut short where the window around the estimate begins. A queued one: 3 s for two minutes and around its
/// estimated start, else 10 s or 20 s.
#[must_use]
pub fn interval(phase: Phase, tells: bool) -> Duration {
    let middle = if tells { WITH_LOG } else { LONG };
    match phase {
        Phase::Queued { waiting, .. } if waiting < YOUNG => SHORT,
        Phase::Queued {
            starts_in: Some(starts_in),
            ..
        } if starts_in > YOUNG => LONG.min(starts_in - YOUNG).max(SHORT),
        Phase::Queued {
            starts_in: Some(starts_in),
            ..
        } if !starts_in.is_zero() => SHORT,
        Phase::Queued { .. } => QUEUE,
        Phase::Running { running, .. } if running < YOUNG => SHORT,
        Phase::Running { estimate: None, .. } => middle,
        Phase::Running {
            running,
            estimate: Some(estimate),
        } => {
            let margin = estimate / 20;
            let (from, to) = (estimate.saturating_sub(margin), estimate + margin);
            if running < from {
                // What ends just within the margin is noticed in time by a look a little later. The server says whole seconds;
                // an odd time keeps no beat.
                middle.min((from + SHORT - Duration::from_millis(1100) - running).max(SHORT))
            } else if running <= to {
                SHORT
            } else {
                middle
            }
        }
    }
}

/// A server's number of seconds; one that no build lasts would overflow sums.
pub fn sensible(seconds: u64) -> Duration {
    const YEARS: u64 = 10 * 365 * 24 * 3600;
    Duration::from_secs(seconds.min(YEARS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How often a build of this length is looked at while it runs, and how late its end is seen.
    fn follow(length: Duration, estimate: Option<Duration>) -> (u32, Duration) {
        let mut now = Duration::ZERO;
        let mut polls = 0;
        while now < length {
            now += interval(
                Phase::Running {
                    running: now,
                    estimate,
                },
                false,
            );
            polls += 1;
        }
        (polls, now - length)
    }

    #[test]
    fn half_an_hour_as_estimated_costs_at_most_150_polls() {
        let length = Duration::from_secs(30 * 60);
        assert!(follow(length, Some(length)).0 <= 150);
        assert!(follow(length, None).0 <= 150);
    }

    #[test]
    fn pipes_that_begin_together_spread_over_every_interval() {
        let start = Instant::now();
        for interval in BEATS {
            let mut seconds = vec![0; interval.as_secs() as usize];
            for pipe in 0..1000 {
                let beat = Beat::new(start, f64::from(pipe) / 1000.0);
                let mut now = start + Duration::from_secs(100);
                for _ in 0..3 {
                    let next = beat.next(now, interval);
                    assert!(next > now && next <= now + interval);
                    now = next;
                }
                let at = now - start;
                let length = seconds.len();
                seconds[at.as_secs() as usize % length] += 1;
                assert_eq!(beat.next(now, interval), now + interval);
            }
            let fair = 1000 / seconds.len();
            assert!(
                seconds.iter().all(|pipes| *pipes <= fair + 2),
                "{interval:?}: {seconds:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_end_is_noticed_in_time(length in 1u64..20_000, estimate in proptest::option::of(1u64..20_000)) {
            let (_, late) = follow(Duration::from_secs(length), estimate.map(Duration::from_secs));
            prop_assert!(late <= LONG);
            let close = estimate.is_some_and(|estimate| length.abs_diff(estimate) * 20 <= estimate);
            if length < 120 || close {
                prop_assert!(late <= SHORT, "{late:?}");
            }
        }
    }
}
