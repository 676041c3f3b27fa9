//! Whose failures are, and how a build compares.

use serde::Serialize;

use crate::outcome::whose::Told;
use crate::outcome::{Class, Comparison, Often, Quantity, Row};

/// How often it failed.
#[derive(Serialize)]
pub(super) struct Frequency<'a> {
    failed: usize,
    ran: usize,
    branch: &'a str,
}

/// Whose a failure is, and what is told of that.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Classed<'a> {
    class: Option<&'static str>,
    unknown_why: Option<&'a str>,
    investigator: Option<&'a str>,
    since: Option<Since<'a>>,
}

#[derive(Serialize)]
pub(super) struct Since<'a> {
    name: &'a str,
    url: Option<&'a str>,
}

/// Numbers beside those of the default branch's last finished build.
#[derive(Serialize)]
pub(super) struct Compared<'a> {
    with: Since<'a>,
    rows: Vec<ComparedRow>,
}

/// One number of both.
#[derive(Serialize)]
struct ComparedRow {
    of: &'static str,
    unit: &'static str,
    here: f64,
    there: f64,
}

impl<'a> From<&'a Told> for Since<'a> {
    fn from(build: &'a Told) -> Self {
        Self {
            name: &build.name,
            url: build.url.as_deref(),
        }
    }
}

impl<'a> From<Option<&'a Class>> for Classed<'a> {
    fn from(class: Option<&'a Class>) -> Self {
        let mut classed = Self {
            class: class.map(Class::word),
            unknown_why: None,
            investigator: None,
            since: None,
        };
        match class {
            Some(Class::Unknown { why }) => classed.unknown_why = Some(why),
            Some(Class::Investigated { who }) => classed.investigator = who.as_deref(),
            Some(Class::AlsoOnDefault { since: Some(since) }) => {
                classed.since = Some(Since::from(since));
            }
            _ => {}
        }
        classed
    }
}

impl<'a> From<&'a Often> for Frequency<'a> {
    fn from(often: &'a Often) -> Self {
        Self {
            failed: often.failed,
            ran: often.ran,
            branch: &often.branch,
        }
    }
}

impl<'a> From<&'a Comparison> for Compared<'a> {
    fn from(comparison: &'a Comparison) -> Self {
        Self {
            with: Since::from(&comparison.with),
            rows: comparison.rows.iter().map(ComparedRow::from).collect(),
        }
    }
}

impl From<&Row> for ComparedRow {
    fn from(row: &Row) -> Self {
        let (of, unit, parts) = match row.of {
            Quantity::Duration => ("duration", "seconds", 1_000.0),
            Quantity::Lines => ("coverage-of-lines", "percent", 100.0),
            Quantity::Statements => ("coverage-of-statements", "percent", 100.0),
            Quantity::Blocks => ("coverage-of-blocks", "percent", 100.0),
            Quantity::Tests => ("tests", "tests", 1.0),
            Quantity::Artifacts => ("artifacts", "bytes", 1.0),
        };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let number = |amount: u64| amount as f64 / parts;
        Self {
            of,
            unit,
            here: number(row.here),
            there: number(row.there),
        }
    }
}
