//! When a request is tried again, and for how long.
//!
//! The operation itself says what its failure means ([`Failure`]); this module decides by one table:
//!
//! | trouble | before the server has answered well | after |
//! |---|---|---|
//! | `Outage`: no answer, 502, 503, 504, 429, 500 | tried again for `RETRY_FOR` | the same |
//! | `Nonsense`: a login page, a redirect, an unreadable answer | asked twice more | tried again for `RETRY_FOR` |
//! | `Refusal`: 400, 403, 404, 409 | asked twice more | asked twice more |
//! | `Unauthorized`: 401 | asked twice more | asked for half a minute: restarts answer so for a moment |
//! | `Final`: certificate | never | never |
//!
//! A wrong URL must not cost the user ten minutes, and a proxy's hiccup in the middle must not cost a build: hence
//! the two columns. Nothing is asked again without a pause, since TeamCity locks out callers that hammer it.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Delays;

/// What a failed try tells about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The server can't answer at the moment; it may wish for a pause (`Retry-After`).
    Outage(Option<Duration>),
    /// Something answered, but not as the server would.
    Nonsense,
    /// The server understood and said no.
    Refusal,
    /// The credential was not accepted.
    Unauthorized,
    /// Asking again can't help.
    Final,
}

/// A failed try: the error, and what it tells about the server.
#[derive(Debug)]
pub struct Failure<E> {
    /// What the user is told if it stays.
    pub error: E,
    /// What it tells.
    pub trouble: Trouble,
}

impl<E> Failure<E> {
    /// The same, not to be tried again.
    #[must_use]
    pub fn for_good(self) -> Self {
        Self {
            trouble: Trouble::Final,
            ..self
        }
    }
}

/// The last failure, with how long it was tried.
#[derive(Debug)]
pub struct GaveUp<E> {
    /// The last error.
    pub error: E,
    /// What it told about the server.
    pub trouble: Trouble,
    /// How often it was tried.
    pub tries: u32,
    /// How long, from the first failure.
    pub waited: Duration,
}

/// Is told of outages as they come and go.
pub trait Watch {
    /// The server has not answered well since `since`; said once per outage, when it has lasted a while.
    fn outage(&self, why: &dyn fmt::Display, retry_for: Duration);
    /// It answers again, after so long.
    fn recovered(&self, after: Duration);
}

/// The policy, and what is known of the server.
pub struct Retry {
    retry_for: Duration,
    proven: Cell<bool>,
}

/// Pauses before a refusal is asked again: one node of several may lag.
pub const CONFIRM_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How long a 401 is doubted once the token has worked.
const DOUBT_UNAUTHORIZED_FOR: Duration = Duration::from_secs(30);
/// Longest `Retry-After` that is obeyed to the letter.
const LONGEST_WISH: Duration = Duration::from_secs(120);
/// An outage shorter than this is nobody's business.
const SAY_AFTER: Duration = Duration::from_secs(5);

impl Retry {
    /// A policy that retries an unreachable server for `retry_for` in all.
    pub fn new(retry_for: Duration) -> Self {
        Self {
            retry_for,
            proven: Cell::new(false),
        }
    }

    /// How long an unreachable server is retried.
    pub fn retry_for(&self) -> Duration {
        self.retry_for
    }

    /// The server has answered an authenticated request well.
    pub fn prove(&self) {
        self.proven.set(true);
    }

    /// Tries `operation` (which is told the number of the try, from 1) until it succeeds or the policy gives up.
    ///
    /// # Errors
    /// The last failure.
    pub async fn run<T, E, F, Fut>(
        &self,
        watch: &dyn Watch,
        mut operation: F,
    ) -> Result<T, GaveUp<E>>
    where
        E: fmt::Display,
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, Failure<E>>>,
    {
        let mut delays = Delays::new();
        let mut first_failure = None;
        let mut said = false;
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match operation(tries).await {
                Ok(value) => {
                    if let (true, Some(since)) = (said, first_failure) {
                        watch.recovered(Instant::now().duration_since(since));
                    }
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            let since = *first_failure.get_or_insert_with(Instant::now);
            let waited = Instant::now().duration_since(since);
            let Some(delay) = self.delay(failure.trouble, tries, waited, &mut delays) else {
                return Err(GaveUp {
                    error: failure.error,
                    trouble: failure.trouble,
                    tries,
                    waited,
                });
            };
            if !said && waited + delay >= SAY_AFTER {
                said = true;
                watch.outage(&failure.error, self.retry_for);
            }
            tokio::time::sleep(delay).await;
        }
    }

    /// The pause before try `tries + 1`; `None` to give up.
    fn delay(
        &self,
        trouble: Trouble,
        tries: u32,
        waited: Duration,
        delays: &mut Delays,
    ) -> Option<Duration> {
        let within = |limit: Duration, delay: Duration| {
            let left = limit.checked_sub(waited).filter(|left| !left.is_zero())?;
            Some(delay.min(left))
        };
        match (trouble, self.proven.get()) {
            (Trouble::Outage(wish), _) => {
                let delay = delays
                    .next()
                    .max(wish.unwrap_or_default().min(LONGEST_WISH));
                within(self.retry_for, delay)
            }
            (Trouble::Nonsense, true) => within(self.retry_for, delays.next()),
            (Trouble::Nonsense, false) => (tries < 3).then(|| delays.next()),
            (Trouble::Unauthorized, true) => within(DOUBT_UNAUTHORIZED_FOR, delays.next() * 3),
            (Trouble::Unauthorized, false) | (Trouble::Refusal, _) => {
                CONFIRM_AFTER.get(tries as usize - 1).copied()
            }
            (Trouble::Final, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Quiet;
    impl Watch for Quiet {
        fn outage(&self, _: &dyn fmt::Display, _: Duration) {}
        fn recovered(&self, _: Duration) {}
    }

    async fn give_up(retry: &Retry, trouble: Trouble) -> (u32, Duration) {
        let result: Result<(), _> = retry
            .run(&Quiet, |_| async {
                Err(Failure {
                    error: "no",
                    trouble,
                })
            })
            .await;
        let gave_up = result.unwrap_err();
        (gave_up.tries, gave_up.waited)
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_retried_for_as_long_as_asked_and_no_longer() {
        let (tries, waited) =
            give_up(&Retry::new(Duration::from_secs(600)), Trouble::Outage(None)).await;
        assert_eq!(waited, Duration::from_secs(600));
        assert!((30..200).contains(&tries), "{tries}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_asked_twice_more() {
        let retry = Retry::new(Duration::from_secs(600));
        assert_eq!(
            give_up(&retry, Trouble::Refusal).await,
            (3, CONFIRM_AFTER.iter().sum())
        );
        assert_eq!(
            give_up(&retry, Trouble::Unauthorized).await,
            (3, CONFIRM_AFTER.iter().sum())
        );
        assert_eq!(give_up(&retry, Trouble::Final).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nonsense_costs_seconds_before_the_server_is_known_and_is_ridden_out_after() {
        let retry = Retry::new(Duration::from_secs(600));
        assert!(give_up(&retry, Trouble::Nonsense).await.1 < Duration::from_secs(6));
        retry.prove();
        assert_eq!(
            give_up(&retry, Trouble::Nonsense).await.1,
            Duration::from_secs(600)
        );
        assert_eq!(
            give_up(&retry, Trouble::Unauthorized).await.1,
            DOUBT_UNAUTHORIZED_FOR
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_to_wait_is_obeyed() {
        let start = Instant::now();
        let retry = Retry::new(Duration::from_secs(600));
        let result: Result<u32, GaveUp<&str>> = retry
            .run(&Quiet, |attempt| async move {
                if attempt == 1 {
                    Err(Failure {
                        error: "busy",
                        trouble: Trouble::Outage(Some(Duration::from_secs(40))),
                    })
                } else {
                    Ok(attempt)
                }
            })
            .await;
        assert_eq!(result.unwrap(), 2);
        assert!(start.elapsed() >= Duration::from_secs(40));
    }
}
