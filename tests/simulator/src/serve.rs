//! The simulator on a real socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::BodyExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::body::Disconnect;
use crate::scenario::Scenario;
use crate::simulator::Simulator;

impl Simulator {
    /// Serves a listener until the future is dropped. Connections run as tasks of the current runtime.
    pub async fn serve(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Nothing in here is tied to a thread, so a plain spawn serves every kind of runtime.
                    tokio::spawn(self.clone().connection(stream));
                }
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    async fn connection(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        if self.refuses_connections() {
            abort(stream);
            return;
        }
        let aborted = Arc::new(AtomicBool::new(false));
        let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
            let (simulator, aborted) = (self.clone(), aborted.clone());
            Box::pin(async move {
                let (head, body) = request.into_parts();
                let body = body
                    .collect()
                    .await
                    .map_err(|_| Disconnect::ResetAfter)?
                    .to_bytes();
                let answer = simulator
                    .handle(http::Request::from_parts(head, body))
                    .await;
                answer.inspect_err(|_| aborted.store(true, Ordering::Relaxed))
            })
        });
        let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let ended = std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await;
        if ended.is_err() || aborted.load(Ordering::Relaxed) {
            abort(connection.into_parts().io.into_inner());
        }
    }

    /// Binds a free port of the loopback interface and serves it as a task of the current runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn listen(&self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        self.set_web_url(&format!("http://{address}"));
        tokio::spawn(self.clone().serve(listener));
        Ok(address)
    }

    /// Starts a simulator on a free port, on a thread and runtime of its own that last as long as the process.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn spawn_thread(scenario: Scenario) -> std::io::Result<(Simulator, SocketAddr)> {
        let simulator = Simulator::start(scenario);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        simulator.set_web_url(&format!("http://{address}"));
        let served = simulator.clone();
        std::thread::Builder::new()
            .name("teamcity-simulator".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    if let Ok(listener) = TcpListener::from_std(listener) {
                        served.serve(listener).await;
                    }
                });
            })?;
        Ok((simulator, address))
    }
}

/// Ends a connection with a reset rather than an orderly end.
fn abort(stream: TcpStream) {
    let _ = stream.set_zero_linger();
    drop(stream);
}
