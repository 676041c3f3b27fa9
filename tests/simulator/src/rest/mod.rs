//! The REST API and its two neighbours (`/app/messages`, `/downloadBuildLog.html`): which path is which function.

mod agent_pools;
mod agents;
mod approval;
mod artifacts;
mod branches;
mod build_filter;
mod build_json;
mod build_parts;
mod build_type_changes;
mod build_type_links;
mod build_type_settings;
mod build_types;
mod builds;
mod changes;
pub(crate) mod errors;
mod extras;
pub(crate) mod fields;
pub(crate) mod locator;
mod messages;
mod paging;
mod parameters;
mod personal_changes;
mod pinning;
mod pipelines;
mod posted;
mod problems;
mod project_changes;
mod project_features;
mod projects;
mod queue;
mod queue_pause;
pub(crate) mod resource;
mod server;
mod statistics;
mod test_history;
mod tests;
mod text_log;
mod tokens;
mod users;
mod vcs;
mod vcs_hooks;
mod versioned_settings;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;

use crate::body::Body;
use crate::json::Json;
use crate::pages::{header, plain};
use crate::state::{State, Who};

use errors::{ApiError, Generation, accepts};
use fields::Fields;

/// What an endpoint answers.
pub(crate) enum Reply {
    /// An entity, with the name of its XML element.
    Entity(&'static str, Json),
    /// Text.
    Text(u16, String),
    /// A status without a body.
    Empty(u16),
    /// Something else, whole.
    Raw(Response<Body>),
}

pub(crate) type Answer = Result<Reply, ApiError>;

/// A request, taken apart.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: Duration,
    pub(crate) who: Who,
    pub(crate) method: &'a str,
    /// Decoded segments after `/app/rest/`.
    pub(crate) path: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) headers: &'a http::HeaderMap,
    pub(crate) body: &'a Bytes,
    /// What hrefs start with: `/httpAuth` or `/guestAuth` if the request did.
    pub(crate) href_prefix: &'static str,
}

impl Call<'_> {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn fields(&self) -> Fields {
        Fields::parse(self.query("fields"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The posted JSON; XML is refused, as nothing here reads it.
    pub(crate) fn json(&self) -> Result<serde_json::Value, ApiError> {
        let kind = self.header("content-type").unwrap_or_default();
        if !kind.contains("json") {
            return Err(ApiError::jersey(415));
        }
        if self.body.is_empty() {
            return Err(ApiError::null_pointer());
        }
        serde_json::from_slice(self.body).map_err(|error| {
            ApiError::bad_request(format!("Cannot parse the request body: {error}"))
        })
    }

    pub(crate) fn href(&self, rest: &str) -> String {
        format!("{}/app/rest/{rest}", self.href_prefix)
    }
}

/// Whether a first segment names a version of the API rather than a resource.
pub(crate) fn is_api_version(segment: &str) -> bool {
    matches!(segment, "latest" | "2018.1" | "ui")
}

/// Answers an authenticated request (or one to an open path), on a node whose reads are so old.
pub(crate) fn dispatch(
    state: &mut State,
    request: &Request<Bytes>,
    path: &str,
    who: Option<Who>,
    href_prefix: &'static str,
    lags: Duration,
) -> Response<Body> {
    let generation = state.generation;
    let xml_denials = state.doubts.xml_denials && request.method() != "GET";
    let now = state.clock.now().saturating_sub(lags);
    let accept = request
        .headers()
        .get("accept")
        .and_then(|accept| accept.to_str().ok());
    let query = parse_query(request.uri().query().unwrap_or_default());
    let rest = path
        .strip_prefix("/app/rest")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut segments: Vec<String> = rest
        .unwrap_or_default()
        .trim_start_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    if segments.first().is_some_and(|first| is_api_version(first)) {
        segments.remove(0);
    }
    if segments.len() > 1 && segments.last().is_some_and(String::is_empty) {
        segments.pop();
    }
    let mut call = Call {
        state,
        now,
        who: who.unwrap_or(Who {
            user: 0,
            limits: None,
        }),
        method: request.method().as_str(),
        path: segments,
        query,
        headers: request.headers(),
        body: request.body(),
        href_prefix,
    };
    let answer = if rest.is_some() {
        resource(&mut call)
    } else {
        match path {
            "/app/messages" => messages::messages(&mut call),
            "/downloadBuildLog.html" => return text_log::download(&mut call),
            "/uploadDiffChanges.html" => personal_changes::upload(&mut call),
            "/admin/versionedSettingsActions.html" => versioned_settings::export(&call),
            "/authenticationTest.html" => Ok(Reply::Text(200, "simulated-csrf-token".to_owned())),
            _ => {
                return plain(
                    404,
                    "text/html;charset=UTF-8",
                    "<!DOCTYPE html>\n<html><head><title>Page Not Found &mdash; TeamCity</title></head><body>404</body></html>",
                );
            }
        }
    };
    let answer = answer.and_then(|reply| acceptable(reply, accept));
    match answer {
        Ok(Reply::Entity(name, json)) => {
            if accepts(accept, "json") {
                plain(200, "application/json", json.to_json())
            } else {
                plain(200, "application/xml;charset=UTF-8", json.to_xml(name))
            }
        }
        Ok(Reply::Text(status, text)) => plain(status, "text/plain;charset=UTF-8", text),
        Ok(Reply::Empty(status)) => {
            let mut response = plain(status, "text/plain", "");
            response.headers_mut().remove("content-type");
            response
        }
        Ok(Reply::Raw(response)) => response,
        Err(error) => {
            let xml = xml_denials && error.status == 403;
            let (body, kind) = if xml {
                error.render(Generation::Envelope, None)
            } else {
                error.render(generation, accept)
            };
            let mut response = plain(error.status, kind, body);
            if error.status == 405 {
                header(&mut response, "allow", "GET,OPTIONS");
            }
            response
        }
    }
}

/// 406 where the type that an endpoint makes is not accepted.
fn acceptable(reply: Reply, accept: Option<&str>) -> Answer {
    let fits = match &reply {
        Reply::Text(..) => accept.is_none() || accepts(accept, "text"),
        Reply::Entity(..) => accept.is_none() || accepts(accept, "json") || accepts(accept, "xml"),
        _ => true,
    };
    if fits {
        Ok(reply)
    } else {
        Err(ApiError::jersey(406))
    }
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |text: &str| {
                percent_decode_str(&text.replace('+', " "))
                    .decode_utf8_lossy()
                    .into_owned()
            };
            (decode(name), decode(value))
        })
        .collect()
}

/// Whether a text endpoint would be refused before it runs, so that it answers 406 whatever is wrong beside.
pub(crate) fn text_or_406(call: &Call<'_>) -> Result<(), ApiError> {
    let accept = call.header("accept");
    if accept.is_none() || accepts(accept, "text") {
        Ok(())
    } else {
        Err(ApiError::jersey(406))
    }
}

fn resource(call: &mut Call<'_>) -> Answer {
    let path: Vec<String> = call.path.clone();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["server" | "version" | "apiVersion", ..] => server::route(call, &path),
        ["users", ..] => users::route(call, &path[1..]),
        ["projects", ..] => projects::route(call, &path[1..]),
        ["buildTypes", ..] => build_types::route(call, &path[1..]),
        ["vcs-roots", ..] => vcs::roots(call, &path[1..]),
        ["vcs-root-instances", ..] => vcs::instances(call, &path[1..]),
        ["changes", ..] => changes::route(call, &path[1..]),
        ["buildQueue", ..] => queue::route(call, &path[1..]),
        ["builds", ..] => builds::route(call, &path[1..]),
        ["testOccurrences", ..] => tests::tests(call, &path[1..]),
        ["problemOccurrences", ..] => problems::problems(call, &path[1..]),
        ["agents", ..] => agents::route(call, &path[1..]),
        ["agentPools", ..] => agent_pools::route(call, &path[1..]),
        ["pipelines", ..] => pipelines::route(call, &path[1..]),
        _ => Err(ApiError::unmapped()),
    }
}

/// Only these methods are allowed here.
pub(crate) fn only(call: &Call<'_>, methods: &[&str]) -> Result<(), ApiError> {
    let head = call.method == "HEAD" && methods.contains(&"GET");
    if head || methods.contains(&call.method) {
        Ok(())
    } else {
        Err(ApiError::jersey(405))
    }
}
