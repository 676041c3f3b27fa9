//! What stands before the REST API: modes, the context path, authentication, CSRF, and the pages of proxies.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};

use crate::body::Body;
use crate::faults::FaultKind;
use crate::json::xml_text;
use crate::rest;
use crate::rest::errors::{ApiError, reason};
use crate::simulator::Mode;
use crate::state::{State, Who};

/// An answer with a text in it.
pub(crate) fn plain(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    header(&mut response, "content-type", content_type);
    response
}

/// Sets a header; values that HTTP can't carry are left out.
pub(crate) fn header(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = http::HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Paths without authentication (TeamCity's source: APIController.java).
fn is_open(path: &str) -> bool {
    matches!(
        path,
        "/app/rest/server/version"
            | "/app/rest/version"
            | "/app/rest/apiVersion"
            | "/app/rest/server/nodes"
    ) || path.starts_with("/app/rest/swagger")
        || (path.starts_with("/app/rest/builds/") && path.contains("/statusIcon"))
}

/// Answers a request.
pub(crate) fn respond(state: &mut State, request: Request<Bytes>) -> Response<Body> {
    let mut response = route(state, &request);
    if let Ok(value) = http::HeaderValue::from_str("MAIN_SERVER") {
        response
            .headers_mut()
            .entry("teamcity-node-id")
            .or_insert(value);
    }
    response
}

fn route(state: &mut State, request: &Request<Bytes>) -> Response<Body> {
    let now = state.clock.now();
    let full = request.uri().path();
    let Some(path) = strip_context(full, &state.context_path).map(str::to_owned) else {
        // Another web application's place, or nobody's.
        return plain(404, "text/html;charset=utf-8", tomcat_page(404));
    };
    match state.mode {
        Mode::ProxyError(status) => return proxy_page(status),
        Mode::SsoGateway { redirect } => return sso_page(redirect),
        _ => {}
    }
    let restarting = state.restarting.is_some_and(|(_, until)| now < until);
    if restarting || state.mode == Mode::Starting {
        return match path.as_str() {
            "/healthCheck/healthy" => plain(200, "text/plain", ""),
            "/healthCheck/ready" => plain(503, "text/plain", ""),
            _ => maintenance_page(state),
        };
    }
    if path.starts_with("/healthCheck/") {
        return plain(200, "text/plain", "");
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str());
    if target.contains(['{', '}', '|', '\\', '^', '`', '"', '<', '>']) {
        return plain(400, "text/html;charset=utf-8", tomcat_page(400));
    }
    let (path, forced_basic) = match path.strip_prefix("/httpAuth") {
        Some(rest) if rest.starts_with('/') => (rest.to_owned(), true),
        _ => (path, false),
    };
    let who = if is_open(&path) {
        authenticate(state, request.headers(), &path, now)
            .ok()
            .flatten()
            .map(|(who, _)| who)
    } else {
        match authenticate(state, request.headers(), &path, now) {
            Ok(Some((who, bearer))) => {
                if let Some(refusal) = check_csrf(state, request, bearer) {
                    return refusal;
                }
                Some(who)
            }
            Ok(None) => {
                return unauthorized(
                    state,
                    request.headers(),
                    "Authentication required",
                    forced_basic,
                );
            }
            Err(words) => return unauthorized(state, request.headers(), words, forced_basic),
        }
    };
    let writes = !matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS");
    let accept = text_header(request.headers(), "accept").map(str::to_owned);
    if writes && state.mode == Mode::ReadOnlyNode {
        let (body, kind) = ApiError::read_only_node().render(state.generation, accept.as_deref());
        return plain(400, kind, body);
    }
    let mut response = rest::dispatch(state, request, &path, who, forced_basic);
    header(&mut response, "cache-control", "no-store");
    if !request.headers().contains_key("cookie") && !is_open(&path) {
        state.sessions += 1;
        let session = format!(
            "TCSESSIONID={:032X}; Path=/; HttpOnly",
            u128::from(state.sessions) << 64 | 0x2a
        );
        header(&mut response, "set-cookie", &session);
    }
    response
}

fn strip_context<'a>(path: &'a str, context: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(context)?;
    if rest.is_empty() {
        Some("/")
    } else {
        rest.starts_with('/').then_some(rest)
    }
}

const BAD_CREDENTIALS: &str =
    "Invalid authentication request or authentication scheme is not supported";

/// Who it is, and whether by Bearer; nobody if nothing was sent.
fn authenticate(
    state: &State,
    headers: &HeaderMap,
    path: &str,
    now: Duration,
) -> Result<Option<(Who, bool)>, &'static str> {
    let Some(authorization) = text_header(headers, "authorization") else {
        return Ok(None);
    };
    let (scheme, credentials) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let credentials = credentials.trim();
    let basic_user;
    let (value, user, bearer) = if scheme.eq_ignore_ascii_case("bearer") {
        (credentials.to_owned(), None, true)
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(credentials).map_err(|_| BAD_CREDENTIALS)?;
        let decoded = String::from_utf8(decoded).map_err(|_| BAD_CREDENTIALS)?;
        let (user, password) = decoded.split_once(':').ok_or(BAD_CREDENTIALS)?;
        basic_user = user.to_owned();
        (password.to_owned(), Some(basic_user.as_str()), false)
    } else {
        return Err(BAD_CREDENTIALS);
    };
    let refusal = if bearer {
        BAD_CREDENTIALS
    } else {
        "Incorrect username or password"
    };
    let token = state
        .tokens
        .iter()
        .find(|token| token.value == value)
        .ok_or(refusal)?;
    let expired = token.expires.is_some_and(|at| at <= now);
    let other_user = user.is_some_and(|user| user != token.user);
    // Limited tokens were for REST by Bearer alone before 2022.08.
    let limited = token.limited_to.is_some() && !state.version.at_least(2022, 8, 0);
    if expired || other_user || (limited && (!bearer || !path.starts_with("/app/rest"))) {
        return Err(refusal);
    }
    let user = state.user_named(&token.user).ok_or(refusal)?;
    Ok(Some((
        Who {
            user: user.id,
            limits: token.limited_to.clone(),
        },
        bearer,
    )))
}

fn unauthorized(
    state: &mut State,
    headers: &HeaderMap,
    words: &str,
    forced_basic: bool,
) -> Response<Body> {
    let browser =
        text_header(headers, "user-agent").is_some_and(|agent| agent.starts_with("Mozilla"));
    state.sessions += 1;
    let session = format!(
        "TCSESSIONID={:032X}; Path=/; HttpOnly",
        u128::from(state.sessions) << 64 | 0x2a
    );
    if browser && !forced_basic {
        let mut response = plain(302, "text/html;charset=UTF-8", "");
        header(
            &mut response,
            "location",
            &format!("{}/login.html", state.context_path),
        );
        header(&mut response, "set-cookie", &session);
        return response;
    }
    let body = format!(
        "{words}\nTo login manually go to \"{}/login.html\" page",
        state.context_path
    );
    let mut response = plain(401, "text/plain;charset=UTF-8", body);
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
    header(&mut response, "cache-control", "no-store");
    if headers.contains_key("authorization") {
        header(&mut response, "set-cookie", &session);
    }
    response
}

/// The CSRF check: since 2020.1, for writing requests with a session cookie.
fn check_csrf(state: &State, request: &Request<Bytes>, bearer: bool) -> Option<Response<Body>> {
    let headers = request.headers();
    let writes = !matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS");
    let session =
        text_header(headers, "cookie").is_some_and(|cookie| cookie.contains("TCSESSIONID"));
    let token = headers.contains_key("x-tc-csrf-token") || headers.contains_key("tc-csrf-token");
    let lenient = bearer && state.version.at_least(2021, 2, 0) && !state.strict_csrf;
    let checked = state.version.at_least(2020, 1, 0) && writes && session && !token && !lenient;
    checked.then(|| {
        plain(403, "text/plain;charset=UTF-8",
            "Responding with 403 status code due to failed CSRF check: authenticated POST request is made, but neither tc-csrf-token parameter nor X-TC-CSRF-Token header are provided.\nFor more information refer to https://www.jetbrains.com/help/teamcity/csrf-protection.html")
    })
}

// --- pages ----------------------------------------------------------------------------------

fn maintenance_page(state: &mut State) -> Response<Body> {
    state.sessions += 1;
    let date = state
        .clock
        .date(state.clock.now())
        .format("%a %b %d %H:%M:%S UTC %Y");
    let body = format!(
        "\n<!--\nPage: maintenance-welcome\nStage: APPLICATION_STARTING\nState revision: 26\nTimestamp: {date}\n[Stage description: Initializing TeamCity server components]\n-->\n<!DOCTYPE html>\n<html>\n<head><title>TeamCity Maintenance &mdash; TeamCity</title></head>\n<body><h1>TeamCity is starting</h1><p>Initializing TeamCity server components</p></body>\n</html>\n"
    );
    let mut response = plain(503, "text/html;charset=UTF-8", body);
    header(&mut response, "pragma", "no-cache");
    header(&mut response, "expires", "Thu, 01 Jan 1970 00:00:00 GMT");
    header(&mut response, "cache-control", "no-cache");
    header(&mut response, "cache-control", "no-store");
    header(
        &mut response,
        "set-cookie",
        &format!("TCSESSIONID={:032X}; Path=/; HttpOnly", state.sessions),
    );
    response
}

fn proxy_page(status: u16) -> Response<Body> {
    let title = format!("{status} {}", reason(status));
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = plain(status, "text/html", body);
    header(&mut response, "server", "nginx");
    response
}

fn sso_page(redirect: bool) -> Response<Body> {
    if redirect {
        let mut response = plain(302, "text/html", "");
        header(
            &mut response,
            "location",
            "https://sso.example.com/login?next=teamcity",
        );
        return response;
    }
    plain(200, "text/html;charset=utf-8", LOGIN_PAGE)
}

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form method=\"post\"><input name=\"user\"/><input name=\"password\" type=\"password\"/></form></body></html>\n";

fn tomcat_page(status: u16) -> String {
    let reason = reason(status);
    format!(
        "<!doctype html><html lang=\"en\"><head><title>HTTP Status {status} – {reason}</title></head><body><h1>HTTP Status {status} – {reason}</h1><hr class=\"line\" /><h3>Apache Tomcat</h3></body></html>"
    )
}

// --- faults ---------------------------------------------------------------------------------

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
