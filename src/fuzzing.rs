//! For the fuzz targets in `fuzz/`: ways to parsers that are nobody else's business. Not part of the interface.

use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;

use crate::http::{BoxFuture, Chunks, Response, TransportError};
use crate::teamcity::{self, TextLine};
use crate::{bitbucket, types};

struct Nothing;

impl Chunks for Nothing {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async { Ok(None) })
    }
}

/// An answer of TeamCity's as one of its models, or what is said of one that can't be read.
///
/// # Errors
/// With the words that a user would see.
pub fn answer<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    teamcity::read_json(body).map_err(|failure| failure.error.to_string())
}

/// What is said of a refusal by TeamCity.
pub fn teamcity_error(status: u16, content_type: Option<&str>, body: &[u8]) -> String {
    let mut headers = HeaderMap::new();
    if let Some(value) = content_type.and_then(|kind| HeaderValue::from_str(kind).ok()) {
        headers.insert(CONTENT_TYPE, value);
    }
    let response = Response {
        status,
        headers,
        body: Box::new(Nothing),
    };
    teamcity::error_of_answer(&response, body).to_string()
}

/// What is said of a refusal by Bitbucket.
pub fn bitbucket_error(status: u16, body: &[u8]) -> String {
    bitbucket::error_of_answer(status, body).to_string()
}

/// A line of a text log, and what is shown of it.
pub fn log_line(line: &str) -> (TextLine, String) {
    let line = teamcity::parse_log_line(line);
    let shown = types::text::log_line(&line.text);
    (line, shown)
}

/// A date of TeamCity's.
pub fn date(text: &str) -> Option<DateTime<FixedOffset>> {
    teamcity::parse_date(text)
}
