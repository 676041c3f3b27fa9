//! Whether bytes arrive: then a download may last longer than the budget.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// So many bytes …
const ENOUGH: u64 = 64 * 1024;
/// … must come in such a time.
const WITHIN: Duration = Duration::from_secs(60);

/// What arrives of one download, or of all.
pub(super) struct Flow {
    bytes: Cell<u64>,
    until: Cell<Instant>,
}

impl Flow {
    /// It begins now.
    pub(super) fn new() -> Self {
        Self {
            bytes: Cell::new(0),
            until: Cell::new(next()),
        }
    }

    /// Bytes arrived.
    pub(super) fn arrived(&self, bytes: u64) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if self.bytes.get() >= ENOUGH {
            self.bytes.set(0);
            self.until.set(next());
        }
    }

    /// When it no longer flows, unless more arrives.
    pub(super) fn until(&self) -> Instant {
        self.until.get()
    }
}

fn next() -> Instant {
    let now = Instant::now();
    now.checked_add(WITHIN).unwrap_or(now)
}
