//! Build logs: lines with times, and generated lines that are stored nowhere.

use std::time::Duration;

/// How important a line is; the numbers are those of `/app/messages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A normal line.
    Normal,
    /// A warning.
    Warning,
    /// A failure.
    Failure,
    /// An error.
    Error,
}

impl Level {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Normal => 1,
            Self::Warning => 2,
            Self::Failure => 3,
            Self::Error => 4,
        }
    }
}

/// What an entry of a log is. Only [`Entry::Message`]s are among the messages; all have an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A line, or the beginning of a block.
    Message,
    /// The block around everything, named by the configuration's internal id: the text log alone shows it.
    Root,
    /// The end of a block: it takes an index, and is shown nowhere.
    End,
}

/// One line, or the beginning of a block.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is.
    pub entry: Entry,
    /// Whether the server says it, rather than the agent.
    pub server: bool,
    /// When it appears, measured from the build's start.
    pub at: Duration,
    /// What it says.
    pub text: String,
    /// How important it is.
    pub level: Level,
    /// Whether it is for the curious only.
    pub verbose: bool,
    /// How many blocks enclose it, beside the one around everything.
    pub depth: usize,
    /// Index of the line that opens the innermost enclosing block.
    pub parent: Option<u64>,
    /// Names of the enclosing blocks' innermost.
    pub block: Option<String>,
    /// Whether it opens a block, and when that is closed.
    pub opens: Option<Option<Duration>>,
    /// What kind of block it opens, as TeamCity names it.
    pub block_type: Option<&'static str>,
}

impl Line {
    /// A line at the top.
    pub(crate) fn plain(at: Duration, text: impl Into<String>, level: Level) -> Self {
        Self {
            entry: Entry::Message,
            server: false,
            at,
            text: text.into(),
            level,
            verbose: false,
            depth: 0,
            parent: None,
            block: None,
            opens: None,
            block_type: None,
        }
    }

    /// The same, said by the server.
    pub(crate) fn of_server(mut self) -> Self {
        self.server = true;
        self
    }
}

#[derive(Debug, Clone)]
enum Segment {
    Lines(Vec<Line>),
    Generated {
        count: u64,
        from: Duration,
        until: Duration,
        prefix: String,
        open: Option<(usize, u64, String)>,
    },
}

/// A log's script. Add lines in the order of their times.
#[derive(Debug, Clone, Default)]
pub struct LogScript {
    segments: Vec<Segment>,
    blocks: Vec<(u64, String)>,
    len: u64,
}

impl LogScript {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    fn push(self, at: Duration, text: String, level: Level, verbose: bool, opens: bool) -> Self {
        let line = Line {
            verbose,
            depth: self.blocks.len(),
            parent: self.blocks.last().map(|(index, _)| *index),
            block: self.blocks.last().map(|(_, name)| name.clone()),
            opens: opens.then_some(None),
            block_type: opens.then_some(block_type(&text)),
            ..Line::plain(at, text, level)
        };
        self.push_line(line)
    }

    fn push_line(mut self, line: Line) -> Self {
        match self.segments.last_mut() {
            Some(Segment::Lines(lines)) => lines.push(line),
            _ => self.segments.push(Segment::Lines(vec![line])),
        }
        self.len += 1;
        self
    }

    /// A normal line.
    pub fn line(self, at: Duration, text: impl Into<String>) -> Self {
        self.push(at, text.into(), Level::Normal, false, false)
    }
    /// A warning.
    pub fn warning(self, at: Duration, text: impl Into<String>) -> Self {
        self.push(at, text.into(), Level::Warning, false, false)
    }
    /// A failure.
    pub fn failure(self, at: Duration, text: impl Into<String>) -> Self {
        self.push(at, text.into(), Level::Failure, false, false)
    }
    /// An error.
    pub fn error(self, at: Duration, text: impl Into<String>) -> Self {
        self.push(at, text.into(), Level::Error, false, false)
    }
    /// A verbose line.
    pub fn verbose(self, at: Duration, text: impl Into<String>) -> Self {
        self.push(at, text.into(), Level::Normal, true, false)
    }
    /// Many normal lines at the same moment.
    pub fn lines<S: Into<String>>(
        mut self,
        at: Duration,
        texts: impl IntoIterator<Item = S>,
    ) -> Self {
        for text in texts {
            self = self.line(at, text);
        }
        self
    }
    /// Opens a block; lines go into it until it is closed.
    pub fn open(mut self, at: Duration, name: impl Into<String>) -> Self {
        let name = name.into();
        let index = self.len;
        self = self.push(at, name.clone(), Level::Normal, false, true);
        self.blocks.push((index, name));
        self
    }
    /// Closes the innermost block. That takes an index too.
    pub fn close(mut self, at: Duration) -> Self {
        if let Some((index, _)) = self.blocks.pop() {
            self.edit(index, |line| line.opens = Some(Some(at)));
            self = self.push_line(Line {
                entry: Entry::End,
                ..Line::plain(at, "", Level::Normal)
            });
        }
        self
    }
    /// What a log begins with before the first step: changes are collected, the build leaves the queue, sources are updated
    /// (logs of 8.1.4 to 2023.05.4).
    pub fn prepared(self, at: Duration) -> Self {
        self.open(at, "Collecting changes in 1 VCS root")
            .line(at, "VCS Root details")
            .close(at)
            .line(
                at,
                "The build is removed from the queue to be prepared for the start",
            )
            .open(at, "Updating sources: auto checkout (on agent)")
            .verbose(at, "remote: Counting objects: 100% (12/12)")
            .close(at)
    }
    /// Many lines `{prefix} 1`, `{prefix} 2`… that appear evenly over a time. They are not stored.
    pub fn generated(
        mut self,
        count: u64,
        from: Duration,
        until: Duration,
        prefix: impl Into<String>,
    ) -> Self {
        let depth = self.blocks.len();
        let open = self
            .blocks
            .last()
            .map(|(index, name)| (depth, *index, name.clone()));
        self.segments.push(Segment::Generated {
            count,
            from,
            until,
            prefix: prefix.into(),
            open,
        });
        self.len += count;
        self
    }
    /// A burst: many lines at one moment.
    pub fn burst(self, at: Duration, count: u64, prefix: impl Into<String>) -> Self {
        self.generated(count, at, at, prefix)
    }

    fn edit(&mut self, index: u64, change: impl FnOnce(&mut Line)) {
        let mut before = 0;
        for segment in &mut self.segments {
            let len = segment.len();
            if index < before + len {
                if let Segment::Lines(lines) = segment
                    && let Some(line) = lines.get_mut((index - before) as usize)
                {
                    change(line);
                }
                return;
            }
            before += len;
        }
    }

    /// How many entries there are in all: lines, and ends of blocks.
    pub fn len(&self) -> u64 {
        self.len
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many entries are there `elapsed` after the build's start.
    pub fn visible(&self, elapsed: Duration) -> u64 {
        let mut visible = 0;
        for segment in &self.segments {
            let here = segment.visible(elapsed);
            visible += here;
            if here < segment.len() {
                break;
            }
        }
        visible
    }

    /// The entry of an index.
    pub fn get(&self, index: u64) -> Option<Line> {
        let mut before = 0;
        for segment in &self.segments {
            if index < before + segment.len() {
                return segment.get(index - before);
            }
            before += segment.len();
        }
        None
    }
}

/// The kind of block that a heading opens: publishing is the agent's, suites and tests have their own, a step is a target.
fn block_type(heading: &str) -> &'static str {
    match heading.split([' ', ':']).next() {
        Some("Publishing") => "agent",
        Some("Suite") => "$TEST_SUITE$",
        Some("Test") => "$TEST_BLOCK$",
        _ => "$TARGET_BLOCK$",
    }
}

impl Segment {
    fn len(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.len() as u64,
            Self::Generated { count, .. } => *count,
        }
    }

    fn visible(&self, elapsed: Duration) -> u64 {
        match self {
            Self::Lines(lines) => lines.partition_point(|line| line.at <= elapsed) as u64,
            Self::Generated {
                count, from, until, ..
            } => {
                if elapsed < *from {
                    0
                } else if elapsed >= *until {
                    *count
                } else {
                    let part = (elapsed - *from).as_nanos() * u128::from(*count)
                        / (*until - *from).as_nanos();
                    u64::try_from(part).unwrap_or(*count).min(*count)
                }
            }
        }
    }

    fn get(&self, index: u64) -> Option<Line> {
        match self {
            Self::Lines(lines) => lines.get(usize::try_from(index).ok()?).cloned(),
            Self::Generated {
                count,
                from,
                until,
                prefix,
                open,
            } => {
                let share =
                    u128::from(index) * (*until - *from).as_nanos() / u128::from((*count).max(1));
                let at = *from + Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX));
                Some(Line {
                    depth: open.as_ref().map_or(0, |(depth, _, _)| *depth),
                    parent: open.as_ref().map(|(_, parent, _)| *parent),
                    block: open.as_ref().map(|(_, _, name)| name.clone()),
                    ..Line::plain(at, format!("{prefix} {}", index + 1), Level::Normal)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_appear_at_their_time() {
        let s = Duration::from_secs;
        let log = LogScript::new()
            .open(s(0), "Step 1")
            .line(s(1), "a")
            .close(s(2))
            .generated(100, s(2), s(12), "n")
            .burst(s(20), 5, "b");
        assert_eq!(log.visible(s(0)), 1);
        assert_eq!(log.visible(s(1)), 2);
        assert_eq!(log.visible(s(7)), 53);
        assert_eq!(log.visible(s(19)), 103);
        assert_eq!(log.visible(s(20)), 108);
        assert_eq!(log.get(1).unwrap().block.as_deref(), Some("Step 1"));
        assert_eq!(log.get(0).unwrap().opens, Some(Some(s(2))));
        assert_eq!(log.get(2).unwrap().entry, Entry::End);
        assert_eq!(log.get(3).unwrap().text, "n 1");
        assert_eq!(log.get(107).unwrap().text, "b 5");
        assert!(log.get(108).is_none());
    }
}
