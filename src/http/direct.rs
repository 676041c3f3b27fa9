//! The real transport, on `reqwest` with rustls. The one place where TLS, proxies and redirects are configured.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Certificate, Client, Proxy, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::world::{
    BoxFuture, Chunks, ConnectError, Connection, Request, Response, Transport, TransportError,
    TransportErrorKind,
};

/// Time to make a connection. Longer than two lost SYN packets need (1 s, then 2 s more).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are dropped well before Tomcat's 20 s, so that a request seldom meets a closing one.
const IDLE: Duration = Duration::from_secs(15);

/// Makes the transport.
///
/// # Errors
/// When certificates or the proxy can't be used.
pub fn connect(connection: &Connection) -> Result<impl Transport + use<>, ConnectError> {
    // A second installation fails, and is harmless: the provider is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = Vec::new();
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        roots.push(
            Certificate::from_der(der).map_err(|error| ConnectError::Client(error.to_string()))?,
        );
    }
    if let Some(pem) = &connection.extra_roots {
        let before = roots.len();
        for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let der = der.map_err(|error| ConnectError::Certificate(format!("{error:?}")))?;
            roots.push(
                Certificate::from_der(&der)
                    .map_err(|error| ConnectError::Certificate(error.to_string()))?,
            );
        }
        if roots.len() == before {
            return Err(ConnectError::Certificate(
                "there is no BEGIN CERTIFICATE line".to_owned(),
            ));
        }
    }
    let mut builder = Client::builder()
        // A plain product name: TeamCity redirects what looks like a browser to its login page.
        .user_agent(concat!("teamcity-pipe/", env!("CARGO_PKG_VERSION")))
        .tls_certs_only(roots)
        .default_headers(connection.headers.clone())
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE);
    if let Some(proxy) = &connection.http_proxy {
        let proxy = Proxy::http(proxy).map_err(|error| ConnectError::Proxy(describe(&error)))?;
        builder = builder.no_proxy().proxy(proxy);
    }
    let client = builder
        .build()
        .map_err(|error| ConnectError::Client(describe(&error)))?;
    Ok(Direct(client))
}

struct Direct(Client);

impl Transport for Direct {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut builder = self
                .0
                .request(request.method, request.url)
                .headers(request.headers);
            if let Some(body) = request.body {
                builder = builder.body(body);
            }
            let response = builder.send().await.map_err(transport_error)?;
            Ok(Response {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: Box::new(Streamed(response)),
            })
        })
    }
}

struct Streamed(reqwest::Response);

impl Chunks for Streamed {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async { self.0.chunk().await.map_err(transport_error) })
    }
}

fn transport_error(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let detail = describe(&error);
    // rustls's own error sits too deep in reqwest's chain to be downcast without naming its private wrappers.
    let kind = if detail.contains("certificate") {
        TransportErrorKind::Certificate
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Interrupted
    };
    TransportError { kind, detail }
}

/// The innermost cause says most ("connection refused"); the outer ones only that a request failed.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
