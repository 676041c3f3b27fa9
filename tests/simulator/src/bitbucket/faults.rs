//! What goes wrong between a client and Bitbucket, and which requests it hits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Response, header};

use super::answer::{Answer, error, lacks_scope};
use super::credential::unknown;
use super::{Call, Seen};
use crate::body::Body;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks without an answer.
    Refuse,
    /// It acts, and the connection breaks without an answer.
    RefuseAfterActing,
    /// It answers with this status, and does not act; 401 and 403 in the words that it has for a credential.
    Status(u16),
    /// A proxy's page of HTML with this status; it does not act.
    Html(u16),
    /// Too many requests (429), with the headers that say where one stands.
    TooMany {
        /// The `Retry-After` header, if there is one.
        retry_after: Option<Duration>,
    },
    /// No answer comes, ever; it does not act.
    Hang,
    /// It acts, and no answer comes, ever.
    HangAfterActing,
    /// The answer takes so long.
    Slow(Duration),
    /// The answer's body comes byte by byte.
    Drip {
        /// The time before each byte.
        per_byte: Duration,
    },
    /// The answer's body ends in the middle, and the connection breaks.
    Cut,
}

/// A fault and the requests that it hits: all of them, unless told otherwise.
#[derive(Debug, Clone)]
pub struct Breakdown {
    fault: Fault,
    call: Option<Call>,
    method: Option<String>,
    part: String,
    skip: usize,
    most: usize,
    seen: usize,
}

impl Breakdown {
    /// Hits all requests.
    #[must_use]
    pub fn of(fault: Fault) -> Self {
        Self {
            fault,
            call: None,
            method: None,
            part: String::new(),
            skip: 0,
            most: usize::MAX,
            seen: 0,
        }
    }
    /// Only this call.
    #[must_use]
    pub fn on(mut self, call: Call) -> Self {
        self.call = Some(call);
        self
    }
    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }
    /// Only paths that contain this text.
    #[must_use]
    pub fn path_contains(mut self, part: &str) -> Self {
        part.clone_into(&mut self.part);
        self
    }
    /// Not the first `n` of them.
    #[must_use]
    pub fn after(mut self, n: usize) -> Self {
        self.skip = n;
        self
    }
    /// Only `n` of them.
    #[must_use]
    pub fn times(mut self, n: usize) -> Self {
        self.most = n;
        self
    }

    /// The fault, if it hits this request. Counts it.
    pub(super) fn hits(&mut self, method: &str, path: &str, call: Option<Call>) -> Option<Fault> {
        let fits = path.contains(&self.part)
            && self.method.as_ref().is_none_or(|one| one == method)
            && self.call.is_none_or(|one| Some(one) == call);
        if !fits {
            return None;
        }
        self.seen += 1;
        (self.seen > self.skip && self.seen - self.skip <= self.most).then_some(self.fault)
    }
}

/// The answer in place of Bitbucket's own, where it does not act.
pub(super) fn instead(fault: Fault, seen: &Seen) -> Option<Response<Bytes>> {
    match fault {
        Fault::Status(401) => {
            let given = seen.authorization.as_deref().unwrap_or_default();
            Some(unknown(given).into_response())
        }
        Fault::Status(403) => Some(lacks_scope(&["repository"], &["account"]).into_response()),
        Fault::Status(status) => Some(error(status, "Something went wrong").into_response()),
        Fault::Html(status) => {
            let mut response = Answer::empty(status)
                .with(header::CONTENT_TYPE, "text/html")
                .into_response();
            *response.body_mut() = Bytes::from_static(
                b"<!DOCTYPE html><html><head><title>Bitbucket</title></head><body>Unavailable</body></html>",
            );
            Some(response)
        }
        Fault::TooMany { retry_after } => Some(too_many(1000, retry_after).into_response()),
        _ => None,
    }
}

/// 429, as the API's own limit says it.
pub(super) fn too_many(limit: usize, retry_after: Option<Duration>) -> Answer {
    let mut answer = error(429, "Rate limit for this resource has been exceeded");
    for (name, value) in rate_headers(limit, true) {
        answer = answer.with(name, value);
    }
    match retry_after {
        Some(after) => answer.with(header::RETRY_AFTER, after.as_secs().to_string()),
        None => answer,
    }
}

/// The three headers that tell where a credential stands.
pub(super) fn rate_headers(limit: usize, near: bool) -> [(HeaderName, String); 3] {
    [
        (
            HeaderName::from_static("x-ratelimit-limit"),
            limit.to_string(),
        ),
        (
            HeaderName::from_static("x-ratelimit-resource"),
            "api-repositories".to_owned(),
        ),
        (
            HeaderName::from_static("x-ratelimit-nearlimit"),
            near.to_string(),
        ),
    ]
}

/// What a fault makes of the body of a real answer.
pub(super) fn spoil(fault: Option<Fault>, body: Bytes) -> Body {
    match fault {
        Some(Fault::Drip { per_byte }) => Body::whole(body).dripping(per_byte),
        Some(Fault::Cut) => Body::whole(body).cut(),
        _ => Body::whole(body),
    }
}
