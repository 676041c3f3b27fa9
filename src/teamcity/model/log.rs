//! The build log's messages.

use super::lenient;
use serde::{Deserialize, Deserializer};

/// Longest line that is kept, in bytes; the rest of it is dropped.
pub const LONGEST_LINE: usize = 16 * 1024;
/// Stands for what was dropped.
const DROPPED: &str = "…";

/// A window of the build log (`/app/messages`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogMessages {
    /// The messages, oldest first; the member is missing when there are none.
    #[serde(deserialize_with = "lenient::list")]
    pub messages: Vec<LogMessage>,
    /// The index of the last message that there is.
    #[serde(deserialize_with = "lenient::number")]
    pub last_message_index: Option<i64>,
    /// Whether the window reaches it.
    #[serde(deserialize_with = "lenient::maybe")]
    pub last_message_included: Option<bool>,
}

/// A message of the build log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogMessage {
    /// Its index, growing by one; a filter skips some.
    #[serde(deserialize_with = "lenient::index")]
    pub id: i64,
    /// Its text, of one or more lines.
    #[serde(deserialize_with = "message_text")]
    pub text: Option<String>,
    /// How deep in blocks.
    #[serde(deserialize_with = "lenient::number")]
    pub level: Option<u32>,
    /// 0 unknown, 1 normal, 2 warning, 3 failure, 4 error.
    #[serde(deserialize_with = "lenient::number")]
    pub status: Option<u8>,
    /// Set for the head of a block.
    #[serde(deserialize_with = "lenient::text")]
    pub block_type: Option<String>,
    /// Whether it is a block with messages in it.
    #[serde(deserialize_with = "lenient::flag")]
    pub contains_messages: bool,
    /// Shown only on request.
    #[serde(deserialize_with = "lenient::flag")]
    pub verbose: bool,
}

/// Reads a message's text, of which only the beginning of long lines is kept.
fn message_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = lenient::text(from)?;
    Ok(text.map(|text| {
        if text.len() <= LONGEST_LINE {
            return text;
        }
        let lines: Vec<String> = text.split('\n').map(cut).collect();
        lines.join("\n")
    }))
}

/// A line, or the beginning of one that is too long.
pub fn cut(line: &str) -> String {
    match line.get(..line.floor_char_boundary(LONGEST_LINE)) {
        Some(begin) if begin.len() < line.len() => format!("{begin}{DROPPED}"),
        _ => line.to_owned(),
    }
}
