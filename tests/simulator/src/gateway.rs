//! What stands before the REST API: modes, the context path, authentication and CSRF.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};

use crate::body::Body;
use crate::nodes::Node;
use crate::pages::{
    BAD_CREDENTIALS, header, maintenance_page, plain, proxy_page, sso_page, text_header,
    tomcat_page,
};
use crate::rest;
use crate::rest::errors::ApiError;
use crate::simulator::Mode;
use crate::state::{State, Who};

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
    let writes = !matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS");
    let node = Node::of(state.second_node, state.answers, writes);
    state.answers += 1;
    let mut response = route(state, &request, node);
    if request.method() == http::Method::HEAD {
        *response.body_mut() = Body::default();
    }
    if let Ok(value) = http::HeaderValue::from_str(node.id) {
        response
            .headers_mut()
            .entry("teamcity-node-id")
            .or_insert(value);
    }
    let ours = !matches!(state.mode, Mode::SsoGateway { .. } | Mode::ProxyError(_));
    if ours && state.version.at_least(2026, 2, 0) {
        let id = format!("{:032x}", u128::from(state.answers) << 64 | 0x2a);
        header(&mut response, "x-request-id", &id);
        for (name, value) in SAFETY {
            header(&mut response, name, value);
        }
    }
    response
}

/// Headers of every answer of 2026.2.
const SAFETY: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("referrer-policy", "origin-when-cross-origin"),
    ("mixed-content", "noupgrade"),
    ("x-frame-options", "SAMEORIGIN"),
    (
        "strict-transport-security",
        "max-age=31536000;includeSubDomains",
    ),
];

fn route(state: &mut State, request: &Request<Bytes>, node: Node) -> Response<Body> {
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
    let prefix = ["/httpAuth", "/guestAuth"]
        .into_iter()
        .find(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with('/'))
        })
        .unwrap_or_default();
    let path = path.strip_prefix(prefix).unwrap_or(&path).to_owned();
    let forced_basic = prefix == "/httpAuth";
    if prefix == "/guestAuth" || asks_as_guest(request) {
        let Some(user) = state.guest else {
            // Nobody enabled the guest user.
            return unauthorized(state, request.headers(), "Authentication required", true);
        };
        let who = Who { user, limits: None };
        let mut response = rest::dispatch(state, request, &path, Some(who), prefix, node.lags);
        if !response.headers().contains_key("cache-control") {
            header(&mut response, "cache-control", "no-store");
        }
        return response;
    }
    let mut by_token = false;
    let who = if is_open(&path) {
        authenticate(state, request.headers(), &path, now)
            .ok()
            .flatten()
            .map(|(who, _)| who)
    } else {
        match authenticate(state, request.headers(), &path, now) {
            Ok(Some((who, bearer))) => {
                by_token = bearer;
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
    if writes && (node.read_only || state.mode == Mode::ReadOnlyNode) {
        let (body, kind) = ApiError::read_only_node().render(state.generation, accept.as_deref());
        return plain(400, kind, body);
    }
    let mut response = rest::dispatch(state, request, &path, who, prefix, node.lags);
    if !response.headers().contains_key("cache-control") {
        header(&mut response, "cache-control", "no-store");
    }
    // Since 2026.1.2 a token's session is thrown away, and no cookie tells of it.
    let thrown_away = by_token && state.version.at_least(2026, 1, 2);
    if !request.headers().contains_key("cookie") && !is_open(&path) && !thrown_away {
        state.sessions += 1;
        let session = format!(
            "TCSESSIONID={:032X}; Path=/; HttpOnly",
            u128::from(state.sessions) << 64 | 0x2a
        );
        header(&mut response, "set-cookie", &session);
    }
    response
}

/// Whether a request without credentials says `guest=1`.
fn asks_as_guest(request: &Request<Bytes>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    !request.headers().contains_key("authorization")
        && query.split('&').any(|part| part == "guest=1")
}

fn strip_context<'a>(path: &'a str, context: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(context)?;
    if rest.is_empty() {
        Some("/")
    } else {
        rest.starts_with('/').then_some(rest)
    }
}

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
    let by_password = user.and_then(|name| state.user_named(name)).filter(|user| {
        user.password
            .as_ref()
            .is_some_and(|password| *password == value)
    });
    if let Some(user) = by_password {
        let who = Who {
            user: user.id,
            limits: None,
        };
        return Ok(Some((who, false)));
    }
    // Access tokens began with 2019.1.
    if bearer && !state.version.at_least(2019, 1, 0) {
        return Err(BAD_CREDENTIALS);
    }
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
