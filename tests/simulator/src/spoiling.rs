//! What faults make of answers.

use bytes::Bytes;
use http::{Request, Response, Uri};

use crate::body::Body;
use crate::faults::FaultKind;
use crate::json::xml_text;
use crate::pages::{BAD_CREDENTIALS, LOGIN_PAGE, header, plain, proxy_page, text_header};
use crate::rest::errors::ApiError;
use crate::state::State;

/// The answer of a fault that keeps the server from acting.
pub(crate) fn instead(
    state: &State,
    fault: &FaultKind,
    request: &Request<Bytes>,
) -> Response<Body> {
    let accept = text_header(request.headers(), "accept");
    match fault {
        FaultKind::Status500 => {
            let (body, kind) =
                ApiError::operation("Unexpected error").render(state.generation, accept);
            plain(500, kind, body)
        }
        FaultKind::Maintenance503 => {
            let mut response = plain(
                503,
                "text/html;charset=UTF-8",
                "\n<!--\nPage: maintenance-welcome\nStage: APPLICATION_STARTING\n-->\n<!DOCTYPE html>\n<html><head><title>TeamCity Maintenance &mdash; TeamCity</title></head><body>TeamCity is starting</body></html>\n",
            );
            header(&mut response, "teamcity-node-id", "MAIN_SERVER");
            response
        }
        FaultKind::TooMany429 { retry_after } => {
            let mut response = plain(
                429,
                "text/html",
                "<html><body><h1>429 Too Many Requests</h1></body></html>",
            );
            if let Some(after) = retry_after {
                header(&mut response, "retry-after", &after.as_secs().to_string());
            }
            response
        }
        FaultKind::Unauthorized401 => {
            let mut response = plain(
                401,
                "text/plain;charset=UTF-8",
                format!("{BAD_CREDENTIALS}\nTo login manually go to \"/login.html\" page"),
            );
            header(
                &mut response,
                "www-authenticate",
                "Basic realm=\"TeamCity\"",
            );
            header(
                &mut response,
                "www-authenticate",
                "Bearer realm=\"TeamCity\"",
            );
            response
        }
        FaultKind::NotFound404 => {
            let subject = request.uri().path().rsplit('/').next().unwrap_or_default();
            let id = subject.strip_prefix("id:").unwrap_or(subject);
            let (body, kind) =
                ApiError::not_found(format!("No build found by id '{}'.", xml_text(id)))
                    .render(state.generation, accept);
            plain(404, kind, body)
        }
        FaultKind::LoginPage200 => plain(200, "text/html;charset=UTF-8", LOGIN_PAGE),
        FaultKind::RedirectToLogin => {
            let mut response = plain(302, "text/html;charset=UTF-8", "");
            header(
                &mut response,
                "location",
                &format!("{}/login.html", state.context_path),
            );
            response
        }
        FaultKind::RedirectToHost(host) => {
            let mut response = plain(302, "text/html", "");
            header(
                &mut response,
                "location",
                &format!("{host}{}", request.uri()),
            );
            response
        }
        _ => proxy_page(502),
    }
}

/// What a fault makes of an answer after the server acted.
pub(crate) fn spoil(answer: Response<Body>, fault: &FaultKind, asked: &Uri) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let body = match fault {
        FaultKind::Html502AfterActing => return proxy_page(502),
        FaultKind::Html504AfterActing => return proxy_page(504),
        FaultKind::CutAnswer => body.cut(),
        FaultKind::SlowBody { per_chunk } => body.slowly(*per_chunk),
        FaultKind::EmptyBody => Body::default(),
        FaultKind::HugeBody(size) => {
            head.headers.insert(
                "content-type",
                http::HeaderValue::from_static("application/json"),
            );
            let pieces = size / 65536 + 1;
            let filler = (0..pieces).map(|_| Bytes::from(vec![b'x'; 65536]));
            let all = std::iter::once(Bytes::from_static(b"{\"id\":1,\"text\":\"")).chain(filler);
            Body::stream(all.chain(std::iter::once(Bytes::from_static(b"\"}"))))
        }
        FaultKind::TruncatedJson => {
            let half = body.bytes().map(|bytes| bytes.slice(..bytes.len() / 2));
            half.map_or(body, Body::whole)
        }
        FaultKind::WrongJsonTypes => edit(body, |value| *value = wrong_types(value)),
        FaultKind::LoopingNextHref => edit(body, |value| set_next(value, &asked.to_string())),
        FaultKind::NextHrefOtherHost(host) => {
            edit(body, |value| set_next(value, &format!("{host}{asked}")))
        }
        _ => body,
    };
    head.headers.remove("content-length");
    Response::from_parts(head, body)
}

fn edit(body: Body, change: impl FnOnce(&mut serde_json::Value)) -> Body {
    let value = body
        .bytes()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
    match value {
        Some(mut value) => {
            change(&mut value);
            Body::whole(value.to_string())
        }
        None => body,
    }
}

fn set_next(value: &mut serde_json::Value, href: &str) {
    if let Some(object) = value.as_object_mut() {
        object.insert("nextHref".to_owned(), href.into());
    }
}

fn wrong_types(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Null => Value::Bool(true),
        Value::Bool(_) => "maybe".into(),
        Value::Number(_) => Value::Array(vec!["one".into()]),
        Value::String(_) => 0.into(),
        Value::Array(_) => "none".into(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), wrong_types(value)))
                .collect(),
        ),
    }
}
