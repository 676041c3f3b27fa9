//! The build's numbers beside those of the default branch, as a table with bars.

use super::mood::address;
use crate::outcome::BuildOutcome;
use crate::report::comparison::{amount, name};
use crate::types::text::one_line;

/// The table.
pub(super) struct ComparisonView {
    pub(super) with: String,
    pub(super) url: Option<String>,
    pub(super) rows: Vec<RowView>,
}

/// A number of both.
pub(super) struct RowView {
    pub(super) name: &'static str,
    pub(super) here: String,
    pub(super) there: String,
    /// Widths of the bars.
    pub(super) here_width: String,
    pub(super) there_width: String,
}

pub(super) fn comparison(build: &BuildOutcome) -> Option<ComparisonView> {
    let comparison = build.comparison.as_ref()?;
    let row = |row: &crate::outcome::Row| {
        let longest = u128::from(row.here.max(row.there).max(1));
        let width = |number: u64| {
            let share = u128::from(number)
                .saturating_mul(10_000)
                .checked_div(longest)
                .unwrap_or_default();
            format!("{}.{:02}%", share / 100, share % 100)
        };
        RowView {
            name: name(row.of),
            here: amount(row.of, row.here),
            there: amount(row.of, row.there),
            here_width: width(row.here),
            there_width: width(row.there),
        }
    };
    Some(ComparisonView {
        with: one_line(&comparison.with.name, 100),
        url: comparison.with.url.as_deref().and_then(address),
        rows: comparison.rows.iter().map(row).collect(),
    })
}
