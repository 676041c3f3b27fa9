//! Servers that are not there, or do not answer.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, TcpStream};

use super::Place;

/// A host that no name server knows, ever (RFC 6761).
pub const UNKNOWN_HOST: &str = "teamcity.invalid";

/// Connections are made, and nothing is ever answered: a handshake that hangs, or a request (`url_with("http")`).
pub fn hung_handshake() -> Place {
    Place::serve("https", |mut stream| async move {
        until_closed(&mut stream).await;
    })
}

/// The same, and who asks is told of each connection on which something was said.
pub fn hung_handshake_that_tells() -> (Place, mpsc::Receiver<()>) {
    let (tell, told) = mpsc::channel();
    let place = Place::serve("https", move |mut stream| {
        let tell = tell.clone();
        async move {
            let mut first = [0; 1];
            let _ = stream.read(&mut first).await;
            // The test may be over.
            let _ = tell.send(());
            until_closed(&mut stream).await;
        }
    });
    (place, told)
}

/// Connections are made and reset as soon as something is said.
pub fn reset() -> Place {
    Place::serve("https", |mut stream| async move {
        let mut first = [0; 1];
        let _ = stream.read(&mut first).await;
        let _ = stream.set_zero_linger();
    })
}

/// Reads until the client goes away.
pub(super) async fn until_closed(stream: &mut TcpStream) {
    let mut heard = [0; 4096];
    while stream.read(&mut heard).await.is_ok_and(|read| read > 0) {}
}

/// A port on which nothing listens: connections are refused.
pub fn closed_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

/// A port on which connections are never made, as behind a firewall that drops packets. Lives until it is dropped.
pub struct NoConnection {
    address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _waiting: Vec<TcpStream>,
}

impl NoConnection {
    /// A listener whose queue is full, and that takes nobody out of it.
    pub async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        // On this machine a connection is made at once or not at all.
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(50), TcpStream::connect(address)).await
        {
            waiting.push(stream);
        }
        Self {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
