//! The border to the network: one request in, one answer out.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::types::Proxies;

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

/// Kinds of failure that callers tell apart. Which of them pass by themselves is decided where they are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection could be made: the request was certainly not sent.
    Connect,
    /// No name server knows the host.
    Name,
    /// The certificate was not accepted.
    Certificate(CertificateFault),
    /// Both sides can't agree on how to speak.
    Protocol(ProtocolFault),
    /// A proxy on the way, not the server.
    Proxy(ProxyFault),
    /// The connection ended, or the time limit passed, after the request may have been read.
    Interrupted,
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not come, or the clock here is wrong.
    NotYetValid,
    /// It is for other hosts.
    WrongName,
    /// Nobody whom we trust has issued it. Whether the user has handed over certificates to trust.
    UnknownIssuer {
        /// `TEAMCITY_CA_CERTIFICATE` is set.
        given: bool,
    },
    /// It is signed by an algorithm that is accepted no more.
    Weak,
    /// Anything else.
    Broken,
}

/// Why no conversation came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolFault {
    /// We speak TLS, and what answers does not.
    NoTls,
    /// We speak plain HTTP, and what answers wants TLS.
    WantsTls,
    /// What answers speaks neither.
    NoHttp,
    /// No version or cipher of TLS in common.
    TooOld,
    /// The server wants a certificate of its clients.
    ClientCertificate,
    /// The handshake fails in another way.
    Handshake,
}

/// What a proxy does instead of leading to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFault {
    /// It wants a user and a password, or others (407).
    Password,
    /// It refuses to connect to the server (403 and the like).
    Refused,
    /// What answers at its address is no proxy, or the address is none.
    NoProxy,
    /// It can't be reached, or can't reach the server (502 and the like).
    Unreachable,
}

/// How to connect.
#[derive(Debug, Default)]
pub struct Connection {
    /// PEM text of CAs to trust beside the public ones.
    pub extra_roots: Option<String>,
    /// Headers for every request.
    pub headers: HeaderMap,
    /// The proxies on the way; those of the environment are never looked at.
    pub proxies: Proxies,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The extra roots are no certificates.
    #[error("it holds no readable PEM certificate: {0}")]
    Certificate(String),
    /// The TLS library refused.
    #[error("the HTTP client can't be made: {0}")]
    Client(String),
}
