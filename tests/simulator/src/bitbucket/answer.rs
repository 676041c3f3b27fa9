//! Answers, and the shapes of errors.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::Seen;

/// A status, headers and a JSON body.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(HeaderName, String)>,
    body: Option<Value>,
}

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) fn redirect(location: String) -> Self {
        Self::empty(302).with(header::LOCATION, location)
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = self
            .body
            .map(|body| Bytes::from(body.to_string()))
            .unwrap_or_default();
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// The API's general shape.
pub(super) fn error(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        json!({ "type": "error", "error": { "message": message } }),
    )
}

/// A field that is wrong.
pub(super) fn field_error(field: &str, message: &str) -> Answer {
    let body = json!({ "type": "error", "error": { "message": format!("{field}: {message}"), "fields": { field: [message] } } });
    Answer::json(400, body)
}

/// A credential that lacks a scope: which ones it would take, and which ones it has.
pub(super) fn lacks_scope(required: &[&str], granted: &[&str]) -> Answer {
    Answer::json(
        403,
        json!({ "type": "error", "error": {
            "message": "Your credentials lack one or more required privilege scopes.",
            "detail": { "required": required, "granted": granted },
        } }),
    )
}

/// The shape of the service for reports.
pub(super) fn report_error(message: &str) -> Answer {
    Answer::json(
        400,
        json!({ "key": "report-service.general.bad-request", "message": message, "arguments": {} }),
    )
}

/// The shape of the service for pipelines.
pub(super) fn pipelines_error(status: u16, message: &str, detail: &str, key: &str) -> Answer {
    let error =
        json!({ "message": message, "detail": detail, "data": { "key": key, "arguments": {} } });
    Answer::json(status, json!({ "error": error }))
}

/// How long the pages of a list are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages {
    pub(super) by_default: usize,
    pub(super) at_most: usize,
}

/// Most lists.
pub(super) const PAGES: Pages = Pages {
    by_default: 10,
    at_most: 100,
};

/// A page of a list, as the query asks: ten entries by default, a hundred at most.
pub(super) fn page(values: &[Value], seen: &Seen) -> Answer {
    page_of(values, seen, PAGES)
}

/// A page of a list with pages of its own length.
pub(super) fn page_of(values: &[Value], seen: &Seen, pages: Pages) -> Answer {
    let number = |name: &str| -> Option<usize> { seen.query(name)?.parse().ok() };
    let length = number("pagelen").unwrap_or(pages.by_default);
    if !(1..=pages.at_most).contains(&length) {
        return error(400, "Invalid pagelen");
    }
    let page = number("page").unwrap_or(1).max(1);
    let start = (page - 1).saturating_mul(length);
    let shown: Vec<_> = values.iter().skip(start).take(length).cloned().collect();
    let mut body =
        json!({ "values": shown, "page": page, "pagelen": length, "size": values.len() });
    if start.saturating_add(length) < values.len() {
        // What else the query asks for goes on.
        let rest: String = seen
            .query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("page="))
            .map(|pair| format!("&{pair}"))
            .collect();
        body["next"] = json!(format!(
            "{}{}?page={}{rest}",
            seen.base,
            seen.path,
            page + 1
        ));
    }
    Answer::json(200, body)
}
