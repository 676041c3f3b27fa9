//! Shows a build's log as it grows: every line once, in order, to the last one.
//!
//! Live from `/app/messages`. No document says how its parameters are meant, and its indices may have gaps, so that an
//! answer is trusted by what is in it: it goes on where we stand if it holds a message that we have seen. A burst that a
//! window from the tail does not hold is caught up with windows from where we stand, or with a longer one from the tail.
//! What can't be had live is taken from the text log at the end, from the line on where the live part stopped.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Context;
use super::event::{Event, LogLevel, Position};
use crate::teamcity::model::{LogMessage, LogMessages};
use crate::teamcity::{Error, ErrorKind, Level, TextLine, Window};
use crate::types::BuildId;

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
const LAST_LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
];
/// How often the text log is read again after its connection broke.
const TEXT_TRIES: u64 = 5;
/// The last line of every log.
const LAST_LINE: &str = "Build finished";
/// The level of a message at the top: level 1 is the block around everything, which is not shown (TeamCity 2026.2).
const TOP: usize = 2;
/// Lines by which the place in the text log is checked.
const MARKS: usize = 3;
/// So much of each, in bytes.
const MARK: usize = 200;
/// What a line costs beside its text: its frame, colours and line feed.
const FRAME: usize = 16;

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
        let bytes = bytes as u64;
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
    /// The indices of the last two messages.
    seen: Option<(i64, i64)>,
    /// Messages shown; verbose ones do not count.
    shown: u64,
    /// Lines shown of the last of them, after its first.
    continued: u64,
    /// How the last ones began.
    marks: VecDeque<String>,
    /// It grows faster than the tail is looked at.
    busy: bool,
    /// Live reading is given up: the rest comes from the text log.
    given_up: bool,
    failures: u32,
    refusals: u32,
    /// By how much windows are smaller than usual.
    divisor: usize,
    /// The log's last line was shown.
    pub ended: bool,
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
            position,
            within,
            seen: None,
            shown: 0,
            continued: 0,
            marks: VecDeque::new(),
            busy: false,
            given_up: false,
            failures: 0,
            refusals: 0,
            divisor: 1,
            ended: false,
        }
    }

    /// Messages shown so far.
    pub fn shown(&self) -> u64 {
        self.shown
    }

    /// Whether it is read as it grows.
    pub fn is_live(&self) -> bool {
        !self.given_up && self.failures == 0
    }

    /// Shows what has come since the last look. A look that fails is made up for by a later one.
    pub async fn look(&mut self, context: &Context<'_>, budget: &mut Budget) -> Look {
        let until = Instant::now() + LOOK;
        let mut way = if self.busy { Way::Forward } else { Way::Tail };
        loop {
            if self.given_up || budget.is_spent() {
                return Look::Failed;
            }
            let (window, asked) = self.window(way);
            let answer = match context.client.log_messages(self.id, window).await {
                Ok(answer) => answer,
                // Fewer, then.
                Err(error) if matches!(error.kind, ErrorKind::TooLarge(_)) && asked > FEWEST => {
                    self.divisor *= 4;
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
            way = match (way, self.take(context, budget, &answer, asked)) {
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
        let size = |usual: usize| (usual / self.divisor).max(FEWEST);
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
        self.failures += 1;
        if kind.is_refusal() {
            self.refusals += 1;
        }
        self.given_up |= self.failures >= MOST_FAILURES
            || self.refusals >= MOST_REFUSALS
            || matches!(kind, ErrorKind::TooLarge(_));
    }

    fn take(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
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
            Some(last) => first.id <= last + 1,
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
            self.show(context, budget, message);
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

    fn show(&mut self, context: &Context<'_>, budget: &mut Budget, message: &LogMessage) {
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
        self.begin(text, depth);
        self.continued = text.trim_end_matches('\n').matches('\n').count() as u64;
        self.say(context, budget, level, depth, text);
    }

    /// Counts a message that is shown now.
    fn begin(&mut self, text: &str, depth: usize) {
        self.shown += 1;
        self.continued = 0;
        self.ended = depth == 0 && text.trim() == LAST_LINE;
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark(text));
    }

    fn say(
        &self,
        context: &Context<'_>,
        budget: &mut Budget,
        level: LogLevel,
        depth: usize,
        text: &str,
    ) {
        let lines = text.matches('\n').count() + 1;
        if !budget.take(text.len() + lines * (FRAME + 2 * depth)) {
            if !std::mem::replace(&mut budget.said, true) {
                let entry = context.ledger.entry(self.position);
                let url = entry.and_then(|entry| entry.outcome.url);
                let place = url.as_deref().unwrap_or("the build's page in TeamCity");
                context.events.event(&Event::Note(format!(
                    "The log is longer than LOG_LIMIT; the rest of it is on {place}"
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

    /// After the build's end: shows what is still missing.
    ///
    /// # Errors
    /// When the server stays away, or refuses.
    pub async fn complete(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let mut whole = false;
        for pause in LAST_LOOKS {
            tokio::time::sleep(pause).await;
            let mut look = Look::Behind;
            while look == Look::Behind {
                look = self.look(context, budget).await;
            }
            whole = look == Look::UpToDate;
            if budget.is_spent() || (whole && self.ended) {
                return Ok(());
            }
            if self.given_up || (!whole && self.failures > 1) {
                break;
            }
        }
        // A log whose last line is another is whole all the same, unless the server has shown nothing of it.
        if whole && self.shown > 0 {
            return Ok(());
        }
        self.rest_from_text(context, budget).await
    }

    /// Reads the text log past what was shown. A connection that breaks is read again from the start, past what was shown
    /// by then.
    async fn rest_from_text(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        // How many messages more the text log has up to where we stand: the two may not count alike.
        let mut ahead = None;
        let mut tries = 0;
        loop {
            let read = match ahead {
                None if self.shown > 0 => self
                    .find_place(context)
                    .await
                    .map(|found| ahead = Some(found)),
                _ => match self.read_text(context, budget, ahead.unwrap_or(0)).await {
                    Ok(()) => return Ok(()),
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = read {
                tries += 1;
                if tries
                    > if error.kind.is_refusal() {
                        1
                    } else {
                        TEXT_TRIES
                    }
                {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_secs(tries)).await;
            }
        }
    }

    /// Finds the messages in the text log that were shown last.
    async fn find_place(&self, context: &Context<'_>) -> Result<i64, Error> {
        let mut log = context.client.text_log(self.id).await?;
        let mut last: VecDeque<String> = VecDeque::new();
        let (mut number, mut nearest) = (0_i64, None::<i64>);
        let shown = i64::try_from(self.shown).unwrap_or(i64::MAX);
        while let Some(line) = log.line().await? {
            if line.level == Level::Verbose || line.continues {
                continue;
            }
            number += 1;
            if last.len() == self.marks.len() {
                last.pop_front();
            }
            last.push_back(line.text);
            // A block's head has got its duration behind it by now.
            let fits = last.len() == self.marks.len()
                && last
                    .iter()
                    .zip(&self.marks)
                    .all(|(text, mark)| text.starts_with(mark.as_str()));
            let ahead = number - shown;
            if fits && nearest.is_none_or(|nearest| ahead.abs() < nearest.abs()) {
                nearest = Some(ahead);
            }
        }
        Ok(nearest.unwrap_or(0))
    }

    /// Shows the text log from where we stand.
    async fn read_text(
        &mut self,
        context: &Context<'_>,
        budget: &mut Budget,
        ahead: i64,
    ) -> Result<(), Error> {
        let mut log = context.client.text_log(self.id).await?;
        let mut messages = 0_u64;
        let mut continued = 0;
        let mut head: Option<TextLine> = None;
        while let Some(line) = log.line().await? {
            let stand = self.shown.saturating_add_signed(ahead);
            if line.level == Level::Verbose {
                head = None;
            } else if !line.continues {
                messages += 1;
                continued = 0;
                if messages > stand {
                    self.begin(&line.text, line.depth);
                    self.say(context, budget, level_of(&line), line.depth, &line.text);
                }
                head = Some(line);
            } else if let Some(head) = &head {
                continued += 1;
                if messages == stand && continued > self.continued {
                    self.continued = continued;
                    self.say(context, budget, level_of(head), head.depth, &line.text);
                }
            }
            if budget.is_spent() {
                break;
            }
        }
        Ok(())
    }
}

/// How a message begins.
fn mark(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.get(..line.floor_char_boundary(MARK))
        .unwrap_or_default()
        .to_owned()
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

/// A text line's level.
pub fn level_of(line: &TextLine) -> LogLevel {
    match line.level {
        Level::Error => LogLevel::Error,
        Level::Warning => LogLevel::Warning,
        Level::Normal | Level::Verbose => LogLevel::Normal,
    }
}
