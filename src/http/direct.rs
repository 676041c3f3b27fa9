//! The real transport, on `reqwest` with rustls. The one place where TLS, proxies and redirects are configured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Proxy, redirect};
use url::Url;

use super::certificate::Verifier;
use super::fault::{self, CONNECT_TIMEOUT, UnknownName, Way};
use super::tunnel;
use crate::types::{Proxies, ProxyAddress};
use crate::world::{
    BoxFuture, Chunks, ConnectError, Connection, Request, Response, Transport, TransportError,
    TransportErrorKind,
};

/// Idle connections are dropped well before Tomcat's 20 s, so that a request seldom meets a closing one.
const IDLE: Duration = Duration::from_secs(15);

/// Makes the transport.
///
/// # Errors
/// When certificates can't be used.
pub fn connect(connection: &Connection) -> Result<impl Transport + use<>, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(Arc::clone(&provider), connection.extra_roots.as_deref())?;
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::Client(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let proxies = Arc::new(connection.proxies.clone());
    let of_client = Arc::clone(&proxies);
    let client = Client::builder()
        // A plain product name: TeamCity redirects what looks like a browser to its login page.
        .user_agent(concat!("teamcity-pipe/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .default_headers(connection.headers.clone())
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE)
        .dns_resolver(Arc::new(Names))
        .no_proxy()
        .proxy(Proxy::custom(move |url| of_client.to(url).map(with_login)))
        .build()
        .map_err(|error| ConnectError::Client(error.without_url().to_string()))?;
    Ok(Direct { client, proxies })
}

/// The address with user and password in it, encoded, as the client below wants it.
fn with_login(proxy: &ProxyAddress) -> Url {
    let mut url = proxy.url.clone();
    if let Some((user, password)) = &proxy.login {
        // Both fail for addresses without a host alone, and a proxy has one.
        let escaped = |text: &str| text.replace('%', "%25");
        let _ = url.set_username(&escaped(user));
        let _ = url.set_password(Some(&escaped(password.expose())));
    }
    url
}

/// The system's names, with an error of its own.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = match tokio::net::lookup_host((host.as_str(), 0)).await {
                Ok(found) => found.collect(),
                Err(_) => Vec::new(),
            };
            if found.is_empty() {
                return Err(UnknownName(host).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

struct Direct {
    client: Client,
    proxies: Arc<Proxies>,
}

impl Transport for Direct {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let url = request.url.clone();
            let proxy = self.proxies.to(&url);
            let mut builder = self
                .client
                .request(request.method, request.url)
                .headers(request.headers);
            if let Some(body) = request.body {
                builder = builder.body(body);
            }
            let way = Way { url: &url, proxy };
            let response = match builder.send().await {
                Ok(response) => response,
                Err(error) => {
                    return Err(match (fault::understand(&error, &way), proxy) {
                        (Some(error), _) => error,
                        (None, Some(proxy)) => {
                            let (fault, detail) = tunnel::ask(proxy, &url).await;
                            let kind = TransportErrorKind::Proxy(fault);
                            TransportError { kind, detail }
                        }
                        (None, None) => TransportError {
                            kind: TransportErrorKind::Interrupted,
                            detail: "the connection was lost".to_owned(),
                        },
                    });
                }
            };
            if let Some(proxy) = proxy.filter(|_| url.scheme() == "http")
                && let Some(error) = of_proxy(&response, proxy)
            {
                return Err(error);
            }
            Ok(Response {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: Box::new(Streamed { response, url }),
            })
        })
    }
}

/// Without a tunnel a proxy answers in the server's place: what is its own refusal, not the server's. TeamCity itself
/// refuses without a page.
fn of_proxy(response: &reqwest::Response, proxy: &ProxyAddress) -> Option<TransportError> {
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type");
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_via =
        response.headers().contains_key("via") || response.headers().contains_key("proxy-status");
    let is_own = match status {
        407 => true,
        403 | 451 => is_page,
        502 | 504 => is_page && is_via,
        _ => false,
    };
    is_own.then(|| {
        let (fault, detail) = tunnel::of_status(Some(status), &proxy.shown());
        TransportError {
            kind: TransportErrorKind::Proxy(fault),
            detail,
        }
    })
}

struct Streamed {
    response: reqwest::Response,
    url: Url,
}

impl Chunks for Streamed {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async {
            let way = Way {
                url: &self.url,
                proxy: None,
            };
            self.response.chunk().await.map_err(|error| {
                fault::understand(&error, &way).unwrap_or_else(|| TransportError {
                    kind: TransportErrorKind::Interrupted,
                    detail: "the connection was lost".to_owned(),
                })
            })
        })
    }
}
