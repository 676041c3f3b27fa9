//! When to ask again: often where the end may come, seldom where it can't.

use std::time::Duration;

use tokio::time::Instant;

use super::stage::Stage;
use crate::types::after;

/// Where a short build's end is expected: nobody asks more often.
const CLOSE: Duration = Duration::from_millis(800);
/// Nor that often where it is not known when to expect it.
pub const LEAST: Duration = Duration::from_secs(1);
/// Where the end of a build that takes minutes may come at any moment. Also how late it is noticed, at most.
pub const SHORT: Duration = Duration::from_secs(3);
/// Where a build is young that is known to take long.
const EARLY: Duration = Duration::from_secs(6);
/// In the middle of a long build.
const LONG: Duration = Duration::from_secs(20);
/// A build of this age is an old one.
const OLD: Duration = Duration::from_secs(300);
/// The same of one that has an estimate: its end is less likely elsewhere.
const OLD_AS_ESTIMATED: Duration = Duration::from_secs(240);
/// How often a log is looked at.
pub const LOG: Duration = Duration::from_secs(10);
/// In the middle of a build whose log is looked at: the log's last line tells of the end.
pub const WITH_LOG: Duration = Duration::from_secs(60);
/// Intervals with a beat. Short ones stay spread as they began, and in the middle of a build whose log is not shown no
/// request is to spare.
const BEATS: [Duration; 3] = [LOG, QUEUE, WITH_LOG];
/// In the queue, once it takes long.
const QUEUE: Duration = Duration::from_secs(10);
/// A wait younger than this is looked at closely.
const YOUNG: Duration = Duration::from_secs(120);
/// Within this the first look at a build comes.
pub const FIRST: Duration = LEAST;
/// Sooner no build starts that was just queued.
pub const JUST_QUEUED: Duration = Duration::from_millis(500);

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
        after(self.start, interval.mul_f64(self.phase))
    }

    /// The next moment after `now`, and no later than after one `interval`.
    #[must_use]
    pub fn next(self, now: Instant, interval: Duration) -> Instant {
        if !BEATS.contains(&interval) {
            return after(now, interval);
        }
        let offset = interval.mul_f64(self.phase);
        let since = now.saturating_duration_since(self.start);
        let since = since.saturating_add(interval).saturating_sub(offset);
        let rest = since
            .as_nanos()
            .checked_rem(interval.as_nanos())
            .unwrap_or(0);
        let rest = Duration::from_nanos(u64::try_from(rest).unwrap_or(0));
        after(now, interval.saturating_sub(rest))
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
        /// How long, in the server's whole seconds.
        running: Duration,
        /// How long in all, if TeamCity knows.
        estimate: Option<Duration>,
        /// What its stage tells of its end.
        stage: Stage,
    },
}

/// The time until a build in this phase is looked at again; `tells`: its log is looked at, and its last line tells of
/// the end.
#[must_use]
pub fn interval(phase: Phase, tells: bool) -> Duration {
    match phase {
        Phase::Queued { waiting, starts_in } => queued(waiting, starts_in),
        Phase::Running {
            running,
            estimate,
            stage,
        } => {
            let (pause, until) = match estimate {
                None => {
                    let least = part(running, 3).clamp(LEAST, SHORT);
                    (vaguely(running, OLD).max(least), None)
                }
                Some(estimate) => guided(running, estimate, stage),
            };
            let pause = match stage {
                // The longer the last stage takes, the longer it may go on.
                Stage::Last(since) => pause.min(part(since, 4).max(SHORT)),
                Stage::Unknown | Stage::Before => pause,
            };
            let pause = if tells && pause > LOG {
                WITH_LOG
            } else {
                pause
            };
            pause.min(until.unwrap_or(pause))
        }
    }
}

/// 1 to 3 s for two minutes and around its estimated start, else 10 s or 20 s.
fn queued(waiting: Duration, starts_in: Option<Duration>) -> Duration {
    match starts_in {
        _ if waiting < YOUNG => part(waiting, 2).clamp(LEAST, SHORT),
        Some(starts_in) if starts_in > YOUNG => {
            LONG.min(starts_in.saturating_sub(YOUNG)).max(SHORT)
        }
        Some(starts_in) if !starts_in.is_zero() => SHORT,
        _ => QUEUE,
    }
}

/// One of so many equal parts.
fn part(time: Duration, parts: u32) -> Duration {
    time.checked_div(parts).unwrap_or(time)
}

/// Of twice the age the end is expected four times as vaguely: up to [`LONG`] at the age `old`.
fn vaguely(running: Duration, old: Duration) -> Duration {
    let share = running.as_secs_f64() / old.as_secs_f64();
    LONG.mul_f64((share * share).min(1.0))
}

/// Of a build whose end is expected within 5 % of the estimate: how long, and how long at most until that begins.
fn guided(running: Duration, estimate: Duration, stage: Stage) -> (Duration, Option<Duration>) {
    let close = part(estimate, 20).clamp(CLOSE, LEAST);
    let near = part(estimate, 40).clamp(close, SHORT);
    let margin = part(estimate, 20).max(near);
    let (from, to) = (
        estimate.saturating_sub(margin),
        estimate.saturating_add(margin),
    );
    if running < from {
        let early = part(estimate, 3).clamp(LEAST, EARLY);
        // What ends just within the margin is noticed in time by a look a little later. The server says whole seconds;
        // an odd time keeps no beat.
        let until = from
            .saturating_add(near)
            .saturating_sub(running.saturating_add(Duration::from_millis(1100)));
        let until = until.max(near);
        let pause = vaguely(running, OLD_AS_ESTIMATED).max(early);
        // A look shortly before would tell nothing.
        let is_shortly_before = until < pause.saturating_add(part(pause, 4));
        let pause = if is_shortly_before { until } else { pause };
        (pause, Some(until))
    } else if running <= to {
        match stage {
            // It is late.
            Stage::Before => (near.saturating_mul(2).min(SHORT), None),
            Stage::Unknown | Stage::Last(_) => (near, None),
        }
    } else {
        // The longer it is over, the less the estimate tells.
        let over = near.saturating_add(part(running.saturating_sub(to), 4));
        let most = vaguely(running, OLD_AS_ESTIMATED).max(SHORT);
        (over.min(most), None)
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

    /// What following a build costs: looks while it runs, how late its end is seen, and the longest it might have been.
    fn follow(length: Duration, estimate: Option<Duration>, phase: Duration) -> (u32, Duration) {
        let mut now = phase;
        let mut polls = 1;
        while now < length {
            now += interval(
                Phase::Running {
                    running: Duration::from_secs(now.as_secs()),
                    estimate,
                    stage: Stage::Unknown,
                },
                false,
            );
            polls += 1;
        }
        (polls, now - length)
    }

    /// Means over builds that differ by less than two seconds, and whose start is met anyhow.
    fn mean(seconds: u64, estimate: Option<u64>) -> (f64, f64) {
        let runs = 40;
        let (mut polls, mut late) = (0, Duration::ZERO);
        for run in 0..runs {
            let length = Duration::from_secs(seconds) + Duration::from_millis(run * 37)
                - Duration::from_millis(700);
            let phase = Duration::from_millis(run * 331 % 1000);
            let cost = follow(length, estimate.map(Duration::from_secs), phase);
            polls += cost.0;
            late += cost.1;
        }
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let runs = runs as f64;
        (f64::from(polls) / runs, late.as_secs_f64() / runs)
    }

    #[test]
    fn what_is_known_costs_few_looks_and_little_time() {
        // Length and estimate in seconds; most looks, and most seconds from the end to the look that sees it.
        let cases = [
            (2, Some(2), 3.2, 0.6),
            (2, None, 3.0, 0.6),
            (20, Some(20), 6.5, 0.6),
            (20, Some(15), 11.5, 1.0),
            (20, None, 12.0, 1.8),
            (120, None, 46.0, 1.8),
            (120, Some(120), 27.0, 1.6),
            (120, Some(100), 30.0, 3.0),
            (600, Some(600), 66.0, 2.4),
            (1800, Some(1800), 143.0, 2.4),
            (1800, Some(1710), 166.0, 2.4),
            (1800, Some(1200), 156.0, 11.0),
            (1800, Some(2400), 117.0, 13.0),
            (1800, None, 144.0, 11.0),
        ];
        for (length, estimate, most_polls, most_late) in cases {
            let (polls, late) = mean(length, estimate);
            assert!(
                polls <= most_polls && late <= most_late,
                "{length} s, {estimate:?}: {polls} looks, {late} s"
            );
        }
    }

    #[test]
    fn a_stage_near_the_end_is_looked_at_more_often_and_one_before_it_more_seldom() {
        let at = |running, estimate: Option<u64>, stage| {
            let running = Duration::from_secs(running);
            let estimate = estimate.map(Duration::from_secs);
            interval(
                Phase::Running {
                    running,
                    estimate,
                    stage,
                },
                false,
            )
        };
        let last = |seconds| Stage::Last(Duration::from_secs(seconds));
        assert_eq!(at(600, None, Stage::Unknown), LONG);
        assert_eq!(at(600, None, last(0)), SHORT);
        assert_eq!(at(640, None, last(40)), Duration::from_secs(10));
        assert_eq!(at(16, Some(16), Stage::Unknown), CLOSE);
        assert_eq!(at(20, Some(20), Stage::Unknown), LEAST);
        assert_eq!(at(20, Some(20), Stage::Before), 2 * LEAST);
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
            let (_, late) = follow(Duration::from_secs(length), estimate.map(Duration::from_secs), Duration::ZERO);
            prop_assert!(late <= LONG);
            let close = estimate.is_some_and(|estimate| length.abs_diff(estimate) * 20 <= estimate);
            if length < 100 || close {
                prop_assert!(late <= if close || estimate.is_none() { SHORT } else { EARLY }, "{late:?}");
            }
        }
    }
}
