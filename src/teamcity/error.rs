//! What went wrong with a request to TeamCity, and how an answer is understood.

use std::time::Duration;

use crate::http::{GaveUp, Response, TransportError, TransportErrorKind, Trouble};
use crate::types::text::one_line;

/// A request that failed for good.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}{}", self.lasting())]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// How long it was tried.
    pub waited: Duration,
}

/// The same, with what it was sent for: the words before the cause (`reading the branches: …`).
#[derive(Debug, Clone)]
pub struct Failed {
    /// What was being done.
    pub doing: String,
    /// What is wrong.
    pub error: Error,
}

impl Error {
    /// How long it was tried, in words after the cause; empty where that was short.
    pub fn lasting(&self) -> String {
        if self.waited < Duration::from_secs(10) {
            return String::new();
        }
        format!(
            " (tried for {})",
            humantime::format_duration(Duration::from_secs(self.waited.as_secs()))
        )
    }

    /// Says what the request was sent for.
    pub fn while_doing(self, doing: impl Into<String>) -> Failed {
        Failed {
            doing: doing.into(),
            error: self,
        }
    }
}

impl From<GaveUp<ErrorKind>> for Error {
    fn from(gave_up: GaveUp<ErrorKind>) -> Self {
        Self {
            kind: gave_up.error,
            waited: gave_up.waited,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            waited: Duration::ZERO,
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// No connection could be made, so that nothing was sent.
    #[error("TeamCity can't be reached: {0}")]
    NotConnected(String),
    /// The server starts, so that it has not looked at the request.
    #[error("TeamCity is starting ({0})")]
    Starting(String),
    /// The connection broke, or nothing came in time.
    #[error("TeamCity can't be reached: {0}")]
    Unreachable(String),
    /// The certificate is not trusted.
    #[error("TeamCity's certificate is not trusted: {0}")]
    Certificate(String),
    /// It starts, or a proxy before it says so.
    #[error("TeamCity is not available at the moment ({0})")]
    Unavailable(String),
    /// It waits for an administrator.
    #[error("TeamCity is in maintenance and waits for its administrator ({0})")]
    Maintenance(String),
    /// The answer is a redirect.
    #[error("TEAMCITY_URL answers with a redirect to {0}")]
    Redirected(String),
    /// The answer is a page for people.
    #[error("what answers is not TeamCity's REST API but a web page ({0})")]
    WebPage(String),
    /// The answer can't be read.
    #[error("TeamCity's answer can't be understood: {0}")]
    Unreadable(String),
    /// The answer is larger than what is read, in bytes.
    #[error("TeamCity's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// 401.
    #[error("TeamCity does not accept the token")]
    Unauthorized,
    /// 403.
    #[error("TeamCity refuses: {0}")]
    Forbidden(String),
    /// 404.
    #[error("TeamCity does not find it: {0}")]
    NotFound(String),
    /// 400, 409, and other refusals.
    #[error("TeamCity refuses the request ({status}): {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
}

impl ErrorKind {
    /// Whether TeamCity said no, as opposed to saying nothing sensible.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Forbidden(_) | Self::NotFound(_) | Self::Rejected { .. }
        )
    }

    /// Whether the server may have acted on the request all the same.
    pub fn may_have_acted(&self) -> bool {
        !self.is_refusal()
            && !matches!(
                self,
                Self::NotConnected(_)
                    | Self::Starting(_)
                    | Self::Maintenance(_)
                    | Self::Certificate(_)
            )
    }

    /// What it tells about the server.
    pub fn trouble(&self, retry_after: Option<Duration>) -> Trouble {
        match self {
            Self::NotConnected(_)
            | Self::Starting(_)
            | Self::Unreachable(_)
            | Self::Unavailable(_)
            | Self::Maintenance(_) => Trouble::Outage(retry_after),
            Self::Certificate(_) => Trouble::Final,
            Self::Redirected(_) | Self::WebPage(_) | Self::Unreadable(_) | Self::TooLarge(_) => {
                Trouble::Nonsense
            }
            Self::Unauthorized => Trouble::Unauthorized,
            Self::Forbidden(_) | Self::NotFound(_) | Self::Rejected { .. } => Trouble::Refusal,
        }
    }
}

impl From<TransportError> for ErrorKind {
    fn from(error: TransportError) -> Self {
        match error.kind {
            TransportErrorKind::Certificate => Self::Certificate(error.detail),
            TransportErrorKind::Connect => Self::NotConnected(error.detail),
            TransportErrorKind::Interrupted => Self::Unreachable(error.detail),
        }
    }
}

/// Longest text of a server that is repeated to the user, in characters.
const LONGEST_MESSAGE: usize = 500;

/// What an answer with this status and body is, if it is not a success. Bodies differ by generation and by who
/// answers: plain text until 2024.03, an envelope in JSON or XML later, HTML from the core and from proxies.
pub(super) fn of_answer(response: &Response, body: &[u8]) -> ErrorKind {
    let body = String::from_utf8_lossy(body);
    let status = response.status;
    let location = response
        .header("location")
        .map(|location| one_line(location, 200));
    let page = is_page(response.header("content-type"), &body);
    match status {
        300..=399 => ErrorKind::Redirected(location.unwrap_or_else(|| "nowhere".to_owned())),
        401 => ErrorKind::Unauthorized,
        503 if body.contains("Stage:") && page => maintenance(&body),
        429 => ErrorKind::Unavailable("it asks for fewer requests (HTTP 429)".to_owned()),
        500..=599 => ErrorKind::Unavailable(format!("HTTP {status}{}", said(&body, page))),
        403 | 404 | 400 if page => ErrorKind::WebPage(format!("HTTP {status}")),
        403 => ErrorKind::Forbidden(message(&body)),
        404 => ErrorKind::NotFound(message(&body)),
        _ => ErrorKind::Rejected {
            status,
            message: message(&body),
        },
    }
}

/// Whether an answer is a page for people. A REST path never gives one.
pub(super) fn is_page(content_type: Option<&str>, body: &str) -> bool {
    let html = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("text/html"));
    let start = body
        .trim_start()
        .get(..9)
        .unwrap_or_default()
        .to_ascii_lowercase();
    html || start == "<!doctype" || start.starts_with("<html")
}

fn said(body: &str, page: bool) -> String {
    if page || body.trim().is_empty() {
        String::new()
    } else {
        format!(": {}", message(body))
    }
}

/// The stages of a starting server; those that need an administrator don't pass by themselves.
fn maintenance(body: &str) -> ErrorKind {
    let stage = body
        .lines()
        .find_map(|line| line.trim().strip_prefix("Stage:"))
        .unwrap_or_default();
    let stage = one_line(stage, 60);
    let waits = [
        "LICENSE",
        "UPGRADE",
        "FIRST",
        "EXCEPTION",
        "CONFIRM",
        "RESTORE",
    ];
    if waits.iter().any(|word| stage.contains(word)) {
        ErrorKind::Maintenance(stage)
    } else {
        ErrorKind::Starting(stage)
    }
}

/// The server's own words in an error body of any generation.
pub(super) fn message(body: &str) -> String {
    let text = envelope(body)
        .or_else(|| xml_message(body))
        .unwrap_or_else(|| plain_message(body));
    let text = one_line(&text, LONGEST_MESSAGE);
    if text.is_empty() {
        "without a reason".to_owned()
    } else {
        text
    }
}

/// `{"errors":[{"message":…}]}`, after 2024.03.
fn envelope(body: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    let error = json.get("errors")?.get(0)?;
    let text = error
        .get("message")
        .or_else(|| error.get("statusText"))?
        .as_str()?;
    Some(text.to_owned())
}

/// `<errors><error><message>…`, the same for callers that take XML; also where a proxy drops our `Accept`.
fn xml_message(body: &str) -> Option<String> {
    let start = body.find("<message>")? + "<message>".len();
    let end = start + body.get(start..)?.find("</message>")?;
    let text = body.get(start..end)?;
    Some(
        quick_xml::escape::unescape(text)
            .map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned),
    )
}

/// Lines of text, of which `Details:` says most; until 2024.03.
fn plain_message(body: &str) -> String {
    if body.trim_start().starts_with('<') {
        return String::new();
    }
    let Some(start) = body.find("Details:") else {
        return body.to_owned();
    };
    let details = body
        .get(start + "Details:".len()..)
        .unwrap_or_default()
        .trim_start();
    // The last line is a general hint, which says less than our own.
    let hints = [
        "\nCould not find the entity",
        "\nInvalid request.",
        "\nAccess denied.",
        "\nError occurred",
        "\nNot supported",
    ];
    let end = hints
        .iter()
        .filter_map(|hint| details.find(hint))
        .min()
        .unwrap_or(details.len());
    let details = details.get(..end).unwrap_or(details);
    // `jetbrains.buildServer.server.rest.errors.NotFoundException: ` is for programmers.
    match details.split_once(": ") {
        Some((class, rest)) if class.contains('.') && !class.contains(' ') => rest.to_owned(),
        _ => details.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_words_in_every_generation() {
        let text = "Responding with error, status code: 404 (Not Found).\nDetails: jetbrains.buildServer.server.rest.errors.NotFoundException: No build found by id '999'.\nCould not find the entity requested. Check the reference is correct and the user has permissions to access the entity.";
        let json = r#"{"errors":[{"message":"No build found by id '999'.","additionalMessage":"x","stackTrace":null}]}"#;
        let xml = "<errors><error><message>No build found by id '999'.</message></error></errors>";
        for body in [text, json, xml] {
            assert_eq!(message(body), "No build found by id '999'.");
        }
        assert_eq!(
            message("<html><body>nginx</body></html>"),
            "without a reason"
        );
    }

    #[test]
    fn tells_a_starting_server_from_one_that_waits_for_its_administrator() {
        let page = |stage: &str| {
            format!("<!--\nPage: maintenance-welcome\nStage: {stage}\n-->\n<!DOCTYPE html>")
        };
        assert!(matches!(
            maintenance(&page("APPLICATION_STARTING")),
            ErrorKind::Starting(_)
        ));
        assert!(matches!(
            maintenance(&page("UPGRADE_DATA_DIRECTORY")),
            ErrorKind::Maintenance(_)
        ));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic_or_print_controls(body in "(?s).{0,200}") {
            prop_assert!(!message(&body).chars().any(char::is_control));
        }
    }
}
