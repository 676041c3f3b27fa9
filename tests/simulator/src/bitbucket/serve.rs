//! Serves it on a port of this machine: as the API, and as the step's proxy.

use std::net::SocketAddr;

use anyhow::Context as _;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Bitbucket, Closed};
use crate::body::Body;

/// A port that is served until this is dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Served {
    /// `http://127.0.0.1:port`: the step's proxy.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:port/2.0`: the API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/2.0", self.address)
    }
}

impl Bitbucket {
    /// Serves it by a thread of its own, on a free port.
    ///
    /// # Errors
    /// When there is no port or no thread.
    pub fn spawn_thread(&self) -> anyhow::Result<Served> {
        self.spawn_thread_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same at this address.
    ///
    /// # Errors
    /// When the port is taken, or there is no thread.
    pub fn spawn_thread_at(&self, address: SocketAddr) -> anyhow::Result<Served> {
        let (stop, mut stopped) = oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind(address)
            .with_context(|| format!("{address} can't be bound"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let bitbucket = self.clone();
        std::thread::Builder::new().name("bitbucket".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                loop {
                    tokio::select! {
                        _ = &mut stopped => return,
                        accepted = listener.accept() => {
                            let Ok((stream, _)) = accepted else { continue };
                            let bitbucket = bitbucket.clone();
                            let service = service_fn(move |request| serve(bitbucket.clone(), request));
                            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                            // A connection that breaks is the client's business.
                            tokio::spawn(async move { connection.await.ok() });
                        }
                    }
                }
            });
        })?;
        Ok(Served {
            address,
            _stop: stop,
        })
    }
}

async fn serve(bitbucket: Bitbucket, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    bitbucket.respond(Request::from_parts(head, body)).await
}
