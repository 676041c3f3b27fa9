//! Numbers of a build beside those of the default branch, in the words that reports share.

use std::time::Duration;

use super::summary::length;
use crate::outcome::{Comparison, Quantity};
use crate::types::size;
use crate::types::text::one_line;

/// What is compared.
pub(super) fn name(of: Quantity) -> &'static str {
    match of {
        Quantity::Duration => "Duration",
        Quantity::Lines => "Coverage of lines",
        Quantity::Statements => "Coverage of statements",
        Quantity::Blocks => "Coverage of blocks",
        Quantity::Tests => "Tests",
        Quantity::Artifacts => "Artifacts",
    }
}

/// An amount with its unit.
pub(super) fn amount(of: Quantity, number: u64) -> String {
    match of {
        Quantity::Duration => length(Duration::from_millis(number)),
        Quantity::Lines | Quantity::Statements | Quantity::Blocks => {
            format!("{}.{:02}%", number / 100, number % 100)
        }
        Quantity::Tests => number.to_string(),
        Quantity::Artifacts => size(number),
    }
}

/// A name, and `4m 5s (main 3m 50s)`, of each row.
pub(super) fn facts(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let branch = one_line(&comparison.branch, 60);
    let rows = comparison.rows.iter();
    rows.map(|row| {
        let [here, there] = [row.here, row.there].map(|number| amount(row.of, number));
        (name(row.of), format!("{here} ({branch} {there})"))
    })
    .collect()
}
