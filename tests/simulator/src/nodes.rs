//! A second node of the server, to which a balancer sends some of the requests.

use std::time::Duration;

/// What the second node is like. It sees and does the same as the first unless told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecondNode {
    lags: Duration,
    read_only: bool,
}

impl SecondNode {
    /// A node.
    pub fn new() -> Self {
        Self::default()
    }
    /// What it reads is so old: a build that was just queued is not there, one that just ended still runs.
    pub fn lags(mut self, time: Duration) -> Self {
        self.lags = time;
        self
    }
    /// It has not the responsibility to write, and says so with a 400.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// The node that answers a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// Its id, as the header tells it.
    pub(crate) id: &'static str,
    /// How old what it reads is.
    pub(crate) lags: Duration,
    /// Whether it refuses to write.
    pub(crate) read_only: bool,
}

impl Node {
    const FIRST: Self = Self {
        id: "MAIN_SERVER",
        lags: Duration::ZERO,
        read_only: false,
    };

    /// The balancer's choice for a request, by its number: as good as random, and always the same. Writes go to a second node
    /// only if it refuses them: there is one database.
    pub(crate) fn of(second: Option<SecondNode>, number: u64, writes: bool) -> Self {
        let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        match second {
            Some(second) if (mixed >> 60) & 1 == 1 && (!writes || second.read_only) => Self {
                id: "NODE_2",
                lags: if writes { Duration::ZERO } else { second.lags },
                read_only: second.read_only,
            },
            _ => Self::FIRST,
        }
    }
}
