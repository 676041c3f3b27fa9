//! Who fetches next: so many at once, and what is wanted most first.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tokio::sync::oneshot;

/// What is fetched, the most wanted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// How it ended: the chain at whose builds a failure began.
    Ending,
    /// Build problems.
    Problems,
    /// Failed tests.
    FailedTests,
    /// Whose the failures are.
    Whose,
    /// The end of the log.
    Log,
    /// All tests, for the Tests tab.
    TestReports,
    /// Which artifacts there are.
    ArtifactLists,
    /// Artifacts of the pattern at this place.
    Artifacts(usize),
    /// All else.
    Rest,
}

type Waiting = BTreeMap<(Rank, u64), oneshot::Sender<()>>;

/// A number of seats.
#[derive(Debug)]
pub struct Seats {
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    turn: u64,
    waiting: Waiting,
}

/// A seat, left when it is dropped.
pub struct Seat<'a>(&'a Seats);

impl Seats {
    /// So many.
    pub fn new(count: usize) -> Self {
        let state = State {
            free: count,
            turn: 0,
            waiting: Waiting::new(),
        };
        Self {
            state: RefCell::new(state),
        }
    }

    /// Waits for a seat.
    pub async fn take(&self, rank: Rank) -> Seat<'_> {
        let mut wish = {
            let mut state = self.state.borrow_mut();
            let (sender, receiver) = oneshot::channel();
            state.turn = state.turn.wrapping_add(1);
            let turn = (rank, state.turn);
            state.waiting.insert(turn, sender);
            Wish(self, Some(turn), receiver)
        };
        // Who asks in the same breath is heard before the first one sits down.
        tokio::task::yield_now().await;
        self.give();
        let _ = (&mut wish.2).await;
        wish.1 = None;
        Seat(self)
    }

    fn give(&self) {
        let mut state = self.state.borrow_mut();
        while state.free > 0 {
            let Some((_, next)) = state.waiting.pop_first() else {
                return;
            };
            if next.send(()).is_ok() {
                state.free = state.free.saturating_sub(1);
            }
        }
    }

    fn leave(&self) {
        let mut state = self.state.borrow_mut();
        state.free = state.free.saturating_add(1);
        drop(state);
        self.give();
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// One that waits. Who goes away before sitting down gives the seat on.
struct Wish<'a>(&'a Seats, Option<(Rank, u64)>, oneshot::Receiver<()>);

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        let Some(turn) = self.1 else { return };
        let waited = self.0.state.borrow_mut().waiting.remove(&turn).is_some();
        self.2.close();
        if !waited && self.2.try_recv().is_ok() {
            self.0.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_most_wanted_sits_down_first_and_never_more_than_there_are_seats() {
        let seats = Seats::new(2);
        let order = RefCell::new(Vec::new());
        let under_way = RefCell::new((0, 0));
        let ranks = [
            Rank::Rest,
            Rank::Artifacts(1),
            Rank::Artifacts(0),
            Rank::Problems,
            Rank::TestReports,
            Rank::Ending,
        ];
        let fetches = ranks.map(|rank| {
            let (seats, order, under_way) = (&seats, &order, &under_way);
            async move {
                let _seat = seats.take(rank).await;
                order.borrow_mut().push(rank);
                under_way.borrow_mut().0 += 1;
                let now = under_way.borrow().0;
                let most = under_way.borrow().1.max(now);
                under_way.borrow_mut().1 = most;
                tokio::time::sleep(Duration::from_secs(1)).await;
                under_way.borrow_mut().0 -= 1;
            }
        });
        futures_util::future::join_all(fetches).await;
        let mut sorted = ranks;
        sorted.sort();
        // Two at a time sit down.
        let mut order = order.take();
        order.chunks_mut(2).for_each(<[Rank]>::sort);
        assert_eq!(order, sorted);
        assert_eq!(under_way.borrow().1, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_takes_no_seat_along() {
        let seats = Seats::new(1);
        for _ in 0..5 {
            let first = seats.take(Rank::Rest).await;
            let second = tokio::time::timeout(Duration::from_secs(1), seats.take(Rank::Rest));
            assert!(second.await.is_err());
            drop(first);
        }
        let mut third = Box::pin(seats.take(Rank::Rest));
        let first = seats.take(Rank::Problems).await;
        let asks = tokio::time::timeout(Duration::ZERO, &mut third).await;
        assert!(asks.is_err());
        drop(first);
        // It was given a seat, and does not take it.
        drop(third);
        seats.take(Rank::Rest).await;
    }
}
