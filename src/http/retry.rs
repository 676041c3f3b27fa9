//! When a request is tried again, and for how long.
//!
//! The operation itself says what its failure means ([`Failure`]); this module decides by one table:
//!
//! | trouble | before the server has answered well | after |
//! |---|---|---|
//! | `Outage`, which passes: no answer, 5xx, 408, 425, 429 | tried again for `RETRY_FOR` | the same |
//! | `Lasting`, which does not: an unknown name, TLS, a certificate, a page | tried again for 15 s | tried again for `RETRY_FOR` |
//! | `Refusal`: 400, 403, 404, 409 | asked twice more | asked twice more |
//! | `Unauthorized`: 401 | asked twice more | asked for half a minute: restarts answer so for a moment |
//! | `Final`: a proxy's refusal | never | never |
//!
//! A wrong URL must not cost the user ten minutes, and a proxy's hiccup in the middle must not cost a build: hence
//! the two columns. `RETRY_FOR` is counted from the server's last good answer, whatever is asked meanwhile; once it has
//! passed, all that is still asked is asked once. Nothing is asked again without a pause, since TeamCity locks out
//! callers that hammer it.

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
    /// What does not pass by itself: the server is not found, not trusted, or something else answers.
    Lasting,
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
    /// The last good answer; before it, the first request.
    good: Cell<Option<Instant>>,
    /// Nobody has answered for `RETRY_FOR`.
    gave_up: Cell<bool>,
    /// An outage has been told of, and goes on.
    told: Cell<bool>,
}

/// Pauses before a refusal is asked again: one node of several may lag.
pub const CONFIRM_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How long a 401 is doubted once the token has worked.
const DOUBT_UNAUTHORIZED_FOR: Duration = Duration::from_secs(30);
/// How long what does not pass is tried again before the server has answered well.
const DOUBT_LASTING_FOR: Duration = Duration::from_secs(15);
/// Longest `Retry-After` that is obeyed to the letter.
const LONGEST_WISH: Duration = Duration::from_secs(120);
/// An outage shorter than this is nobody's business.
const SAY_AFTER: Duration = Duration::from_secs(5);
/// The pause before the one repetition that is made although `RETRY_FOR` has passed: between two polls, for one hiccup.
const ONCE_MORE: Duration = Duration::from_secs(1);

/// Failures of one operation in a row.
struct Failures<'a> {
    tries: u32,
    first: Instant,
    /// Since when it fails in a way that does not pass.
    lasting: Option<Instant>,
    delays: Delays,
    told: Option<Told<'a>>,
}

/// Whoever told of the outage; the next may once this one is gone.
struct Told<'a>(&'a Cell<bool>);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Retry {
    /// A policy that retries an unreachable server for `retry_for` in all.
    pub fn new(retry_for: Duration) -> Self {
        Self {
            retry_for,
            proven: Cell::new(false),
            good: Cell::new(None),
            gave_up: Cell::new(false),
            told: Cell::new(false),
        }
    }

    /// How long an unreachable server is retried.
    pub fn retry_for(&self) -> Duration {
        self.retry_for
    }

    /// The server has answered an authenticated request well.
    pub fn prove(&self) {
        self.proven.set(true);
        self.alive();
    }

    /// The server has answered sensibly, be it with a refusal.
    fn alive(&self) {
        self.good.set(Some(Instant::now()));
        self.gave_up.set(false);
    }

    /// Whether nobody has answered for `RETRY_FOR`, so that what is asked from now on is asked once.
    pub fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    /// Whether what fails since `first` is to be asked no more: for those who repeat by themselves.
    pub fn is_over(&self, first: Instant) -> bool {
        self.gave_up.get() || self.waited(first) >= self.retry_for
    }

    /// How long the server has been silent, or the operation failing, if others succeed.
    fn waited(&self, first: Instant) -> Duration {
        let silent = self.good.get().filter(|_| !self.has_answered_since(first));
        silent.map_or(first, |good| good.min(first)).elapsed()
    }

    fn has_answered_since(&self, first: Instant) -> bool {
        self.proven.get() && self.good.get().is_some_and(|good| good > first)
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
        let mut failures: Option<Failures<'_>> = None;
        loop {
            let sent = Instant::now();
            if self.good.get().is_none() {
                self.good.set(Some(sent));
            }
            let tries = failures
                .as_ref()
                .map_or(1, |failures| failures.tries.saturating_add(1));
            let failure = match operation(tries).await {
                Ok(value) => {
                    self.alive();
                    if let Some(failures) = failures.filter(|failures| failures.told.is_some()) {
                        watch.recovered(failures.first.elapsed());
                    }
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            let failures = failures.get_or_insert_with(|| Failures {
                tries: 0,
                first: Instant::now(),
                lasting: None,
                delays: Delays::new(),
                told: None,
            });
            failures.tries = tries;
            match failure.trouble {
                Trouble::Lasting => _ = failures.lasting.get_or_insert_with(Instant::now),
                Trouble::Refusal if self.proven.get() => self.alive(),
                _ => failures.lasting = None,
            }
            let Some(delay) = self.delay(failure.trouble, failures, sent) else {
                return Err(GaveUp {
                    error: failure.error,
                    trouble: failure.trouble,
                    tries,
                    waited: failures.first.elapsed(),
                });
            };
            if !self.told.get() && failures.first.elapsed().saturating_add(delay) >= SAY_AFTER {
                self.told.set(true);
                failures.told = Some(Told(&self.told));
                watch.outage(&failure.error, self.retry_for);
            }
            tokio::time::sleep(delay).await;
        }
    }

    /// The pause before the next try; `None` to give up. `sent` is when the last one began.
    fn delay(
        &self,
        trouble: Trouble,
        failures: &mut Failures<'_>,
        sent: Instant,
    ) -> Option<Duration> {
        let waited = self.waited(failures.first);
        match (trouble, self.proven.get()) {
            (Trouble::Outage(_) | Trouble::Lasting, _) if self.gave_up.get() => None,
            (Trouble::Outage(wish), _) => {
                let wish = wish.unwrap_or_default().min(LONGEST_WISH);
                let delay = failures.delays.next().max(wish);
                self.within(self.retry_for, waited, delay, failures, sent)
            }
            (Trouble::Lasting, true) => {
                let delay = failures.delays.next();
                self.within(self.retry_for, waited, delay, failures, sent)
            }
            (Trouble::Lasting, false) => {
                let limit = DOUBT_LASTING_FOR.min(self.retry_for);
                let waited = failures.lasting.map_or(waited, |since| since.elapsed());
                let delay = failures.delays.next();
                self.within(limit, waited, delay, failures, sent)
            }
            (Trouble::Unauthorized, true) => {
                let left = DOUBT_UNAUTHORIZED_FOR.checked_sub(failures.first.elapsed())?;
                let delay = failures.delays.next().saturating_mul(3);
                (!left.is_zero()).then(|| delay.min(left))
            }
            (Trouble::Unauthorized, false) | (Trouble::Refusal, _) => CONFIRM_AFTER
                .get((failures.tries as usize).saturating_sub(1))
                .copied(),
            (Trouble::Final, _) => None,
        }
    }

    fn within(
        &self,
        limit: Duration,
        waited: Duration,
        delay: Duration,
        failures: &Failures<'_>,
        sent: Instant,
    ) -> Option<Duration> {
        let left = limit.saturating_sub(waited);
        if !left.is_zero() {
            return Some(delay.min(left));
        }
        if failures.tries == 1 && sent.elapsed() < limit {
            return Some(ONCE_MORE.min(limit));
        }
        // What others are told meanwhile is no silence.
        self.gave_up.set(!self.has_answered_since(failures.first));
        None
    }
}

#[cfg(test)]
mod tests;
