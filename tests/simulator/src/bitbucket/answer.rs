//! Answers, and the shapes of errors.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

/// A status and a JSON body.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    body: Option<Value>,
}

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: None }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = self
            .body
            .map(|body| Bytes::from(body.to_string()))
            .unwrap_or_default();
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
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

/// A page of a list, as the query asks: ten entries by default, a hundred at most.
pub(super) fn page(values: &[Value], base: &str, query: &str) -> Answer {
    let number = |name: &str| -> Option<usize> {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    let length = number("pagelen").unwrap_or(10);
    if !(1..=100).contains(&length) {
        return error(400, "Invalid pagelen");
    }
    let page = number("page").unwrap_or(1).max(1);
    let start = (page - 1) * length;
    let shown: Vec<_> = values.iter().skip(start).take(length).cloned().collect();
    let mut body =
        json!({ "values": shown, "page": page, "pagelen": length, "size": values.len() });
    if start + length < values.len() {
        body["next"] = json!(format!(
            "https://api.bitbucket.org/2.0{base}?page={}&pagelen={length}",
            page + 1
        ));
    }
    Answer::json(200, body)
}
