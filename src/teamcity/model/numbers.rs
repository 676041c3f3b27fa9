//! Numbers of a server that are added up: none is so large that a sum could overflow.

use serde::{Deserialize, Deserializer};

/// More than there is of anything, and small enough for sums of thousands.
const MOST: u64 = 1 << 50;

/// Reads a number of things.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    u64::deserialize(from).map(|number| number.min(MOST))
}

/// Reads an amount that may be missing.
pub(super) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let amount = Option::<u64>::deserialize(from)?;
    Ok(amount.map(|number| number.min(MOST)))
}
