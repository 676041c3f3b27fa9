//! The simulator in the same process, for unit tests.

use std::rc::Rc;

use bytes::Bytes;
use teamcity_simulator::bitbucket::{Bitbucket, Scope};
use url::Url;

use super::{Client, Patience, Repository, proxied};
use crate::http::{
    BoxFuture, Chunks, Request, Response, Transport, TransportError, TransportErrorKind,
};
use crate::types::{Credential, Secret};

pub(crate) const COMMIT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";

struct InProcess(Bitbucket);

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut asked = http::Request::new(request.body.unwrap_or_default());
            *asked.method_mut() = request.method;
            *asked.uri_mut() = request.url.as_str().parse().unwrap();
            *asked.headers_mut() = request.headers;
            let answer = self
                .0
                .handle(asked)
                .await
                .map_err(|closed| TransportError {
                    kind: TransportErrorKind::Interrupted,
                    detail: closed.to_string(),
                })?;
            let (head, body) = answer.into_parts();
            Ok(Response {
                status: head.status.as_u16(),
                headers: head.headers,
                body: Box::new(Whole(Some(body))),
            })
        })
    }
}

struct Whole(Option<Bytes>);

impl Chunks for Whole {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        let body = self.0.take();
        Box::pin(async move { Ok(body) })
    }
}

/// A Bitbucket with the repository `acme/shop`, its commit, and one credential.
pub(crate) fn bitbucket(scopes: &[Scope]) -> Bitbucket {
    Bitbucket::new()
        .with_repository("acme/shop", &[COMMIT])
        .with_credential("Bearer s3cr3t", scopes)
}

pub(crate) fn repository() -> Repository {
    Repository {
        workspace: "acme".into(),
        slug: "shop".into(),
    }
}

fn api() -> Url {
    Url::parse("https://api.bitbucket.org/2.0").unwrap()
}

/// By the step's proxy, for a person.
pub(crate) fn by_proxy(bitbucket: &Bitbucket) -> Client {
    by_proxy_with(bitbucket, &Rc::new(Patience::of_a_person()))
}

/// By the step's proxy.
pub(crate) fn by_proxy_with(bitbucket: &Bitbucket, patience: &Rc<Patience>) -> Client {
    let transport = Rc::new(InProcess(bitbucket.clone()));
    Client::new(transport, proxied(&api()), None, Rc::clone(patience)).unwrap()
}

/// With the credential, for a person.
pub(crate) fn direct(bitbucket: &Bitbucket) -> Client {
    direct_with(bitbucket, &Rc::new(Patience::of_a_person()))
}

/// With the credential.
pub(crate) fn direct_with(bitbucket: &Bitbucket, patience: &Rc<Patience>) -> Client {
    let credential = Credential::Bearer(Secret::new("s3cr3t"));
    Client::new(
        Rc::new(InProcess(bitbucket.clone())),
        api(),
        Some(&credential),
        Rc::clone(patience),
    )
    .unwrap()
}
