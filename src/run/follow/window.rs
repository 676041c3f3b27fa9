//! How long TeamCity may still put another build in the place of one that was broken off.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use tokio::time::Instant;

use crate::teamcity::model::Build;
use crate::types::after;

/// How long after its end a build's successor is looked for. Seen: it is queued in the same second.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// From a build's end on.
#[derive(Debug)]
pub struct Window {
    /// It was seen before its end, or was queued by this run.
    lived: bool,
    /// The server's clock at a moment of ours.
    clock: Option<(Instant, DateTime<FixedOffset>)>,
    until: Option<Instant>,
}

impl Window {
    /// Of a build that `lived` when it was first heard of.
    #[must_use]
    pub fn new(lived: bool) -> Self {
        Self {
            lived,
            clock: None,
            until: None,
        }
    }

    /// An answer came.
    pub fn observe(&mut self, now: Instant, build: &Build) {
        self.lived |= !build.is_finished();
        let elapsed = build.running_info.as_ref();
        let elapsed = elapsed.and_then(|info| info.elapsed_seconds);
        if let Some((start, elapsed)) = build.start_date.zip(elapsed) {
            let date = i64::try_from(elapsed)
                .ok()
                .and_then(TimeDelta::try_seconds)
                .and_then(|elapsed| start.checked_add_signed(elapsed));
            self.clock = date.map(|date| (now, date)).or(self.clock);
        }
    }

    /// Whether the successor of this ended build would be there by now. It is if the build had ended before we came.
    pub fn is_over(&mut self, now: Instant, build: &Build) -> bool {
        let ago = self.ago(now, build).unwrap_or_default();
        let until = *self
            .until
            .get_or_insert_with(|| after(now, OPEN_FOR.saturating_sub(ago)));
        !self.lived || now >= until
    }

    /// How long ago a build ended, by the server's clock.
    fn ago(&self, now: Instant, build: &Build) -> Option<Duration> {
        let (then, date) = self.clock?;
        let since = TimeDelta::from_std(now.duration_since(then)).ok()?;
        let server = date.checked_add_signed(since)?;
        server
            .signed_duration_since(build.finish_date?)
            .to_std()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn build(json: serde_json::Value) -> Build {
        serde_json::from_value(json).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_open_for_five_seconds_after_the_end() {
        let running = build(
            json!({ "state": "running", "startDate": "20260115T100000+0000",
            "running-info": { "elapsedSeconds": 60 } }),
        );
        // The end is seen 12 seconds after the last look; it was 2, or 9, seconds ago.
        for (end, left) in [("20260115T100110+0000", 3), ("20260115T100103+0000", 0)] {
            let ended = build(json!({ "state": "finished", "finishDate": end }));
            let mut window = Window::new(false);
            window.observe(Instant::now(), &running);
            tokio::time::advance(Duration::from_secs(12)).await;
            window.observe(Instant::now(), &ended);
            for _ in 0..left {
                assert!(!window.is_over(Instant::now(), &ended));
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            assert!(window.is_over(Instant::now(), &ended));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_ended_before_we_came_nothing_is_awaited() {
        let ended = build(json!({ "state": "finished" }));
        let mut window = Window::new(false);
        window.observe(Instant::now(), &ended);
        assert!(window.is_over(Instant::now(), &ended));
        assert!(!Window::new(true).is_over(Instant::now(), &ended));
    }
}
