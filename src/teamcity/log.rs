//! The build log, in the two forms that servers give it: windows of messages, and the whole as text.

use bytes::BytesMut;

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::model::LogMessages;
use super::model::log::{LONGEST_LINE, cut};
use super::request::{LARGEST_ANSWER, Need};
use crate::http::Body;
use crate::types::BuildId;

/// Largest window of several messages, in bytes: memory stays small in a flood.
const LARGEST_WINDOW: usize = 1536 * 1024;
/// A window of so few may be larger.
const FEW: usize = 3;

/// Which messages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The last so many.
    Tail(usize),
    /// So many from this index on.
    From(i64, usize),
}

/// Lines of a text log's header, at most: real ones have some five.
const LONGEST_HEADER: usize = 100;
/// How much of one line is dropped, in bytes, before the log is given up.
const MOST_DROPPED: usize = 64 << 20;

impl Client {
    /// A window of the log's messages, verbose ones included, so that indices have no gaps.
    ///
    /// `/app/messages` is what TeamCity's own pages and command line use; it is in no document.
    ///
    /// # Errors
    /// Like every request; also when the server has no such endpoint.
    pub async fn log_messages(&self, id: BuildId, window: Window) -> Result<LogMessages, Error> {
        let id = id.to_string();
        let mut query = vec![
            ("buildId", id.as_str()),
            ("expandAll", "true"),
            ("filter", "verbose"),
        ];
        let (count, start);
        let (Window::Tail(size) | Window::From(_, size)) = window;
        match window {
            Window::Tail(size) => {
                count = format!("0,-{size}");
                query.extend([("messagesCount", count.as_str()), ("target", "tail")]);
            }
            Window::From(first, size) => {
                count = size.to_string();
                start = first.to_string();
                query.extend([
                    ("messagesCount", count.as_str()),
                    ("messageId", start.as_str()),
                ]);
            }
        }
        let limit = if size > FEW {
            LARGEST_WINDOW
        } else {
            LARGEST_ANSWER
        };
        let url = self.requests.url(["app", "messages"], &query);
        // A window that comes late is of no use: the next one holds its lines too.
        self.requests.get_limited(url, Need::Now, limit).await
    }

    /// The whole log as text, line by line.
    ///
    /// # Errors
    /// Like every request.
    pub async fn text_log(&self, id: BuildId) -> Result<TextLog, Error> {
        let id = id.to_string();
        let url = self.requests.url(
            ["downloadBuildLog.html"],
            &[("buildId", id.as_str()), ("plain", "true")],
        );
        let response = self
            .requests
            .open(url, &http::HeaderMap::new(), Need::May)
            .await?;
        if super::answer::is_page(response.header("content-type"), "") {
            return Err(ErrorKind::WebPage("instead of a build log".to_owned()).into());
        }
        Ok(TextLog {
            body: response.body,
            buffer: BytesMut::new(),
            dropping: false,
            dropped: 0,
            header: true,
            headers: 0,
            first: true,
            ended: false,
        })
    }
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Shown only on request.
    Verbose,
    /// An ordinary line.
    Normal,
    /// A warning.
    Warning,
    /// An error or failure.
    Error,
}

/// A line of a text log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// How much it matters.
    pub level: Level,
    /// How deep in blocks.
    pub depth: usize,
    /// The text, without time and block.
    pub text: String,
    /// It goes on a message of several lines.
    pub continues: bool,
}

/// A text log that is being read; of it only one line is in memory.
pub struct TextLog {
    body: Body,
    buffer: BytesMut,
    dropping: bool,
    /// How much of the line has been dropped, in bytes.
    dropped: usize,
    header: bool,
    /// Lines of the header so far.
    headers: usize,
    /// The next line is the first after the header.
    first: bool,
    ended: bool,
}

impl TextLog {
    /// The next line after the header; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks. A text log is not read on from the middle, since it may have changed.
    pub async fn line(&mut self) -> Result<Option<TextLine>, Error> {
        loop {
            let Some(line) = self.raw_line().await? else {
                // No log is without its header.
                let whole = (!self.header).then_some(None);
                return whole.ok_or_else(|| {
                    ErrorKind::Unreadable("it is not a build log".to_owned()).into()
                });
            };
            if self.header {
                self.header = !line.trim().is_empty();
                self.headers = self.headers.saturating_add(1);
                if self.headers > LONGEST_HEADER {
                    return Err(ErrorKind::Unreadable("it is not a build log".to_owned()).into());
                }
                continue;
            }
            let mut line = parse_line(&line);
            // The block around everything, which live logs do not show: `W: bt2 (6m:28s)`.
            if std::mem::take(&mut self.first) && line.depth == 0 && is_root(&line.text) {
                line.level = Level::Verbose;
            }
            return Ok(Some(line));
        }
    }

    async fn raw_line(&mut self) -> Result<Option<String>, Error> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end.saturating_add(1));
                self.dropped = 0;
                if std::mem::take(&mut self.dropping) {
                    continue;
                }
                return Ok(Some(text(line.get(..end).unwrap_or_default())));
            }
            if self.buffer.len() > LONGEST_LINE {
                let line = text(&self.buffer);
                self.dropped = self.dropped.saturating_add(self.buffer.len());
                self.buffer.clear();
                if self.dropped > MOST_DROPPED {
                    let why = "a line of the build log has no end".to_owned();
                    return Err(ErrorKind::Unreadable(why).into());
                }
                if !std::mem::replace(&mut self.dropping, true) {
                    return Ok(Some(line));
                }
            }
            if self.ended {
                let line = std::mem::take(&mut self.buffer);
                return Ok((!line.is_empty() && !self.dropping).then(|| text(&line)));
            }
            let chunk = tokio::time::timeout(super::request::TIME_LIMIT, self.body.chunk()).await;
            match chunk {
                Ok(Ok(Some(chunk))) => self.buffer.extend_from_slice(&chunk),
                Ok(Ok(None)) => self.ended = true,
                Ok(Err(error)) => return Err(ErrorKind::from(error).into()),
                Err(_) => {
                    return Err(
                        ErrorKind::Unreachable("the build log ended early".to_owned()).into(),
                    );
                }
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= LONGEST_LINE {
        return String::from_utf8_lossy(line).into_owned();
    }
    cut(&String::from_utf8_lossy(line))
}

/// Whether a first line names the configuration by its internal id, as every log's does (logs of 8.1.4 to 2023.05.4).
fn is_root(text: &str) -> bool {
    let name = text.split(' ').next().unwrap_or_default();
    name.strip_prefix("bt")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// `[08:03:12]E:\t [Step 1/2] Process exited`: time, marker, a tab a level, the block, the text.
pub(super) fn parse_line(line: &str) -> TextLine {
    let continued = || TextLine {
        level: Level::Normal,
        depth: 0,
        text: line.to_owned(),
        continues: true,
    };
    let Some((time, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return continued();
    };
    let is_time = !time.is_empty()
        && time.len() <= 32
        && time
            .chars()
            .all(|c| c.is_ascii_digit() || ":.,- /+T".contains(c));
    let mut characters = rest.chars();
    let marker = characters.next();
    if !is_time || characters.next() != Some(':') {
        return continued();
    }
    let level = match marker {
        Some('i') => Level::Verbose,
        Some('W' | 'w') => Level::Warning,
        Some('E' | 'e' | 'F' | 'f') => Level::Error,
        _ => Level::Normal,
    };
    let rest = characters.as_str();
    let text = rest.trim_start_matches('\t');
    let depth = rest.len().saturating_sub(text.len());
    let text = text.strip_prefix(' ').unwrap_or(text);
    // Below the top level each line repeats its block's name.
    let text = match text
        .strip_prefix('[')
        .and_then(|text| text.split_once("] "))
    {
        Some((_, text)) if depth > 0 => text,
        _ => text,
    };
    TextLine {
        level,
        depth,
        text: text.to_owned(),
        continues: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_time_marker_depth_and_text() {
        let line = parse_line("[08:03:12]E:\t [Step 1/2] Process exited with code 1");
        assert_eq!(
            line,
            TextLine {
                level: Level::Error,
                depth: 1,
                text: "Process exited with code 1".to_owned(),
                continues: false
            }
        );
        assert_eq!(
            parse_line("[08:03:13] : Build finished").text,
            "Build finished"
        );
        assert_eq!(
            parse_line("[08:02:40]i: TeamCity server version is").level,
            Level::Verbose
        );
        assert_eq!(parse_line("[08:02:40]W: bt1 (33s)").level, Level::Warning);
    }

    #[test]
    fn lines_without_a_prefix_go_on_a_message() {
        for line in [
            "    at Foo.bar(Foo.java:1)",
            "[INFO] : not a time",
            "",
            "[",
            "[08:00:00]",
        ] {
            let parsed = parse_line(line);
            assert!(parsed.continues);
            assert_eq!(parsed.text, line);
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\[?[0-9:]{0,8}\\]?.{0,40}") {
            let _ = parse_line(&line);
        }
    }
}
