//! The timeline of a build and its chain: who waited, who ran, and which builds the end was waiting for.
//!
//! Positions are percentages of the picture's width, so that it fits every screen.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::mood::{Mood, address};
use crate::outcome::{BuildOutcome, ChainBuild, Ending, Moment};
use crate::report::summary::{at_a_word, length};
use crate::types::BuildId;
use crate::types::text::one_line;

/// Most rows: a longer picture is none.
const MOST_ROWS: usize = 300;
/// Steps between marks of the time axis, in seconds.
const STEPS: &[i64] = &[
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    604_800,
];
/// Most marks of the time axis.
const MOST_MARKS: i64 = 6;

/// The picture.
pub(super) struct Timeline {
    /// From the first start to the end.
    pub(super) rows: Vec<Row>,
    /// Marks of the time axis.
    pub(super) marks: Vec<Mark>,
    /// Where the time went, in a sentence.
    pub(super) summary: String,
    /// Rows that are left out.
    pub(super) left_out: usize,
    /// Whether any part has that look, for the legend.
    pub(super) has_blocked: bool,
    /// See `has_blocked`.
    pub(super) has_critical: bool,
}

/// A build.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) number: Option<String>,
    pub(super) url: Option<String>,
    pub(super) mood: Mood,
    pub(super) word: String,
    pub(super) critical: bool,
    pub(super) own: bool,
    pub(super) reused: bool,
    /// It could not start, since builds that it depends on had not ended.
    pub(super) blocked: Option<Span>,
    /// It could start, and waited for an agent.
    pub(super) waiting: Option<Span>,
    pub(super) running: Option<Span>,
    pub(super) waited: String,
    pub(super) ran: String,
}

/// A part of the width.
pub(super) struct Span {
    pub(super) from: String,
    pub(super) width: String,
}

/// A mark of the time axis.
pub(super) struct Mark {
    pub(super) at: String,
    pub(super) label: String,
}

/// A build of either kind.
struct Piece<'a> {
    id: Option<BuildId>,
    name: &'a str,
    number: Option<&'a str>,
    url: Option<&'a str>,
    ending: &'a Ending,
    queued: Option<Moment>,
    started: Option<Moment>,
    finished: Option<Moment>,
    ready: Option<Moment>,
    own: bool,
    reused: bool,
}

/// The timeline; `None` where no build has any time.
pub(super) fn timeline(build: &BuildOutcome) -> Option<Timeline> {
    let finished: HashMap<_, _> = build
        .chain
        .iter()
        .filter_map(|member| Some((member.id, member.finished_at?)))
        .collect();
    let mut pieces: Vec<_> = build
        .chain
        .iter()
        .map(|member| piece(member, &finished))
        .collect();
    let ready = build
        .chain
        .iter()
        .filter_map(|member| member.finished_at)
        .max();
    pieces.push(own(build, ready));
    pieces.sort_by_key(|piece| {
        (
            piece.own,
            piece.started.is_none(),
            piece.started,
            piece.queued,
            piece.id,
        )
    });

    let current: Vec<_> = pieces.iter().filter(|piece| !piece.reused).collect();
    let first = current
        .iter()
        .filter_map(|piece| piece.queued.or(piece.started))
        .min()?;
    let last = current
        .iter()
        .flat_map(|piece| [piece.queued, piece.started, piece.finished])
        .flatten()
        .max()?;
    let all = last.signed_duration_since(first);
    let scale = Scale {
        first,
        length: all.num_milliseconds().max(1),
    };

    let critical = critical_path(build);
    let left_out = pieces.len().saturating_sub(MOST_ROWS);
    let summary = summary(&pieces, &critical, all.to_std().unwrap_or_default());
    let rows: Vec<_> = pieces
        .iter()
        .skip(left_out)
        .map(|piece| scale.row(piece, &critical, last))
        .collect();
    Some(Timeline {
        has_blocked: rows.iter().any(|row| row.blocked.is_some()),
        has_critical: rows.iter().any(|row| row.critical),
        marks: scale.marks(),
        rows,
        summary,
        left_out,
    })
}

fn piece<'a>(member: &'a ChainBuild, finished: &HashMap<BuildId, Moment>) -> Piece<'a> {
    Piece {
        id: Some(member.id),
        name: &member.name,
        number: member.number.as_deref(),
        url: member.url.as_deref(),
        ending: &member.ending,
        queued: member.queued_at,
        started: member.started_at,
        finished: member.finished_at,
        ready: member
            .depends_on
            .iter()
            .filter_map(|id| finished.get(id).copied())
            .max(),
        own: false,
        reused: member.reused,
    }
}

fn own(build: &BuildOutcome, ready: Option<Moment>) -> Piece<'_> {
    Piece {
        id: build.id,
        name: &build.name,
        number: build.number.as_deref(),
        url: build.url.as_deref(),
        ending: &build.ending,
        queued: build.queued_at,
        started: build.started_at,
        finished: build.finished_at,
        ready,
        own: true,
        reused: false,
    }
}

/// From the build's end backwards: at each build, of those it waited for, the one that ended last. Empty where there
/// is no chain.
fn critical_path(build: &BuildOutcome) -> Vec<BuildId> {
    let members: HashMap<_, _> = build
        .chain
        .iter()
        .map(|member| (member.id, member))
        .collect();
    let latest = |ids: &mut dyn Iterator<Item = BuildId>| {
        ids.filter_map(|id| members.get(&id))
            .filter(|member| !member.reused && member.started_at.is_some())
            .max_by_key(|member| (member.finished_at, member.id))
            .copied()
    };
    let mut path: Vec<BuildId> = Vec::new();
    let mut seen = HashSet::new();
    let mut at = latest(&mut members.keys().copied());
    while let Some(member) = at.filter(|member| seen.insert(member.id)) {
        path.push(member.id);
        at = latest(&mut member.depends_on.iter().copied());
    }
    path.reverse();
    if !path.is_empty() {
        path.extend(build.id);
    }
    path
}

fn summary(pieces: &[Piece<'_>], critical: &[BuildId], whole: Duration) -> String {
    let of_path: Vec<_> = critical
        .iter()
        .filter_map(|id| pieces.iter().find(|piece| piece.id == Some(*id)))
        .collect();
    let counted: Vec<&Piece<'_>> = if of_path.is_empty() {
        pieces.iter().filter(|piece| piece.own).collect()
    } else {
        of_path
    };
    let ran: Duration = counted
        .iter()
        .filter_map(|piece| between(piece.started, piece.finished))
        .sum();
    let waited = whole.saturating_sub(ran);
    let mut text = format!(
        "{} from queue to end: {} running, {} waiting",
        length(round(whole)),
        length(round(ran)),
        length(round(waited))
    );
    if critical.len() > 1 {
        let names: Vec<_> = counted
            .iter()
            .map(|piece| at_a_word(piece.name, 40))
            .collect();
        let shown = match names.as_slice() {
            [a, b, c, .., x, y, z] if names.len() > 8 => [a, b, c, "…", x, y, z].join(" → "),
            names => names.join(" → "),
        };
        text.push_str(&format!(". The end waited for {shown}"));
    }
    text.push('.');
    text
}

/// Whole seconds, except below one.
fn round(time: Duration) -> Duration {
    if time.as_secs() == 0 {
        time
    } else {
        Duration::from_secs(time.as_secs())
    }
}

fn between(from: Option<Moment>, to: Option<Moment>) -> Option<Duration> {
    to?.signed_duration_since(from?).to_std().ok()
}

struct Scale {
    first: Moment,
    length: i64,
}

impl Scale {
    /// In hundredths of a percent.
    fn at(&self, moment: Moment) -> i64 {
        let offset = moment.signed_duration_since(self.first).num_milliseconds();
        self.share(offset).clamp(0, 10_000)
    }

    fn share(&self, milliseconds: i64) -> i64 {
        let whole = milliseconds.saturating_mul(10_000);
        whole.checked_div(self.length).unwrap_or(0)
    }

    fn span(&self, from: Moment, to: Moment, least: i64) -> Option<Span> {
        let (from, to) = (self.at(from), self.at(to));
        let width = to.saturating_sub(from).max(least);
        let from = from.min(10_000_i64.saturating_sub(width));
        (width > 0).then(|| Span {
            from: percent(from),
            width: percent(width),
        })
    }

    fn row(&self, piece: &Piece<'_>, critical: &[BuildId], last: Moment) -> Row {
        let mut row = Row {
            name: one_line(piece.name, 120),
            number: piece.number.map(|number| one_line(number, 40)),
            url: piece.url.and_then(address),
            mood: Mood::of(piece.ending),
            word: piece.ending.words().to_owned(),
            critical: piece.id.is_some_and(|id| critical.contains(&id)),
            own: piece.own,
            reused: piece.reused,
            blocked: None,
            waiting: None,
            running: None,
            waited: String::new(),
            ran: between(piece.started, piece.finished)
                .map(length)
                .unwrap_or_default(),
        };
        if piece.reused {
            return row;
        }
        let begun = piece.started.or(piece.finished);
        if let Some(queued) = piece.queued {
            let until = begun.unwrap_or(last);
            let ready = piece
                .ready
                .unwrap_or(queued)
                .clamp(queued, until.max(queued));
            row.blocked = self.span(queued, ready, 0);
            row.waiting = self.span(ready, until, 0);
            row.waited = between(Some(ready), Some(until))
                .map(length)
                .unwrap_or_default();
        }
        if let Some(started) = piece.started {
            row.running = self.span(started, piece.finished.unwrap_or(last), 40);
        }
        row
    }

    fn marks(&self) -> Vec<Mark> {
        let seconds = self.length / 1000;
        let step = STEPS
            .iter()
            .copied()
            .find(|step| step.saturating_mul(MOST_MARKS.saturating_add(1)) > seconds)
            .unwrap_or(seconds.max(1));
        (0..)
            .map(|number: i64| number.saturating_mul(step))
            .take_while(|second| *second <= seconds)
            .map(|second| (second, self.share(second.saturating_mul(1000))))
            // A label at the very end would be cut.
            .filter(|(_, share)| *share < 9_200)
            .map(|(second, share)| Mark {
                at: percent(share),
                label: if second == 0 {
                    "0".to_owned()
                } else {
                    length(Duration::from_secs(u64::try_from(second).unwrap_or(0)))
                },
            })
            .collect()
    }
}

fn percent(hundredths: i64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests;
