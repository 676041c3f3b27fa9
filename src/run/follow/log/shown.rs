//! What of a log is on the screen: how much, how far, and where it stopped.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::outcome::{Event, LogLevel, Position};
use crate::run::context::Context;

/// The last line of every log.
const LAST_LINE: &str = "Build finished";
/// Lines by which the place in the text log is checked.
const MARKS: usize = 3;
/// So much of each, in bytes.
const MARK: usize = 200;
/// What a line costs beside its text: its frame, colours and line feed.
const FRAME: usize = 16;

/// How much of the logs may still be shown, for all builds of the step together.
#[derive(Debug)]
pub struct LogLimit {
    left: Cell<u64>,
    /// It has been said that there is no more.
    said: Cell<bool>,
}

impl LogLimit {
    /// For so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self {
            left: Cell::new(bytes),
            said: Cell::new(false),
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes as u64);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether nothing more is shown.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

/// What was shown of the log of one build.
#[derive(Debug)]
pub struct Shown {
    position: Position,
    within: Option<String>,
    /// Messages shown; verbose ones do not count.
    pub messages: u64,
    /// Lines shown of the last of them, after its first.
    pub continued: u64,
    /// How the last ones began.
    marks: VecDeque<String>,
    /// The log's last line was shown.
    pub ended: bool,
}

impl Shown {
    /// Nothing yet; `within` names the build where it is not the one that the step waits for.
    pub fn new(position: Position, within: Option<String>) -> Self {
        Self {
            position,
            within,
            messages: 0,
            continued: 0,
            marks: VecDeque::new(),
            ended: false,
        }
    }

    /// How the last messages began.
    pub fn marks(&self) -> &VecDeque<String> {
        &self.marks
    }

    /// Counts a message that is shown now.
    pub fn begin(&mut self, text: &str, depth: usize) {
        self.messages = self.messages.saturating_add(1);
        self.continued = 0;
        self.ended = depth == 0 && text.trim() == LAST_LINE;
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark(text));
    }

    /// Shows lines, as far as the limit goes.
    pub fn say(
        &self,
        context: &Context<'_>,
        limit: &LogLimit,
        level: LogLevel,
        depth: usize,
        text: &str,
    ) {
        let lines = text.matches('\n').count().saturating_add(1);
        let frame = depth.saturating_mul(2).saturating_add(FRAME);
        if !limit.take(text.len().saturating_add(lines.saturating_mul(frame))) {
            if !limit.said.replace(true) {
                let entry = context.ledger.entry(self.position);
                let url = entry.and_then(|entry| entry.outcome.url);
                let place = url.as_deref().unwrap_or("the build's page in TeamCity");
                context.events.event(&Event::Note(format!(
                    "The log is longer than LOG_LIMIT. The rest is on {place}"
                )));
            }
            return;
        }
        context.events.event(&Event::LogLine {
            build: self.position,
            within: self.within.clone(),
            level,
            depth,
            text: text.to_owned(),
        });
    }
}

/// How a message begins.
fn mark(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.get(..line.floor_char_boundary(MARK))
        .unwrap_or_default()
        .to_owned()
}
