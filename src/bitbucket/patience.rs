//! How long one waits for a Bitbucket that is away: silent, refusing connections, answering 429 or 5xx.
//!
//! For a step it is one time for all that is asked, so that a result of TeamCity's never waits long for Bitbucket, and a part of it is
//! kept for the requests that close what was opened.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// The whole time that a Bitbucket which is away may cost a step.
const STEP: Duration = Duration::from_secs(6);
/// The part of it that is kept for closing.
const KEPT: Duration = Duration::from_secs(2);
/// Pauses between tries of a step.
const STEP_PAUSES: &[Duration] = &[
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// The time for one request of a person's, with its repetitions.
const PERSON: Duration = Duration::from_secs(30);
/// Pauses between tries for a person.
const PERSON_PAUSES: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];

/// How long one waits for a Bitbucket that is away. Clients that share it, share the time.
#[derive(Debug)]
pub struct Patience {
    whole: Duration,
    kept: Duration,
    /// Whether each request has the whole of it.
    each: bool,
    pub(super) pauses: &'static [Duration],
    spent: Cell<Duration>,
    /// What was before is counted already.
    counted_to: Cell<Option<Instant>>,
}

impl Patience {
    /// Of a step: 6 seconds in all, 2 of them for closing.
    pub fn of_a_step() -> Self {
        Self::new(STEP, KEPT, false, STEP_PAUSES)
    }

    /// Of a person who waits: half a minute for each request.
    pub fn of_a_person() -> Self {
        Self::new(PERSON, Duration::ZERO, true, PERSON_PAUSES)
    }

    fn new(whole: Duration, kept: Duration, each: bool, pauses: &'static [Duration]) -> Self {
        Self {
            whole,
            kept,
            each,
            pauses,
            spent: Cell::default(),
            counted_to: Cell::default(),
        }
    }

    /// How long a request may be in trouble from now on.
    pub(super) fn left(&self, closing: bool) -> Duration {
        let kept = if closing { Duration::ZERO } else { self.kept };
        self.whole
            .saturating_sub(kept)
            .saturating_sub(self.spent.get())
    }

    /// The time since `from` was for nothing. What requests waste side by side counts once.
    pub(super) fn wasted(&self, from: Instant) {
        if self.each {
            return;
        }
        let now = Instant::now();
        let from = self.counted_to.get().map_or(from, |to| to.max(from));
        self.spent.set(
            self.spent
                .get()
                .saturating_add(now.saturating_duration_since(from)),
        );
        self.counted_to.set(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waste(patience: &Patience, seconds: u64) {
        let from = Instant::now();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        patience.wasted(from);
    }

    #[tokio::test(start_paused = true)]
    async fn side_by_side_counts_once_and_a_part_is_kept_for_closing() {
        let patience = Patience::of_a_step();
        tokio::join!(waste(&patience, 3), waste(&patience, 3));
        assert_eq!(patience.left(false), Duration::from_secs(1));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        waste(&patience, 1).await;
        assert_eq!(patience.left(false), Duration::ZERO);
        assert_eq!(patience.left(true), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_waits_for_each() {
        let patience = Patience::of_a_person();
        waste(&patience, 30).await;
        assert_eq!(patience.left(false), PERSON);
    }
}
