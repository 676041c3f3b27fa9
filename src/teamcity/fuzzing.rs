//! Ways in for the fuzz targets in `fuzz/`: each takes what a server might send, and checks what must always hold.

#![allow(missing_docs, clippy::missing_panics_doc)]

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::answer::{is_page, of_answer};
use super::{Locator, date, log, model};
use crate::http::{BoxFuture, Chunks, Response, TransportError};
use crate::types::text::{log_line, one_line};

/// An answer: every model reads it, or refuses it.
pub fn answers(bytes: &[u8]) {
    fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) {
        let _ = serde_json::from_slice::<T>(bytes);
    }
    read::<model::Build>(bytes);
    read::<model::Builds>(bytes);
    read::<model::BuildType>(bytes);
    read::<model::Permissions>(bytes);
    read::<model::TestOccurrence>(bytes);
    read::<model::ProblemOccurrences>(bytes);
    read::<model::Server>(bytes);
    read::<model::User>(bytes);
    read::<model::Tokens>(bytes);
    read::<model::Branches>(bytes);
    read::<model::Changes>(bytes);
    read::<model::RootEntries>(bytes);
    read::<model::RootInstances>(bytes);
    read::<model::LogMessages>(bytes);
    read::<model::ArtifactFile>(bytes);
}

/// The body of a refusal: what is said of it to the user is harmless and short.
pub fn error_body(status: u16, bytes: &[u8]) {
    struct Empty;
    impl Chunks for Empty {
        fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
            Box::pin(std::future::ready(Ok(None)))
        }
    }
    let response = Response {
        status,
        headers: HeaderMap::new(),
        body: Box::new(Empty),
    };
    let Ok(base) = "http://localhost/".parse() else {
        return;
    };
    let said = of_answer(&base, &response, bytes).to_string();
    harmless(&said);
    assert!(said.chars().count() < 1000, "{said}");
    is_page(None, &String::from_utf8_lossy(bytes));
}

/// A line of the text log, and what is shown of it.
pub fn line(text: &str) {
    let parsed = log::parse_line(text);
    assert!(parsed.text.len() <= text.len());
    harmless(&one_line(&parsed.text, 200));
    // Colours may stay in a log; what moves the cursor may not.
    assert!(!log_line(&parsed.text).contains(['\r', '\n', '\u{8}', '\u{7}']));
}

/// A value in a locator stays inside its dimension.
pub fn locator(value: &str) {
    let locator = Locator::new().with("name", value).with("count", 1);
    let mut depth = 0_i64;
    let mut dimensions = 0_u32;
    for c in locator.as_str().chars() {
        match c {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => dimensions = dimensions.saturating_add(1),
            _ => {}
        }
        assert!(depth >= 0, "{locator}");
    }
    assert_eq!((depth, dimensions), (0, 2), "{locator}");
}

/// A date: where it can be read, what is read can be written and read again.
pub fn date(text: &str) {
    if let Some(read) = date::parse(text) {
        let written = read.format("%Y%m%dT%H%M%S%.f%z").to_string();
        if let Some(again) = date::parse(&written) {
            assert_eq!(again.timestamp(), read.timestamp(), "{text}");
        }
    }
    let _ = date::lenient(Value::String(text.to_owned()));
}

fn harmless(text: &str) {
    let bad = text.chars().find(|c| c.is_control());
    assert_eq!(bad, None, "{text:?}");
}
