//! The one budget of what comes after the builds' ends: time, and how much is under way at once.
//!
//! Five minutes from the last build's end, and never past `TIMEOUT`. While a build still runs there is time for what others left.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::seats::{Rank, Seats};

/// How long results are fetched after the last build's end.
const AFTER_THE_END: Duration = Duration::from_secs(300);
/// How long one small fetch may take, so that one which hangs does not keep the others from their turn: minutes cost money.
const ONE_FETCH: Duration = Duration::from_secs(120);
/// Fetches under way at once: a server has other clients.
const AT_ONCE: usize = 6;

/// How long after `TIMEOUT` the last word is said, canceling included.
const LAST_WORDS: Duration = Duration::from_secs(14);

/// What is left.
#[derive(Debug)]
pub struct Budget {
    timeout: Instant,
    ended: Cell<Option<Instant>>,
    changed: Notify,
    seats: Seats,
}

/// It was not fetched in time.
#[derive(Debug, thiserror::Error)]
#[error("TeamCity did not answer in time")]
pub struct Late;

impl Budget {
    /// For a run that may last until `timeout`.
    pub fn new(timeout: Instant) -> Self {
        Self {
            timeout,
            ended: Cell::new(None),
            changed: Notify::new(),
            seats: Seats::new(AT_ONCE),
        }
    }

    /// The last build has ended.
    pub fn begin(&self) {
        self.ended.set(Some(Instant::now()));
        self.changed.notify_waiters();
    }

    /// When `TIMEOUT` passes.
    pub fn timeout(&self) -> Instant {
        self.timeout
    }

    /// When nothing more is told, to whomever.
    pub fn last_words(&self) -> Instant {
        self.timeout.checked_add(LAST_WORDS).unwrap_or(self.timeout)
    }

    /// Whether the five minutes are over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end()
    }

    fn end(&self) -> Instant {
        match self
            .ended
            .get()
            .and_then(|at| at.checked_add(AFTER_THE_END))
        {
            Some(end) => end.min(self.timeout),
            None => self.timeout,
        }
    }

    /// Waits for the end of the budget.
    pub async fn over(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.end()) => if self.is_over() { return },
                () = changed => {}
            }
        }
    }

    /// One fetch, as soon as it is its turn.
    ///
    /// # Errors
    /// When it takes too long, or the budget is over.
    pub async fn fetch<T>(&self, rank: Rank, work: impl Future<Output = T>) -> Result<T, Late> {
        let work = Box::pin(work);
        let within = async { tokio::time::timeout(ONE_FETCH, work).await };
        self.long_fetch(rank, within).await?.map_err(|_| Late)
    }

    /// The same for one that may take all the time that there is.
    ///
    /// # Errors
    /// When the budget is over.
    pub async fn long_fetch<T>(
        &self,
        rank: Rank,
        work: impl Future<Output = T>,
    ) -> Result<T, Late> {
        let work = Box::pin(work);
        tokio::select! {
            biased;
            () = self.over() => Err(Late),
            done = async {
                let _seat = self.seats.take(rank).await;
                work.await
            } => Ok(done),
        }
    }

    /// A fetch that says itself when it is too late, as soon as it is its turn.
    pub async fn own_time<T>(&self, rank: Rank, work: impl Future<Output = T>) -> T {
        let work = Box::pin(work);
        let _seat = self.seats.take(rank).await;
        work.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn five_minutes_from_the_last_end_and_never_past_timeout() {
        for (timeout, end, over) in [(6000, 100, 400), (6000, 5900, 6000), (50, 100, 50)] {
            let start = Instant::now();
            let budget = Budget::new(start + s(timeout));
            let begin = async {
                tokio::time::sleep(s(end)).await;
                budget.begin();
            };
            let wait = async {
                budget.over().await;
                start.elapsed()
            };
            assert_eq!(tokio::join!(begin, wait).1, s(over));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_hangs_leaves_its_seat() {
        let budget = Budget::new(Instant::now() + s(6000));
        let hang = || budget.fetch(Rank::Problems, std::future::pending::<()>());
        let hanging = (0..6).map(|_| hang());
        let good = budget.fetch(Rank::Rest, async { 7 });
        let (hung, good) = tokio::join!(futures_util::future::join_all(hanging), good);
        assert!(hung.iter().all(Result::is_err));
        assert_eq!(good.unwrap(), 7);
    }
}
