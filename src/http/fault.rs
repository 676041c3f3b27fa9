//! What went wrong on the way to a server, told apart once: from the errors of the libraries below to a kind and a
//! sentence for people. No words of a library pass.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription as Alert, CertificateError, Error as Tls, OtherError};
use url::Url;

use super::certificate::Refusal;
use crate::types::ProxyAddress;
use crate::world::{ProtocolFault, ProxyFault, TransportError, TransportErrorKind as Kind};

/// Time to make a connection. Longer than two lost SYN packets need (1 s, then 2 s more).
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// No address was found for a name.
#[derive(Debug, thiserror::Error)]
#[error("the name {0} can't be resolved")]
pub(super) struct UnknownName(pub(super) String);

/// The way of a request.
pub(super) struct Way<'a> {
    pub(super) url: &'a Url,
    pub(super) proxy: Option<&'a ProxyAddress>,
}

impl Way<'_> {
    /// Host and port, as people write them.
    fn server(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether the proxy is asked for a tunnel, and hears nothing of the request.
    fn is_tunnel(&self) -> bool {
        self.url.scheme() == "https" && self.proxy.is_some()
    }
}

/// What an error on this way is. `None` for a proxy that opened no tunnel: it has to be asked why.
pub(super) fn understand(error: &reqwest::Error, way: &Way<'_>) -> Option<TransportError> {
    let (kind, detail) = causes(error)
        .find_map(|cause| of_cause(cause, error.is_connect(), way))
        .or_else(|| error.is_timeout().then(|| no_connection(way)))
        .or_else(|| (!(error.is_connect() && way.is_tunnel())).then(|| broken_off(error, way)))?;
    Some(TransportError { kind, detail })
}

fn of_cause(
    cause: &(dyn StdError + 'static),
    is_connecting: bool,
    way: &Way<'_>,
) -> Option<(Kind, String)> {
    let server = way.server();
    if let Some(UnknownName(name)) = cause.downcast_ref() {
        return Some(match way.proxy {
            Some(proxy) => (
                Kind::Proxy(ProxyFault::NoProxy),
                format!(
                    "the proxy {} can't be reached: its name can't be resolved",
                    proxy.shown()
                ),
            ),
            None => (Kind::Name, format!("the name {name} can't be resolved")),
        });
    }
    if let Some(tls) = cause.downcast_ref() {
        return Some(of_tls(tls, &server));
    }
    if cause
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_parse)
    {
        return Some(match way.proxy.filter(|_| !way.is_tunnel()) {
            Some(proxy) => (
                Kind::Proxy(ProxyFault::NoProxy),
                format!("{} does not answer like a proxy", proxy.shown()),
            ),
            None => (
                Kind::Protocol(ProtocolFault::NoHttp),
                format!("{server} does not speak HTTP"),
            ),
        });
    }
    let why = cause.downcast_ref::<io::Error>()?.kind();
    if !is_connecting {
        return None;
    }
    let words = match why {
        io::ErrorKind::ConnectionRefused => "nothing listens there (connection refused)",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no network route to it"
        }
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => {
            let words = format!("{server} closed the connection before it was established");
            return Some((Kind::Connect, words));
        }
        io::ErrorKind::TimedOut => return Some(no_connection(way)),
        _ => return None,
    };
    Some(match way.proxy {
        Some(proxy) => (
            Kind::Proxy(ProxyFault::Unreachable),
            format!("the proxy {} can't be reached: {words}", proxy.shown()),
        ),
        None => (Kind::Connect, format!("{server}: {words}")),
    })
}

fn no_connection(way: &Way<'_>) -> (Kind, String) {
    let seconds = CONNECT_TIMEOUT.as_secs();
    match way.proxy {
        Some(proxy) => (
            Kind::Proxy(ProxyFault::Unreachable),
            format!(
                "no connection through the proxy {} within {seconds} s",
                proxy.shown()
            ),
        ),
        None => (
            Kind::Connect,
            format!("no connection to {} within {seconds} s", way.server()),
        ),
    }
}

fn broken_off(error: &reqwest::Error, way: &Way<'_>) -> (Kind, String) {
    let server = way.server();
    if error.is_connect() {
        return (
            Kind::Connect,
            format!("no connection to {server} can be established"),
        );
    }
    if error.is_decode() {
        let words = format!("{server} compresses its answer in a way that is not supported");
        return (Kind::Interrupted, words);
    }
    (Kind::Interrupted, format!("{server} closed the connection"))
}

fn of_tls(error: &Tls, server: &str) -> (Kind, String) {
    let protocol = |fault, words: &str| (Kind::Protocol(fault), format!("{server} {words}"));
    match error {
        Tls::InvalidCertificate(why) => {
            let told = match why {
                CertificateError::Other(OtherError(inner)) => inner.downcast_ref::<Refusal>(),
                _ => None,
            };
            let refusal = told.cloned().unwrap_or_else(|| Refusal::of_error(error));
            (
                Kind::Certificate(refusal.fault),
                format!("the certificate of {server} {refusal}"),
            )
        }
        Tls::InvalidMessage(_) => protocol(
            ProtocolFault::NoTls,
            "does not speak TLS: it may be an http port",
        ),
        Tls::PeerIncompatible(_)
        | Tls::AlertReceived(
            Alert::ProtocolVersion | Alert::InsufficientSecurity | Alert::HandshakeFailure,
        ) => protocol(
            ProtocolFault::TooOld,
            "and the pipe have no TLS version or cipher in common: the pipe supports TLS 1.2 and 1.3",
        ),
        Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied,
        ) => protocol(
            ProtocolFault::ClientCertificate,
            "requires a client certificate, and the pipe has none",
        ),
        Tls::AlertReceived(Alert::UnrecognisedName) => protocol(
            ProtocolFault::Handshake,
            "does not serve a host of this name",
        ),
        _ => protocol(ProtocolFault::Handshake, "aborted the TLS handshake"),
    }
}

/// An error with all that it stands for. `io::Error` hides what it wraps from `source`.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
