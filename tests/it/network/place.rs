//! A port that is served by a thread of its own.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A port of this machine, served until this is dropped.
pub struct Place {
    address: SocketAddr,
    scheme: &'static str,
    _stop: oneshot::Sender<()>,
}

impl Place {
    /// Serves each connection as a task.
    pub(super) fn serve<F, Done>(scheme: &'static str, handle: F) -> Self
    where
        F: Fn(TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, mut stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    tokio::select! {
                        _ = &mut stopped => return,
                        accepted = listener.accept() => {
                            if let Ok((stream, _)) = accepted {
                                tokio::spawn(handle(stream));
                            }
                        }
                    }
                }
            });
        });
        Self {
            address,
            scheme,
            _stop: stop,
        }
    }

    /// Its address, to put something before it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://localhost:…` or `http://localhost:…`, as it is meant to be reached.
    pub fn url(&self) -> String {
        self.url_with(self.scheme)
    }

    /// The same by another scheme than it serves: `https` to a plain port, `http` to a TLS one.
    pub fn url_with(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.address.port())
    }
}
