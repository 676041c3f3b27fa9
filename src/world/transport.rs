//! The border to the network: one request in, one answer out.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

/// A boxed future that need not be `Send`: the pipe runs on one thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Sends requests. The real one is `http::connect`'s; tests hand in a server that lives in the process.
pub trait Transport {
    /// Sends one request and returns as soon as the answer's head is there.
    ///
    /// # Errors
    /// When no answer came. Time limits are the caller's.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// One request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL; never carries a credential.
    pub url: Url,
    /// Headers beside those that the transport adds (user agent, host).
    pub headers: HeaderMap,
    /// The body, if there is one.
    pub body: Option<Bytes>,
    /// Which try this is, from 1; for the trace.
    pub attempt: u32,
}

/// An answer whose body has not been read yet.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, read piece by piece.
    pub body: Body,
}

impl Response {
    /// A header's value as text, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A body that is read piece by piece, so that its size never decides the memory used.
pub type Body = Box<dyn Chunks>;

/// The pieces of a body.
pub trait Chunks {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the connection ends before the body does.
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>>;
}

/// Why no (whole) answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TransportError {
    /// What kind of failure it was.
    pub kind: TransportErrorKind,
    /// In words, without the URL.
    pub detail: String,
}

/// Kinds of failure that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection could be made: the request was certainly not sent.
    Connect,
    /// The certificate was not accepted: asking again will not help.
    Certificate,
    /// The connection ended, or the time limit passed, after the request may have been read.
    Interrupted,
}

/// How to connect.
#[derive(Debug, Default)]
pub struct Connection {
    /// PEM text of CAs to trust beside the public ones.
    pub extra_roots: Option<String>,
    /// Headers for every request.
    pub headers: HeaderMap,
    /// A proxy for plain http, with the environment's proxies ignored: the step's own proxy for Bitbucket.
    pub http_proxy: Option<String>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The extra roots are no certificates.
    #[error("it holds no readable PEM certificate: {0}")]
    Certificate(String),
    /// The proxy's address is wrong.
    #[error("the proxy's address can't be used: {0}")]
    Proxy(String),
    /// The TLS library refused.
    #[error("the HTTP client can't be made: {0}")]
    Client(String),
}
