//! What went wrong with a request to Bitbucket. Its services have error bodies of three shapes.

use serde_json::Value;

use crate::http::{ProxyFault, TransportError, TransportErrorKind};
use crate::types::text::one_line;

/// Longest text of the server's that is repeated to the user, in characters.
const LONGEST_MESSAGE: usize = 300;

/// A request that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// No connection, or it broke, or nothing came in time.
    #[error("Bitbucket can't be reached: {0}")]
    Unreachable(String),
    /// 429 or 5xx.
    #[error("Bitbucket is not available at the moment ({0})")]
    Unavailable(String),
    /// 401.
    #[error("Bitbucket does not accept the credential: it has expired, was revoked, or is wrong")]
    Unauthorized,
    /// 403.
    #[error("the Bitbucket credential lacks a scope: {0}")]
    Forbidden(String),
    /// 404, which also stands for a lacking permission.
    #[error("Bitbucket cannot find it, or the credential may not view it: {0}")]
    NotFound(String),
    /// 409.
    #[error("it already exists: {0}")]
    Conflict(String),
    /// Any other refusal.
    #[error("Bitbucket refuses the request ({status}): {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The answer can't be read.
    #[error("Bitbucket's answer can't be understood: {0}")]
    Unreadable(String),
}

impl ErrorKind {
    /// Whether Bitbucket is away, so that asking again may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unavailable(_))
    }
}

impl From<TransportError> for ErrorKind {
    fn from(error: TransportError) -> Self {
        match error.kind {
            TransportErrorKind::Certificate(_)
            | TransportErrorKind::Protocol(_)
            | TransportErrorKind::Proxy(ProxyFault::Password | ProxyFault::Refused) => {
                Self::Rejected {
                    status: 0,
                    message: error.detail,
                }
            }
            TransportErrorKind::Connect
            | TransportErrorKind::Name
            | TransportErrorKind::Proxy(_)
            | TransportErrorKind::Interrupted => Self::Unreachable(error.detail),
        }
    }
}

/// What an answer with this status and body is, if it is not a success.
pub(super) fn of_answer(status: u16, body: &[u8]) -> ErrorKind {
    let message = message(body);
    match status {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden(message),
        404 => ErrorKind::NotFound(message),
        409 => ErrorKind::Conflict(message),
        429 => ErrorKind::Unavailable("it asks for fewer requests (HTTP 429)".to_owned()),
        500..=599 => ErrorKind::Unavailable(format!("HTTP {status}: {message}")),
        _ => ErrorKind::Rejected { status, message },
    }
}

/// `{"error":{"message","detail","fields"}}`, `{"key","message","arguments"}`, or a word from a proxy.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let said = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|json| of_json(&json))
        .or_else(|| (!text.trim_start().starts_with(['<', '{'])).then(|| text.into_owned()));
    let line = one_line(&said.unwrap_or_default(), LONGEST_MESSAGE);
    if line.is_empty() {
        "no reason given".to_owned()
    } else {
        line
    }
}

fn of_json(json: &Value) -> Option<String> {
    let error = json.get("error").unwrap_or(json);
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let mut text = error.get("message")?.as_str()?.to_owned();
    match error.get("detail") {
        Some(Value::String(detail)) => text = format!("{text}: {detail}"),
        Some(detail) => {
            if let Some(scopes) = scopes(detail) {
                text = format!("{}: {scopes}", text.trim_end_matches('.'));
            }
        }
        None => {}
    }
    Some(text)
}

/// The scopes that a call takes and those that the credential has, as a refusal lists them.
fn scopes(detail: &Value) -> Option<String> {
    let list = |name: &str| -> Option<String> {
        let names: Vec<&str> = detail
            .get(name)?
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        Some(if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        })
    };
    let required = list("required")?;
    Some(match list("granted") {
        Some(granted) => format!("required: {required}; granted: {granted}"),
        None => format!("required: {required}"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_words_in_each_shape() {
        let api = br#"{"type":"error","error":{"message":"key: too long","fields":{"key":["x"]}}}"#;
        let pipelines = br#"{"error":{"message":"Conflict","detail":"There is a variable T","data":{"key":"k","arguments":{}}}}"#;
        let reports = br#"{"key":"report-service.general.bad-request","message":"The summary is empty.","arguments":{}}"#;
        let said = [
            api.as_slice(),
            pipelines,
            reports,
            br#"{"error":{"message":"It lacks scopes.","detail":{"required":["repository"],"granted":["pipeline","account"]}}}"#,
            br#"{"error":{"message":"It lacks scopes.","detail":{"required":["repository"],"granted":[]}}}"#,
            b"not allowed\r\n",
            b"<html>nginx",
        ]
        .map(message);
        assert_eq!(
            said,
            [
                "key: too long",
                "Conflict: There is a variable T",
                "The summary is empty.",
                "It lacks scopes: required: repository; granted: pipeline, account",
                "It lacks scopes: required: repository; granted: none",
                "not allowed",
                "no reason given"
            ]
        );
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        let again: Vec<_> = (400..600)
            .filter(|status| of_answer(*status, b"").may_pass())
            .collect();
        assert!(again.contains(&429) && again.contains(&503));
        assert_eq!(again.len(), 101);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic_or_print_controls(body in "(?s).{0,200}") {
            prop_assert!(!message(body.as_bytes()).chars().any(char::is_control));
        }
    }
}
