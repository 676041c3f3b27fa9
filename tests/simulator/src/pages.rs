//! Pages that are no REST answers: of the starting server, of proxies and gateways, of the web server itself.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use crate::body::Body;
use crate::rest::errors::reason;
use crate::state::State;

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

pub(crate) fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

pub(crate) const BAD_CREDENTIALS: &str =
    "Invalid authentication request or authentication scheme is not supported";

pub(crate) fn maintenance_page(state: &mut State) -> Response<Body> {
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

/// A page of TeamCity's own about something that it can't show.
pub(crate) fn error_page(status: u16, words: &str) -> Response<Body> {
    plain(
        status,
        "text/html;charset=UTF-8",
        format!(
            "<!DOCTYPE html>\n<html><head><title>{words} &mdash; TeamCity</title></head><body><h1>{words}</h1></body></html>\n"
        ),
    )
}

pub(crate) fn proxy_page(status: u16) -> Response<Body> {
    let title = format!("{status} {}", reason(status));
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = plain(status, "text/html", body);
    header(&mut response, "server", "nginx");
    response
}

pub(crate) fn sso_page(redirect: bool) -> Response<Body> {
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

pub(crate) const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form method=\"post\"><input name=\"user\"/><input name=\"password\" type=\"password\"/></form></body></html>\n";

pub(crate) fn tomcat_page(status: u16) -> String {
    let reason = reason(status);
    format!(
        "<!doctype html><html lang=\"en\"><head><title>HTTP Status {status} – {reason}</title></head><body><h1>HTTP Status {status} – {reason}</h1><hr class=\"line\" /><h3>Apache Tomcat</h3></body></html>"
    )
}
