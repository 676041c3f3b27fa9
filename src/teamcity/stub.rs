//! Servers in the same process, for unit tests: one of a single function, and the simulator.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use teamcity_simulator::{Disconnect, Scenario, Simulator};
use url::Url;

use super::client::Client;
use super::request::Requests;
use crate::http::{
    BoxFuture, Chunks, Request, Response, Retry, Transport, TransportError, TransportErrorKind,
    Watch,
};
use crate::types::{BuildId, Secret};

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
                kind: TransportErrorKind::Interrupted,
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

/// A client of a simulated TeamCity in this process.
pub(crate) fn simulated(simulator: &Simulator) -> Client {
    let base = Url::parse("http://localhost:8111/").unwrap();
    let retry = Retry::new(Duration::from_secs(60));
    let token = Secret::new(Scenario::TOKEN);
    let transport = Rc::new(InProcess(simulator.clone()));
    Client::new(Requests::new(transport, base, &token, &[], retry, Rc::new(Quiet)).unwrap())
}

/// Queues a build of the simulator's configuration and waits until it is over.
pub(crate) async fn finished_build(client: &Client) -> BuildId {
    let body = serde_json::json!({ "buildType": { "id": "App_Build" } });
    let id = client.queue(&body, 1).await.unwrap().id.unwrap();
    while !client.build(id).await.unwrap().is_finished() {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    id
}

struct InProcess(Simulator);

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut sent = http::Request::new(request.body.unwrap_or_default());
            *sent.method_mut() = request.method;
            *sent.uri_mut() = request.url.as_str().parse().unwrap();
            *sent.headers_mut() = request.headers;
            let agent = http::HeaderValue::from_static("teamcity-pipe/test");
            sent.headers_mut().insert(http::header::USER_AGENT, agent);
            let (head, body) = self.0.handle(sent).await.map_err(broken)?.into_parts();
            let body = Box::new(InProcessBody(body));
            Ok(Response {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        })
    }
}

struct InProcessBody(teamcity_simulator::Body);

impl Chunks for InProcessBody {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async { self.0.chunk().await.map_err(broken) })
    }
}

fn broken(disconnect: Disconnect) -> TransportError {
    TransportError {
        kind: TransportErrorKind::Interrupted,
        detail: disconnect.to_string(),
    }
}
