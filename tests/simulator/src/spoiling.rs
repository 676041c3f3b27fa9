//! What faults make of answers.

use bytes::Bytes;
use http::{Request, Response, Uri};
use serde_json::{Map, Value};

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
            let pieces = usize::try_from(size / PIECE + 1).unwrap_or(usize::MAX);
            let end: &[u8] = if is_json(&head) { b"\"}" } else { b"" };
            let all = filler(is_json(&head), PIECE).take(pieces + 1);
            Body::stream(all.chain(std::iter::once(Bytes::from_static(end))))
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
        FaultKind::NextHrefCircle(pages) => {
            let next = (turn(asked) + 1) % pages.max(&1);
            edit(body, |value| set_next(value, &turned(asked, next)))
        }
        FaultKind::NextHrefForEver => {
            let next = turn(asked).saturating_add(1);
            edit(body, |value| set_next(value, &turned(asked, next)))
        }
        FaultKind::Member { name, json } => {
            let set = |of: &mut Map<String, Value>, last: &str| {
                of.insert(last.to_owned(), PLACEHOLDER.into());
            };
            let placed = edit(body, |value| members(value, &mut Vec::new(), name, &set));
            put_in(placed, json)
        }
        FaultKind::WithoutMember(name) => {
            let remove = |of: &mut Map<String, Value>, last: &str| {
                of.remove(last);
            };
            edit(body, |value| members(value, &mut Vec::new(), name, &remove))
        }
        FaultKind::ManyItems(count) => edit(body, |value| many(value, *count)),
        FaultKind::Drip { per_byte } => body.dripping(*per_byte),
        FaultKind::Endless { per_kilobyte } => {
            Body::stream(filler(is_json(&head), 1024)).with_pauses(*per_kilobyte)
        }
        FaultKind::DeepJson(depth) => deep(body, *depth),
        FaultKind::LengthTooLong(more) => {
            let body = body.gathered();
            let there = length(&body);
            return of_length(head, body.cut_after(there), there + more);
        }
        FaultKind::LengthTooShort(fewer) => {
            let body = body.gathered();
            let said = length(&body).saturating_sub(*fewer);
            return of_length(head, body.ending_after(said), said);
        }
        _ => body,
    };
    head.headers.remove("content-length");
    Response::from_parts(head, body)
}

/// What stands for a value that no number type holds, until the JSON is text again.
const PLACEHOLDER: &str = "-the-other-value-";

fn put_in(body: Body, json: &str) -> Body {
    let text = body
        .bytes()
        .map(|bytes| String::from_utf8_lossy(bytes).replace(&format!("\"{PLACEHOLDER}\""), json));
    text.map_or(body, Body::whole)
}

type Change<'a> = &'a dyn Fn(&mut Map<String, Value>, &str);

/// Changes every member whose path ends with a name.
fn members(value: &mut Value, path: &mut Vec<String>, name: &str, change: Change<'_>) {
    match value {
        Value::Array(items) => {
            for item in items {
                members(item, path, name, change);
            }
        }
        Value::Object(object) => {
            for member in object.keys().cloned().collect::<Vec<_>>() {
                path.push(member.clone());
                let whole = path.join(".");
                if whole == name || whole.ends_with(&format!(".{name}")) {
                    change(object, &member);
                } else if let Some(inner) = object.get_mut(&member) {
                    members(inner, path, name, change);
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// Fills every list with copies of its first item.
fn many(value: &mut Value, count: usize) {
    match value {
        Value::Array(items) => {
            let first = items
                .first()
                .cloned()
                .unwrap_or_else(|| Value::Object(Map::new()));
            items.resize(count, first);
        }
        Value::Object(members) => {
            for inner in members.values_mut() {
                many(inner, count);
            }
        }
        _ => {}
    }
}

/// The turn of a page in a circle that a fault makes: a parameter of the query that the server itself does not look at.
const TURN: &str = "turn=";

fn turn(asked: &Uri) -> u32 {
    let pairs = asked.query().unwrap_or_default().split('&');
    let turn = pairs
        .filter_map(|pair| pair.strip_prefix(TURN)?.parse().ok())
        .next_back();
    turn.unwrap_or(0)
}

fn turned(asked: &Uri, turn: u32) -> String {
    let pairs = asked.query().unwrap_or_default().split('&');
    let mut query: Vec<&str> = pairs
        .filter(|pair| !pair.is_empty() && !pair.starts_with(TURN))
        .collect();
    // The first page of a circle is the one that was asked for.
    let own = format!("{TURN}{turn}");
    if turn > 0 {
        query.push(&own);
    }
    format!("{}?{}", asked.path(), query.join("&"))
}

fn is_json(head: &http::response::Parts) -> bool {
    head.headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.contains("json"))
}

/// Bytes in a piece of a huge body.
const PIECE: u64 = 65536;

/// Pieces for ever: the beginning of a JSON object with a text in it, and then the text; or lines.
fn filler(json: bool, piece: u64) -> impl Iterator<Item = Bytes> + Send {
    let start: &[u8] = if json { b"{\"id\":1,\"text\":\"" } else { b"" };
    let mut filler = vec![b'x'; usize::try_from(piece).unwrap_or_default()];
    if let (Some(last), false) = (filler.last_mut(), json) {
        *last = b'\n';
    }
    std::iter::once(Bytes::from_static(start)).chain(std::iter::repeat(Bytes::from(filler)))
}

/// By its text, as a value so deep would break whoever drops it.
fn deep(body: Body, depth: usize) -> Body {
    let text = body.bytes().and_then(|bytes| bytes.strip_suffix(b"}"));
    let Some(text) = text else {
        return body;
    };
    let comma = if text.ends_with(b"{") { "" } else { "," };
    let member = format!(
        "{comma}\"deep\":{}{}}}",
        "[".repeat(depth),
        "]".repeat(depth)
    );
    Body::whole([text, member.as_bytes()].concat())
}

fn length(body: &Body) -> u64 {
    body.bytes().map_or(0, |bytes| bytes.len() as u64)
}

/// An answer that claims a length. It breaks off where there is less, as a connection does.
fn of_length(mut head: http::response::Parts, body: Body, said: u64) -> Response<Body> {
    head.headers.insert("content-length", said.into());
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
