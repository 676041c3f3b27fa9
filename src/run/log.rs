//! Shows a build's log as it grows: every line once, in order, to the last one.
//!
//! Live from `/app/messages`, whose indices grow by one, so that a gap shows itself. A burst that a window does not hold
//! is caught up with windows from where we stand. What can't be had live is taken from the text log at the end, from the
//! line on where the live part stopped.

use super::Context;
use super::event::{Event, LogLevel, Position};
use crate::teamcity::model::{LogMessage, LogMessages};
use crate::teamcity::{Error, ErrorKind, Level, Need, TextLine, Window};
use crate::types::BuildId;

/// Messages of an ordinary look.
const WINDOW: usize = 500;
/// How many times that is read by a look that catches up.
const GROWN: usize = 8;
/// Looks that may fail one after the other before live reading is given up.
const MOST_FAILURES: u32 = 12;
/// Messages below which a window is not halved any more.
const SMALL: usize = 30;
/// Windows read in one go, so that a flood does not keep us from looking at the build.
const MOST_WINDOWS: usize = 25;
/// The last line of every log.
const LAST_LINE: &str = "Build finished";

/// How much of the logs may still be shown, for all builds of the step together.
#[derive(Debug)]
pub struct Budget {
    left: u64,
    /// It has been said that there is no more.
    said: bool,
}

impl Budget {
    /// For so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self {
            left: bytes,
            said: false,
        }
    }

    fn take(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64 + 1;
        let fits = bytes <= self.left;
        self.left = if fits { self.left - bytes } else { 0 };
        fits
    }

    /// Whether nothing more is shown.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }
}

/// The log of one build.
#[derive(Debug)]
pub struct LogStream {
    id: BuildId,
    position: Position,
    within: Option<String>,
    /// The index of the next message.
    next: i64,
    /// Messages shown; verbose ones do not count.
    shown: u64,
    /// Live reading is given up: the rest comes from the text log.
    given_up: bool,
    failures: u32,
    window: usize,
    /// The log's last line was shown.
    pub ended: bool,
}

impl LogStream {
    /// The log of a build; `within` names it where it is not the one that the step waits for.
    pub fn new(id: BuildId, position: Position, within: Option<String>) -> Self {
        Self {
            id,
            position,
            within,
            next: 0,
            shown: 0,
            given_up: false,
            failures: 0,
            window: WINDOW,
            ended: false,
        }
    }

    /// Shows what has come since the last look; whether there was anything. A look that fails is made up for by a later one.
    pub async fn look(&mut self, context: &Context<'_>, budget: &mut Budget) -> bool {
        let before = self.shown;
        self.catch_up(context, budget, Need::Now).await;
        self.shown > before
    }

    /// Whether it is read as it grows.
    pub fn is_live(&self) -> bool {
        !self.given_up && self.failures == 0
    }

    /// Reads windows until there is nothing new. Whether that point was reached.
    async fn catch_up(&mut self, context: &Context<'_>, budget: &mut Budget, need: Need) -> bool {
        let mut way = Way::Tail;
        for _ in 0..MOST_WINDOWS {
            if self.given_up || budget.is_spent() {
                return false;
            }
            let window = match way {
                Way::Tail => Window::Tail(self.window),
                Way::Forward => Window::From(self.next, self.window * GROWN),
                Way::LongTail => Window::Tail(self.window * GROWN),
            };
            let before = self.next;
            let answer = match context.client.log_messages(self.id, window, need).await {
                Ok(answer) => answer,
                // Too large an answer: fewer lines, next time.
                Err(Error {
                    kind: ErrorKind::TooLarge(_),
                    ..
                }) if self.window > SMALL => {
                    self.window /= 4;
                    continue;
                }
                Err(error) => {
                    self.failed(&error);
                    return false;
                }
            };
            self.failures = 0;
            if self.take(context, budget, &answer) == Progress::UpToDate {
                return true;
            }
            way = match way {
                Way::Tail => Way::Forward,
                _ if self.next > before => Way::Forward,
                Way::Forward => Way::LongTail,
                Way::LongTail => {
                    self.given_up = true;
                    return false;
                }
            };
        }
        false
    }

    fn failed(&mut self, error: &Error) {
        self.failures += 1;
        let has_none = matches!(
            error.kind,
            ErrorKind::NotFound(_) | ErrorKind::Rejected { .. } | ErrorKind::Forbidden(_)
        );
        if (has_none && self.failures >= 2) || self.failures >= MOST_FAILURES {
            self.given_up = true;
        }
    }

    fn take(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
        answer: &LogMessages,
    ) -> Progress {
        let last = answer
            .messages
            .iter()
            .map(|message| message.id)
            .max()
            .unwrap_or(self.next - 1)
            .max(answer.last_message_index.unwrap_or(-1));
        let mut new: Vec<&LogMessage> = answer
            .messages
            .iter()
            .filter(|message| message.id >= self.next)
            .collect();
        new.sort_by_key(|message| message.id);
        new.dedup_by_key(|message| message.id);
        match new.first() {
            None if last >= self.next => return Progress::Behind,
            None => return Progress::UpToDate,
            // The window begins after what we have not seen: it has to be asked for from there.
            Some(first) if first.id > self.next => return Progress::Behind,
            Some(_) => {}
        }
        for message in new {
            if message.id > self.next {
                return Progress::Behind;
            }
            self.next = message.id + 1;
            self.show(context, budget, message);
        }
        if last >= self.next {
            Progress::Behind
        } else {
            Progress::UpToDate
        }
    }

    fn show(&mut self, context: &Context<'_>, budget: &mut Budget, message: &LogMessage) {
        if message.verbose {
            return;
        }
        self.shown += 1;
        let text = message.text.as_deref().unwrap_or_default();
        let depth = message.level.unwrap_or(0) as usize;
        if depth <= 1 && text.trim() == LAST_LINE {
            self.ended = true;
        }
        let level = match message.status {
            Some(2) => LogLevel::Warning,
            Some(3 | 4) => LogLevel::Error,
            _ if message.contains_messages || message.block_type.is_some() => LogLevel::Block,
            _ => LogLevel::Normal,
        };
        self.say(context, budget, level, depth, text);
    }

    fn say(
        &self,
        context: &Context<'_>,
        budget: &mut Budget,
        level: LogLevel,
        depth: usize,
        text: &str,
    ) {
        if !budget.take(text.len()) {
            if !std::mem::replace(&mut budget.said, true) {
                context.events.event(&Event::Note(
                    "The log is longer than LOG_LIMIT: the rest is not shown here, but on the build's page in TeamCity.".to_owned(),
                ));
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

    /// After the build's end: shows what is still missing.
    ///
    /// # Errors
    /// When the server stays away.
    pub async fn complete(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let before = self.next;
        while !self.catch_up(context, budget, Need::Parts).await
            && self.next > before
            && !self.given_up
            && !budget.is_spent()
        {}
        if !self.ended && !budget.is_spent() {
            self.rest_from_text(context, budget).await?;
        }
        Ok(())
    }

    /// Reads the text log past what was shown. A connection that breaks is read again from the start, past what was shown
    /// by then.
    async fn rest_from_text(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            match self.read_text(context, budget).await {
                Ok(()) => return Ok(()),
                Err(error)
                    if error.kind.is_refusal() || matches!(error.kind, ErrorKind::WebPage(_)) =>
                {
                    return Ok(());
                }
                Err(error) if tries >= 5 => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    async fn read_text(&mut self, context: &Context<'_>, budget: &mut Budget) -> Result<(), Error> {
        let mut log = context.client.text_log(self.id).await?;
        let mut messages = 0;
        let mut skipping = true;
        while let Some(line) = log.line().await? {
            if line.level == Level::Verbose {
                skipping = true;
                continue;
            }
            if !line.continues {
                messages += 1;
                skipping = messages <= self.shown;
            }
            if skipping {
                continue;
            }
            self.shown = messages;
            self.say(context, budget, level_of(&line), line.depth, &line.text);
            if budget.is_spent() {
                break;
            }
        }
        Ok(())
    }
}

/// How to ask for what is not there yet.
#[derive(Debug, Clone, Copy)]
enum Way {
    Tail,
    Forward,
    LongTail,
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    UpToDate,
    Behind,
}

/// A text line's level.
pub fn level_of(line: &TextLine) -> LogLevel {
    match line.level {
        Level::Error => LogLevel::Error,
        Level::Warning => LogLevel::Warning,
        Level::Normal | Level::Verbose => LogLevel::Normal,
    }
}
