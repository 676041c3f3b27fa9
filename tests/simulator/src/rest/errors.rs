//! Errors of the REST API: which status, which Java exception, which words, and their two generations of bodies.

use crate::json::{Json, xml_text};

/// How a server of some version words its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Plain text whatever was accepted, up to 2024.03 (TeamCity's source: ExceptionMapperBase.java).
    Text,
    /// A JSON or XML envelope, seen on 2025.11 and later.
    Envelope,
}

/// An error that the REST API answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    class: &'static str,
    pub(crate) message: String,
    hint: &'static str,
    /// Whether the envelope carries 90 lines of Java's stack.
    trace: bool,
}

const OURS: &str = "jetbrains.buildServer.server.rest.errors.";

impl ApiError {
    fn new(
        status: u16,
        class: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            status,
            class,
            message: message.into(),
            hint,
            trace: false,
        }
    }

    /// A path that nothing answers to.
    pub(crate) fn unmapped() -> Self {
        Self {
            trace: true,
            ..Self::jersey(404)
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(
            404,
            "NotFoundException",
            message,
            "Could not find the entity requested. Check the reference is correct and the user has permissions to access the entity.",
        )
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(
            400,
            "BadRequestException",
            message,
            "Invalid request. Please check the request URL and data are correct.",
        )
    }

    pub(crate) fn locator(message: impl Into<String>) -> Self {
        Self::new(
            400,
            "LocatorProcessException",
            message,
            "Invalid request. Check locator is specified correctly.",
        )
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(
            403,
            "AuthorizationFailedException",
            message,
            "Access denied. Check the user has enough permissions to perform the operation.",
        )
    }

    /// The 403 of a missing permission, with the permission's printed name and the project's internal id.
    pub(crate) fn lacks(permission: &str, project_internal_id: &str) -> Self {
        Self::new(
            403,
            "jetbrains.buildServer.serverSide.auth.AccessDeniedException",
            format!(
                "You do not have \"{permission}\" permission in project with internal id: {project_internal_id}"
            ),
            "Access denied. Check the user has enough permissions to perform the operation.",
        )
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::new(
            409,
            "InvalidStateException",
            message,
            "Cannot process this request at this time. Repeat later.",
        )
    }

    pub(crate) fn operation(message: impl Into<String>) -> Self {
        Self::new(
            500,
            "OperationException",
            message,
            "Error occurred while processing this request.",
        )
    }

    pub(crate) fn null_pointer() -> Self {
        Self::new(
            500,
            "java.lang.NullPointerException",
            "",
            "Error occurred while processing this request.",
        )
    }

    pub(crate) fn read_only_node() -> Self {
        Self::new(
            400,
            "jetbrains.buildServer.serverSide.impl.MissingServerResponsibilityException",
            "The current node does not have the responsibility required for this operation",
            "This TeamCity node is not allowed to perform this action.",
        )
    }

    /// The 403 of a missing permission to choose revisions, which is worded unlike the others.
    pub(crate) fn may_not_choose_revisions(user: &str, project_internal_id: &str) -> Self {
        Self::denied(format!(
            "User {user} does not have permission Customize build revisions in project with internal id: '{project_internal_id}'"
        ))
    }

    /// What Jersey says itself: unknown URL (404), method (405), types (406, 415).
    pub(crate) fn jersey(status: u16) -> Self {
        let (class, message) = match status {
            404 => ("javax.ws.rs.NotFoundException", "HTTP 404 Not Found"),
            405 => (
                "javax.ws.rs.NotAllowedException",
                "HTTP 405 Method Not Allowed",
            ),
            406 => (
                "javax.ws.rs.NotAcceptableException",
                "HTTP 406 Not Acceptable",
            ),
            _ => (
                "javax.ws.rs.NotSupportedException",
                "HTTP 415 Unsupported Media Type",
            ),
        };
        Self::new(
            status,
            class,
            message,
            "Not supported request. Check that URL, HTTP method and transferred data are correct.",
        )
    }

    fn class(&self) -> String {
        if self.class.contains('.') {
            self.class.to_owned()
        } else {
            format!("{OURS}{}", self.class)
        }
    }

    /// The body and its content type.
    pub(crate) fn render(
        &self,
        generation: Generation,
        accept: Option<&str>,
    ) -> (String, &'static str) {
        let reason = reason(self.status);
        let lead = if self.status >= 500 {
            "Error has occurred during request processing"
        } else {
            "Responding with error"
        };
        let status_text = format!("{lead}, status code: {} ({reason}).", self.status);
        let header_hint = match self.status {
            415 => Some("Make sure you have supplied correct 'Content-Type' header."),
            406 => Some("Make sure you have supplied correct 'Accept' header."),
            _ => None,
        };
        let mut details = format!("{}: {}", self.class(), self.message);
        if !details.ends_with(['.', ':', ' ', '\'']) {
            details.push('.');
        }
        match generation {
            Generation::Text => {
                let body = match header_hint {
                    Some(hint) => format!("{status_text}\n{hint}"),
                    None => format!("{status_text}\nDetails: {details}\n{}", self.hint),
                };
                (body, "text/plain")
            }
            Generation::Envelope => {
                let message = header_hint.map_or_else(|| self.message.clone(), str::to_owned);
                // What no type fits is told in JSON (2026.2).
                if accepts(accept, "json") || self.status == 406 {
                    let trace = self.trace.then(|| stack(&details));
                    let error = Json::object([
                        ("statusText", status_text.into()),
                        ("additionalMessage", details.into()),
                        ("stackTrace", trace.map_or(Json::Null, Json::from)),
                        ("message", message.into()),
                    ]);
                    let body = Json::object([("errors", Json::List(vec![error]))]);
                    (body.to_json(), "application/json")
                } else {
                    let body = format!(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><errors><error><message>{}</message><additionalMessage>{}</additionalMessage><statusText>{}</statusText></error></errors>",
                        xml_text(&message),
                        xml_text(&details),
                        xml_text(&status_text)
                    );
                    (body, "application/xml")
                }
            }
        }
    }
}

/// What Java prints of where it was.
fn stack(of: &str) -> String {
    let frames = (1..90).map(|line| {
        format!(
            "\n\tat org.glassfish.jersey.server.internal.Frame{line}.apply(Frame{line}.java:{line})"
        )
    });
    std::iter::once(of.to_owned()).chain(frames).collect()
}

/// Whether an `Accept` header prefers JSON; nothing and `*/*` mean XML to TeamCity.
pub(crate) fn accepts(accept: Option<&str>, kind: &str) -> bool {
    let Some(accept) = accept else { return false };
    let (json, xml, text) = (
        accept.find("json"),
        accept.find("xml"),
        accept.find("text/plain"),
    );
    match kind {
        "json" => match (json, xml) {
            (Some(json), Some(xml)) => quality(accept, json) >= quality(accept, xml),
            (json, _) => json.is_some(),
        },
        "text" => text.is_some() || accept.contains("*/*") || accept.contains("text/*"),
        _ => xml.is_some() || accept.contains("*/*"),
    }
}

/// The `q` of the media range at a position, in thousandths.
fn quality(accept: &str, at: usize) -> u32 {
    let range = accept.get(at..).unwrap_or_default();
    let range = range.split(',').next().unwrap_or_default();
    let q = range
        .split(';')
        .find_map(|part| part.trim().strip_prefix("q="));
    q.and_then(|q| q.trim().parse::<f32>().ok())
        .map_or(1000, |q| (q * 1000.0) as u32)
}

pub(crate) fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_errors_have_three_lines() {
        let (body, kind) = ApiError::not_found("No build found by id '999'.")
            .render(Generation::Text, Some("application/json"));
        assert_eq!(kind, "text/plain");
        assert_eq!(
            body,
            "Responding with error, status code: 404 (Not Found).\nDetails: jetbrains.buildServer.server.rest.errors.NotFoundException: No build found by id '999'.\nCould not find the entity requested. Check the reference is correct and the user has permissions to access the entity."
        );
    }

    #[test]
    fn envelopes_follow_the_accept_header() {
        let error = ApiError::bad_request("a <b>");
        let (json, kind) = error.render(
            Generation::Envelope,
            Some("application/json, application/xml;q=0.9"),
        );
        assert_eq!(kind, "application/json");
        assert!(
            json.starts_with("{\"errors\":[{\"statusText\":\"Responding"),
            "{json}"
        );
        let (xml, kind) = error.render(Generation::Envelope, None);
        assert_eq!(kind, "application/xml");
        assert!(xml.contains("<message>a &lt;b&gt;</message>"), "{xml}");
    }
}
