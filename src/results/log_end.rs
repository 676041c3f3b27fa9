//! The end of a failed build's log, and what surrounds its first error: what one looks for in a log that is too long.

use std::collections::VecDeque;
use std::time::Duration;

use crate::outcome::{Event, Events, LogLevel, Position};
use crate::teamcity::{Client, Error, Level, TextLine};
use crate::types::BuildId;

/// Lines of the end.
const END: usize = 200;
/// Lines before the first error.
const BEFORE: usize = 10;
/// Lines after it.
const AFTER: usize = 20;
/// Longest line that is kept, in bytes: the memory that this takes is bounded.
const LONGEST: usize = 2000;
/// How often it is read again after the connection broke.
const TRIES: u64 = 5;

/// Shows it. The log is read through once, and only these lines of it are kept.
///
/// # Errors
/// When the server refuses, or the log can't be had.
pub async fn show(
    client: &Client,
    events: &dyn Events,
    id: BuildId,
    position: Position,
    within: Option<&str>,
) -> Result<(), Error> {
    let mut tries = 0;
    let parts = loop {
        match read(client, id).await {
            Ok(parts) => break parts,
            Err(error) if tries >= if error.kind.is_refusal() { 1 } else { TRIES } => {
                return Err(error);
            }
            Err(_) => {
                tries = tries.saturating_add(1);
                tokio::time::sleep(Duration::from_secs(tries)).await;
            }
        }
    };
    if !parts.around.is_empty() {
        events.event(&Event::Note("The log around its first error:".to_owned()));
        say(events, position, within, parts.around.iter());
    }
    if !parts.end.is_empty() {
        events.event(&Event::Note(format!(
            "The end of the log ({} of {} lines):",
            parts.end.len(),
            parts.lines
        )));
        say(events, position, within, parts.end.iter());
    }
    Ok(())
}

/// What is kept of a log.
struct Parts {
    around: Vec<(u64, TextLine)>,
    end: VecDeque<(u64, TextLine)>,
    lines: u64,
}

async fn read(client: &Client, id: BuildId) -> Result<Parts, Error> {
    let mut log = client.text_log(id).await?;
    let mut end: VecDeque<(u64, TextLine)> = VecDeque::new();
    let mut around: Vec<(u64, TextLine)> = Vec::new();
    let mut first_error = None;
    let mut number = 0_u64;
    // Of the message whose lines are being read; `None`: it is verbose.
    let mut head = None;
    while let Some(mut line) = log.line().await? {
        if !line.continues {
            head = (line.level != Level::Verbose).then_some((line.level, line.depth));
        }
        let Some(of) = head else { continue };
        (line.level, line.depth) = of;
        number = number.saturating_add(1);
        truncate(&mut line.text);
        if first_error.is_none() && line.level == Level::Error {
            first_error = Some(number);
            around.extend(end.iter().skip(end.len().saturating_sub(BEFORE)).cloned());
        }
        if first_error.is_some_and(|first| number <= first.saturating_add(AFTER as u64)) {
            around.push((number, line.clone()));
        }
        if end.len() == END {
            end.pop_front();
        }
        end.push_back((number, line));
    }
    let end_begins = end.front().map_or(0, |(number, _)| *number);
    around.retain(|(number, _)| *number < end_begins);
    Ok(Parts {
        around,
        end,
        lines: number,
    })
}

fn truncate(text: &mut String) {
    if text.len() > LONGEST {
        let cut = (0..=LONGEST)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
}

fn say<'a>(
    events: &dyn Events,
    position: Position,
    within: Option<&str>,
    lines: impl Iterator<Item = &'a (u64, TextLine)>,
) {
    for (_, line) in lines {
        events.event(&Event::LogLine {
            build: position,
            within: within.map(ToOwned::to_owned),
            level: level_of(line),
            depth: line.depth,
            text: line.text.clone(),
        });
    }
}

/// How much a line of the text log matters.
#[must_use]
pub fn level_of(line: &TextLine) -> LogLevel {
    match line.level {
        Level::Error => LogLevel::Error,
        Level::Warning => LogLevel::Warning,
        Level::Normal | Level::Verbose => LogLevel::Normal,
    }
}
