//! Moments, which have an end.

use std::time::Duration;

use tokio::time::Instant;

/// Further than any run goes.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The moment that comes so long after another; of what no clock holds, one that never comes.
#[must_use]
pub fn after(moment: Instant, time: Duration) -> Instant {
    let far = || moment.checked_add(FAR);
    moment.checked_add(time).or_else(far).unwrap_or(moment)
}
