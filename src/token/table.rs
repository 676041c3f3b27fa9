//! A table of tokens that fits the terminal: cells are shortened as far as they stay of use, then rows become blocks.

use chrono::{DateTime, Utc};

use super::add::WARN_DAYS;
use super::entry::Entry;
use super::info::Expiry;
use crate::types::text::one_line;

/// Column heads.
const HEADS: [&str; 7] = [
    "SERVER",
    "VARIABLE",
    "SCOPE",
    "USER",
    "ADDED",
    "LAST AUTHENTICATED",
    "EXPIRES",
];
/// Narrower than this a text column says nothing; the dates are never shortened.
const LEAST: [usize; 4] = [16, 14, 12, 6];
/// Between columns.
const GAP: &str = "  ";
/// Longest cell that is looked at, in characters.
const LONGEST: usize = 120;

/// Draws it, `width` columns wide at most.
pub fn draw(entries: &[Entry], now: DateTime<Utc>, width: Option<usize>) -> String {
    let rows: Vec<[String; 7]> = entries.iter().map(|entry| cells(entry, now)).collect();
    let mut widths = HEADS.map(len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(len(cell));
        }
    }
    let fits = width.is_none_or(|width| shrink(&mut widths, width));
    let mut lines = Vec::new();
    if fits {
        lines.push(line(&HEADS.map(ToOwned::to_owned), &widths));
    }
    for (entry, row) in entries.iter().zip(&rows) {
        if fits {
            lines.push(line(row, &widths));
        } else {
            lines.extend(block(row));
        }
        if let Some(warning) = &entry.warning {
            lines.push(format!("  ⚠ {}", one_line(warning, 300)));
        }
    }
    lines.push(String::new());
    lines.push("Dates and times are in UTC.".to_owned());
    lines.join("\n")
}

fn cells(entry: &Entry, now: DateTime<Utc>) -> [String; 7] {
    let text = |text: &Option<String>| {
        text.as_deref()
            .map_or_else(|| "unknown".to_owned(), |text| one_line(text, LONGEST))
    };
    let date = |date: &Option<DateTime<Utc>>, none: &str| {
        date.map_or_else(
            || none.to_owned(),
            |date| date.format("%Y-%m-%d %H:%M").to_string(),
        )
    };
    let place = &entry.scope;
    let mut scope = place.workspace.clone();
    if let Some(repository) = &place.repository {
        scope = format!("{scope}/{repository}");
    }
    if let Some(environment) = &place.environment {
        scope = format!("{scope} {environment}");
    }
    [
        text(&entry.server),
        one_line(&entry.variable, LONGEST),
        one_line(&scope, LONGEST),
        text(&entry.user),
        entry.date_added.map_or_else(
            || "unknown".to_owned(),
            |date| date.format("%Y-%m-%d").to_string(),
        ),
        date(&entry.last_authenticated, "unknown"),
        expiry(entry.expires, now),
    ]
}

/// When, and how soon.
fn expiry(expires: Expiry, now: DateTime<Utc>) -> String {
    let Expiry::At(time) = expires else {
        let word = if expires == Expiry::Never {
            "never"
        } else {
            "unknown"
        };
        return word.to_owned();
    };
    let day = time.format("%Y-%m-%d");
    match expires.days(now) {
        Some(days) if days < 0 => format!("⚠ {day}, expired"),
        Some(0) => format!("⚠ {day}, within a day"),
        Some(1) => format!("⚠ {day}, in 1 day"),
        Some(days) if days < WARN_DAYS => format!("⚠ {day}, in {days} days"),
        Some(days) => format!("{day}, in {days} days"),
        None => day.to_string(),
    }
}

/// Takes from the widest text column until all fit. Whether they do.
fn shrink(widths: &mut [usize; 7], width: usize) -> bool {
    let gaps = GAP.len().saturating_mul(HEADS.len().saturating_sub(1));
    loop {
        let total = widths.iter().copied().fold(gaps, usize::saturating_add);
        if total <= width {
            return true;
        }
        let widest = widths
            .iter_mut()
            .zip(LEAST)
            .filter(|(width, least)| **width > *least)
            .max_by_key(|(width, least)| width.saturating_sub(*least));
        let Some((widest, _)) = widest else {
            return false;
        };
        *widest = widest.saturating_sub(1);
    }
}

fn line(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| {
            let cell = one_line(cell, *width);
            format!("{cell}{}", " ".repeat(width.saturating_sub(len(&cell))))
        })
        .collect();
    padded.join(GAP).trim_end().to_owned()
}

fn block(row: &[String; 7]) -> impl Iterator<Item = String> {
    let widest = HEADS.map(len).into_iter().max().unwrap_or_default();
    HEADS
        .into_iter()
        .zip(row)
        .enumerate()
        .map(move |(at, (head, cell))| {
            let mark = if at == 0 { "- " } else { "  " };
            format!("{mark}{head:widest$}  {cell}")
        })
}

fn len(text: impl AsRef<str>) -> usize {
    text.as_ref().chars().count()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::token::entry::Place;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn entry(server: &str, expires: Expiry) -> Entry {
        Entry {
            server: Some(server.to_owned()),
            variable: "TEAMCITY_TOKEN".to_owned(),
            scope: Place {
                workspace: "acme".to_owned(),
                repository: Some("shop".to_owned()),
                environment: Some("production".to_owned()),
            },
            user: Some("ci".to_owned()),
            date_added: Some(now() - TimeDelta::days(80)),
            last_authenticated: Some(now() - TimeDelta::hours(3)),
            expires,
            expires_in_days: expires.days(now()),
            token_name: None,
            warning: None,
        }
    }

    fn samples() -> Vec<Entry> {
        let unknown = Entry {
            server: None,
            user: None,
            date_added: None,
            last_authenticated: None,
            warning: Some("it has no note".to_owned()),
            ..entry("", Expiry::Unknown)
        };
        vec![
            entry("https://teamcity.example.com/", Expiry::Never),
            entry(
                "https://builds.example.org/teamcity/",
                Expiry::At(now() + TimeDelta::days(9)),
            ),
            entry("https://tc/", Expiry::At(now() - TimeDelta::days(9))),
            unknown,
        ]
    }

    #[test]
    fn is_as_wide_as_it_needs_and_narrower_where_it_must() {
        let all: Vec<String> = [None, Some(120), Some(70)]
            .into_iter()
            .map(|width| draw(&samples(), now(), width))
            .collect();
        insta::assert_snapshot!(all.join("\n\n"));
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_terminal(width in 118_usize..200, server in ".{0,150}") {
            let drawn = draw(&[entry(&server, Expiry::Never)], now(), Some(width));
            prop_assert!(drawn.lines().all(|line| len(line) <= width), "{}", drawn);
        }
    }
}
