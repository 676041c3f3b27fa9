//! Shows a build's log as it grows: every line once, in order, to the last one.
//!
//! Live from `/app/messages`. No document says how its parameters are meant, and its indices may have gaps, so that an
//! answer is trusted by what is in it: it goes on where we stand if it holds a message that we have seen. A burst that a
//! window from the tail does not hold is caught up with windows from where we stand, or with a longer one from the tail.
//! What can't be had live is taken from the text log at the end, from the line on where the live part stopped.

use std::time::Duration;

use tokio::time::Instant;

use super::shown::{LogLimit, Shown};
use super::text;
use crate::outcome::{LogLevel, Position};
use crate::run::context::Context;
use crate::teamcity::model::{LogMessage, LogMessages};
use crate::teamcity::{Error, ErrorKind, Window};
use crate::types::{BuildId, after};

/// Messages of an ordinary look.
const TAIL: usize = 100;
/// Messages of a look that catches up.
const FORWARD: usize = 2000;
/// Messages of a look that catches up where the server knows no other way.
const LONG_TAIL: usize = 5000;
/// Fewer messages are not asked for: two that were seen, and one that was not.
const FEWEST: usize = 3;
/// A log whose first window holds fewer is there from its beginning.
const SURELY_WHOLE: usize = 100;
/// Looks that may fail one after the other before live reading is given up.
const MOST_FAILURES: u32 = 12;
/// The same for answers that say that there is no such thing.
const MOST_REFUSALS: u32 = 3;
/// Longest time of one look, so that a flood does not keep us from looking at the build.
const LOOK: Duration = Duration::from_secs(5);
/// Pauses between looks after the end: the server may write the last lines late.
const LAST_LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_millis(1000),
    Duration::from_millis(1500),
    Duration::from_millis(3000),
];
/// Looks after which a log that does not grow any more is whole, whatever its last line is.
const ENOUGH_LOOKS: usize = 3;

/// The level of a message at the top: level 1 is the block around everything, which is not shown (TeamCity 2026.2).
const TOP: usize = 2;

/// The log of one build.
#[derive(Debug)]
pub struct LogStream {
    id: BuildId,
    shown: Shown,
    /// The indices of the last two messages.
    seen: Option<(i64, i64)>,
    /// It grows faster than the tail is looked at.
    busy: bool,
    /// Live reading is given up: the rest comes from the text log.
    given_up: bool,
    failures: u32,
    refusals: u32,
    /// By how much windows are smaller than usual.
    divisor: usize,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// All there is was shown.
    UpToDate,
    /// There is more.
    Behind,
    /// It can't be had now.
    Failed,
}

impl LogStream {
    /// The log of a build; `within` names it where it is not the one that the step waits for.
    pub fn new(id: BuildId, position: Position, within: Option<String>) -> Self {
        Self {
            id,
            shown: Shown::new(position, within),
            seen: None,
            busy: false,
            given_up: false,
            failures: 0,
            refusals: 0,
            divisor: 1,
        }
    }

    /// Messages shown so far.
    pub fn shown(&self) -> u64 {
        self.shown.messages
    }

    /// Whether the log's last line was shown.
    pub fn has_ended(&self) -> bool {
        self.shown.ended
    }

    /// The build lives: what looked like the log's last line was none.
    pub fn goes_on(&mut self) {
        self.shown.ended = false;
    }

    /// Whether it is read as it grows.
    pub fn is_live(&self) -> bool {
        !self.given_up && self.failures == 0
    }

    /// Shows what has come since the last look. A look that fails is made up for by a later one.
    pub async fn look(&mut self, context: &Context<'_>, limit: &LogLimit) -> Look {
        let until = after(Instant::now(), LOOK);
        let mut way = if self.busy { Way::Forward } else { Way::Tail };
        loop {
            if self.given_up || limit.is_spent() {
                return Look::Failed;
            }
            let (window, asked) = self.window(way);
            let answer = match context.client.log_messages(self.id, window).await {
                Ok(answer) => answer,
                // Fewer, then.
                Err(error) if matches!(error.kind, ErrorKind::TooLarge(_)) && asked > FEWEST => {
                    self.divisor = self.divisor.saturating_mul(4);
                    continue;
                }
                Err(error) => {
                    self.failed(&error.kind);
                    return Look::Failed;
                }
            };
            self.failures = 0;
            self.refusals = 0;
            if asked > FEWEST {
                self.divisor = (self.divisor / 2).max(1);
            }
            way = match (way, self.take(context, limit, &answer, asked)) {
                (Way::Forward, Taken::News { end: false }) => Way::Forward,
                (Way::Forward, Taken::Nothing) => {
                    self.busy = false;
                    Way::Tail
                }
                (_, Taken::News { .. } | Taken::Nothing) => return Look::UpToDate,
                (Way::Tail, Taken::Gap) => {
                    self.busy = true;
                    Way::Forward
                }
                (Way::Forward, Taken::Gap) => {
                    self.busy = false;
                    Way::LongTail
                }
                (Way::LongTail, Taken::Gap) => {
                    self.given_up = true;
                    return Look::Failed;
                }
            };
            if Instant::now() >= until {
                return Look::Behind;
            }
        }
    }

    fn window(&self, way: Way) -> (Window, usize) {
        let size = |usual: usize| usual.checked_div(self.divisor).unwrap_or(usual).max(FEWEST);
        match way {
            Way::Tail => (Window::Tail(size(TAIL)), size(TAIL)),
            // From a message before the last one, so that it is there whether or not the server counts it in.
            Way::Forward => {
                let from = self.seen.map_or(0, |(before, _)| before);
                (Window::From(from, size(FORWARD)), size(FORWARD))
            }
            Way::LongTail => (Window::Tail(size(LONG_TAIL)), size(LONG_TAIL)),
        }
    }

    fn failed(&mut self, kind: &ErrorKind) {
        self.failures = self.failures.saturating_add(1);
        if kind.is_refusal() {
            self.refusals = self.refusals.saturating_add(1);
        }
        self.given_up |= self.failures >= MOST_FAILURES
            || self.refusals >= MOST_REFUSALS
            || matches!(kind, ErrorKind::TooLarge(_));
    }

    fn take(
        &mut self,
        context: &Context<'_>,
        limit: &LogLimit,
        answer: &LogMessages,
        asked: usize,
    ) -> Taken {
        let mut messages: Vec<&LogMessage> = answer.messages.iter().collect();
        messages.sort_by_key(|message| message.id);
        messages.dedup_by_key(|message| message.id);
        let last = self.seen.map(|(_, last)| last);
        let Some(first) = messages.first() else {
            // A log without lines has index 0, which belongs to the block around everything.
            let more = answer.last_message_index.unwrap_or(0) > last.unwrap_or(0);
            return if more || last.is_some() {
                Taken::Gap
            } else {
                Taken::Nothing
            };
        };
        let goes_on = match last {
            Some(last) => first.id <= last.saturating_add(1),
            None => first.id <= 1 || messages.len() < asked.min(SURELY_WHOLE),
        };
        if !goes_on {
            return Taken::Gap;
        }
        let mut news = false;
        for message in messages {
            if self.seen.is_some_and(|(_, last)| message.id <= last) {
                continue;
            }
            news = true;
            self.seen = Some((self.seen.map_or(message.id, |(_, last)| last), message.id));
            self.show(context, limit, message);
        }
        let last = self.seen.map_or(-1, |(_, last)| last);
        let end = match answer.last_message_index {
            Some(index) => last >= index,
            None => answer.last_message_included == Some(true),
        };
        if news {
            Taken::News { end }
        } else {
            Taken::Nothing
        }
    }

    fn show(&mut self, context: &Context<'_>, limit: &LogLimit, message: &LogMessage) {
        if message.verbose {
            return;
        }
        let text = message.text.as_deref().unwrap_or_default();
        let depth = (message.level.unwrap_or(0) as usize).saturating_sub(TOP);
        let level = match message.status {
            Some(2) => LogLevel::Warning,
            Some(3 | 4) => LogLevel::Error,
            _ if message.contains_messages || message.block_type.is_some() => LogLevel::Block,
            _ => LogLevel::Normal,
        };
        self.shown.begin(text, depth);
        self.shown.continued = text.trim_end_matches('\n').matches('\n').count() as u64;
        self.shown.say(context, limit, level, depth, text);
    }

    /// After the build's end: shows what is still missing.
    ///
    /// # Errors
    /// When the server stays away, or refuses.
    pub async fn complete(&mut self, context: &Context<'_>, limit: &LogLimit) -> Result<(), Error> {
        // Nothing comes after its last line.
        if self.shown.ended && self.is_live() {
            return Ok(());
        }
        let mut whole = false;
        for (number, pause) in (1..).zip(LAST_LOOKS) {
            tokio::time::sleep(pause).await;
            let before = self.shown.messages;
            let mut look = Look::Behind;
            while look == Look::Behind {
                look = self.look(context, limit).await;
            }
            whole = look == Look::UpToDate;
            if limit.is_spent() || (whole && self.shown.ended) {
                return Ok(());
            }
            let grows = self.shown.messages > before;
            if whole && number >= ENOUGH_LOOKS && before > 0 && !grows {
                break;
            }
            if self.given_up || (!whole && self.failures > 1) {
                break;
            }
        }
        // A log whose last line is another is whole all the same, unless the server has shown nothing of it.
        if whole && self.shown.messages > 0 {
            return Ok(());
        }
        text::rest(self.id, &mut self.shown, context, limit).await
    }
}

/// How to ask for what is not there yet.
#[derive(Debug, Clone, Copy)]
enum Way {
    Tail,
    Forward,
    LongTail,
}

/// What was in an answer.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// Messages that were not shown yet; whether the last of all is among them.
    News { end: bool },
    /// None.
    Nothing,
    /// None that follow upon what was shown.
    Gap,
}
