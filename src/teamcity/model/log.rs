//! The build log's messages.

use serde::Deserialize;

use crate::teamcity::log;

/// A window of the build log (`/app/messages`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogMessages {
    /// The messages, oldest first; the member is missing when there are none.
    pub messages: Vec<LogMessage>,
    /// The index of the last message that there is.
    pub last_message_index: Option<i64>,
    /// Whether the window reaches it.
    pub last_message_included: Option<bool>,
}

/// A message of the build log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogMessage {
    /// Its index, growing by one; a filter skips some.
    pub id: i64,
    /// Its text, of one or more lines.
    #[serde(deserialize_with = "log::message_text")]
    pub text: Option<String>,
    /// How deep in blocks.
    pub level: Option<u32>,
    /// 0 unknown, 1 normal, 2 warning, 3 failure, 4 error.
    pub status: Option<u8>,
    /// Set for the head of a block.
    pub block_type: Option<String>,
    /// Whether it is a block with messages in it.
    pub contains_messages: bool,
    /// Shown only on request.
    pub verbose: bool,
}
