//! How an answer that is no success is understood, whoever gives it.

use url::Url;

use super::error::ErrorKind;
use crate::http::{ProtocolFault, Response};
use crate::types::text::one_line;

/// Longest text of a server that is repeated to the user, in characters.
const LONGEST_MESSAGE: usize = 500;

/// What a node that may not change anything says to a request that would (400 or 403): another node, or the same one
/// later, takes it.
const READ_ONLY: &[&str] = &[
    "not allowed to perform this action",
    "does not have the responsibility",
    "MissingServerResponsibility",
];
/// What servers say on their https port to a request in plain http: nginx, Tomcat, Apache, Go.
const WANTS_TLS: &[&str] = &[
    "plain HTTP request was sent to HTTPS port",
    "requires TLS",
    "speaking plain HTTP to an SSL-enabled server port",
    "HTTP request to an HTTPS server",
];

/// What an answer of the server at `base` with this status and body is, if it is not a success. Bodies differ by generation
/// and by who answers: plain text until 2024.03, an envelope in JSON or XML later, HTML from the core and from proxies.
pub(super) fn of_answer(base: &Url, response: &Response, body: &[u8]) -> ErrorKind {
    let body = String::from_utf8_lossy(body);
    let status = response.status;
    let page = is_page(response.header("content-type"), &body);
    match status {
        300..=399 => redirected(base, response.header("location")),
        401 if page && !body.contains("TeamCity") && !is_teamcity(response) => {
            ErrorKind::SignOn(format!("{} asks for it (HTTP 401)", host(base)))
        }
        401 => ErrorKind::Unauthorized,
        400 if base.scheme() == "http" && WANTS_TLS.iter().any(|words| body.contains(words)) => {
            let words = format!("{} requires TLS: it is an https port", host(base));
            ErrorKind::Protocol(ProtocolFault::WantsTls, words)
        }
        400 | 403 if READ_ONLY.iter().any(|words| body.contains(words)) => {
            ErrorKind::Unavailable("this node of the server is read-only at the moment".to_owned())
        }
        503 if body.contains("Stage:") && page => maintenance(&body),
        429 => ErrorKind::Unavailable("it asks for fewer requests (HTTP 429)".to_owned()),
        408 | 425 | 500..=599 => {
            ErrorKind::Unavailable(format!("HTTP {status}{}", said(&body, page)))
        }
        403 | 404 | 400 if page => ErrorKind::WebPage(page_of(status, &body)),
        403 => ErrorKind::Forbidden(message(&body)),
        404 => ErrorKind::NotFound(message(&body)),
        _ => ErrorKind::Rejected {
            status,
            message: message(&body),
        },
    }
}

fn host(base: &Url) -> String {
    let host = base.host_str().unwrap_or_default();
    base.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether TeamCity itself asks for a credential: its realm bears its name.
fn is_teamcity(response: &Response) -> bool {
    let asked = response.headers.get_all("www-authenticate");
    asked
        .iter()
        .any(|scheme| String::from_utf8_lossy(scheme.as_bytes()).contains("TeamCity"))
}

/// A redirect to another host is a login's, most often; one to the same host is to the right address.
fn redirected(base: &Url, location: Option<&str>) -> ErrorKind {
    let shown = location.map_or_else(|| "nowhere".to_owned(), |location| one_line(location, 200));
    let target = location.and_then(|location| base.join(location).ok());
    match target {
        Some(target) if target.host_str() != base.host_str() => ErrorKind::SignOn(format!(
            "{} redirects every request to another host, {shown}",
            host(base)
        )),
        _ => ErrorKind::Redirected(shown),
    }
}

/// A page in a few words: the status, and the title if it has one.
pub(super) fn page_of(status: u16, body: &str) -> String {
    let title = body.find("<title>").and_then(|start| {
        let (title, _) = body
            .get(start.saturating_add("<title>".len())..)?
            .split_once("</title>")?;
        let title = one_line(&unescaped(title), 60);
        (!title.is_empty()).then_some(title)
    });
    match title {
        Some(title) => format!("HTTP {status}, \"{title}\""),
        None => format!("HTTP {status}"),
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

/// The server's own words in an error body of any generation: one sentence, without the stack of calls that may follow.
pub(super) fn message(body: &str) -> String {
    let text = match serde_json::from_str::<serde_json::Value>(body) {
        Ok(json) => envelope(&json).unwrap_or_default(),
        Err(_) => xml_message(body).unwrap_or_else(|| plain_message(body)),
    };
    let text = one_line(&without_stack(&text), LONGEST_MESSAGE);
    if text.is_empty() {
        "no reason given".to_owned()
    } else {
        text
    }
}

/// `{"errors":[{"message":…}]}`, after 2024.03. Each of the words may be null.
fn envelope(json: &serde_json::Value) -> Option<String> {
    let error = json
        .get("errors")
        .and_then(|errors| errors.get(0))
        .unwrap_or(json);
    ["message", "additionalMessage", "statusText"]
        .iter()
        .find_map(|name| {
            let text = error.get(*name)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        })
}

/// `<errors><error><message>…`, the same for callers that take XML; also where a proxy drops our `Accept`.
fn xml_message(body: &str) -> Option<String> {
    ["message", "additionalMessage", "statusText"]
        .iter()
        .find_map(|name| {
            let (open, close) = (format!("<{name}>"), format!("</{name}>"));
            let start = body.find(&open)?.saturating_add(open.len());
            let (text, _) = body.get(start..)?.split_once(&close)?;
            (!text.trim().is_empty()).then(|| unescaped(text))
        })
}

fn unescaped(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

/// The lines before a stack of calls.
fn without_stack(text: &str) -> String {
    let is_call = |line: &str| {
        let line = line.trim_start();
        (line.starts_with("at ") && line.contains('(')) || line.starts_with("Caused by:")
    };
    let lines = text.lines().take_while(|line| !is_call(line));
    lines.collect::<Vec<_>>().join("\n")
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
        .get(start.saturating_add("Details:".len())..)
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
mod tests;
