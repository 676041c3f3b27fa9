//! A server of one function, for unit tests.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use super::{Client, Requests};
use crate::http::{BoxFuture, Chunks, Request, Response, Retry, Transport, TransportError, Watch};
use crate::types::Secret;

/// Answers requests by a function, and remembers them.
#[derive(Clone)]
pub(crate) struct Stub(Rc<Inner>);

type Answer = (u16, HeaderMap, Vec<Bytes>);

struct Inner {
    answer: Box<dyn Fn(&Request) -> Answer>,
    requests: RefCell<Vec<Request>>,
}

impl Stub {
    /// Answers with a status and a text.
    pub(crate) fn new(answer: impl Fn(&Request) -> (u16, String) + 'static) -> Self {
        Self::with_headers(move |request| {
            let (status, text) = answer(request);
            (status, HeaderMap::new(), vec![Bytes::from(text)])
        })
    }

    /// Answers with a status, headers, and a body in pieces; an empty piece breaks the connection.
    pub(crate) fn with_headers(answer: impl Fn(&Request) -> Answer + 'static) -> Self {
        Self(Rc::new(Inner {
            answer: Box::new(answer),
            requests: RefCell::default(),
        }))
    }

    pub(crate) fn requests(&self) -> Vec<Url> {
        self.0
            .requests
            .borrow()
            .iter()
            .map(|request| request.url.clone())
            .collect()
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.0.requests.borrow().clone()
    }
}

impl Transport for Stub {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (status, headers, body) = (self.0.answer)(&request);
            self.0.requests.borrow_mut().push(request);
            let body = Box::new(Pieces(body.into_iter()));
            Ok(Response {
                status,
                headers,
                body,
            })
        })
    }
}

struct Pieces(std::vec::IntoIter<Bytes>);

impl Chunks for Pieces {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        let next = match self.0.next() {
            Some(piece) if piece.is_empty() => Err(TransportError {
                kind: crate::http::TransportErrorKind::Interrupted,
                detail: "cut".to_owned(),
            }),
            next => Ok(next),
        };
        Box::pin(async move { next })
    }
}

struct Quiet;

impl Watch for Quiet {
    fn outage(&self, _: &dyn std::fmt::Display, _: Duration) {}
    fn recovered(&self, _: Duration) {}
}

/// A client of the stub, below `https://tc.example.com/tc/`.
pub(crate) fn client(stub: &Stub) -> Client {
    let base = Url::parse("https://tc.example.com/tc/").unwrap();
    let retry = Retry::new(Duration::from_secs(60));
    let token = Secret::new("s3cr3t");
    Client::new(
        Requests::new(
            Rc::new(stub.clone()),
            base,
            &token,
            &[],
            retry,
            Rc::new(Quiet),
        )
        .unwrap(),
    )
}
