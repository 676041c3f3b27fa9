//! An HTTP proxy: forwards plain requests and opens tunnels (CONNECT), or refuses to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::message::{Request, answer};
use super::{Place, silence};

#[derive(Clone)]
enum Manner {
    Open,
    Password(String),
    Answering(u16),
    Silent,
}

#[derive(Default)]
struct Known {
    heard: Vec<Request>,
    leads: BTreeMap<String, SocketAddr>,
}

/// A proxy, served until this is dropped.
pub struct Proxy {
    place: Place,
    known: Arc<Mutex<Known>>,
}

impl Proxy {
    /// It serves everybody.
    pub fn open() -> Self {
        Self::start(Manner::Open)
    }

    /// It serves those who know name and password; others get 407 with `Proxy-Authenticate: Basic`.
    pub fn with_password(user: &str, password: &str) -> Self {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Self::start(Manner::Password(format!("Basic {pair}")))
    }

    /// It answers every request with this status (403, 502) and a page of its own.
    pub fn answering(status: u16) -> Self {
        Self::start(Manner::Answering(status))
    }

    /// It reads requests and never answers.
    pub fn silent() -> Self {
        Self::start(Manner::Silent)
    }

    fn start(manner: Manner) -> Self {
        let known = Arc::<Mutex<Known>>::default();
        let of_server = Arc::clone(&known);
        let place = Place::serve("http", move |stream| {
            serve(stream, manner.clone(), Arc::clone(&of_server))
        });
        Self { place, known }
    }

    /// `host:port` is this server in truth. Other hosts are what they are.
    pub fn leads(&self, host_and_port: &str, to: SocketAddr) -> &Self {
        let mut known = self.known.lock().unwrap();
        known.leads.insert(host_and_port.to_owned(), to);
        self
    }

    /// `http://localhost:…`, for `HTTP_PROXY` and `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        self.place.url()
    }

    /// The same with name and password between, just as they are given.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        let port = self.place.address().port();
        format!("http://{user}:{password}@localhost:{port}")
    }

    /// What it heard so far.
    pub fn heard(&self) -> Vec<Request> {
        self.known.lock().unwrap().heard.clone()
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, known: Arc<Mutex<Known>>) {
    let Some(request) = Request::read(&mut stream).await else {
        return;
    };
    known.lock().unwrap().heard.push(request.clone());
    match manner {
        Manner::Silent => return silence::until_closed(&mut stream).await,
        Manner::Answering(status) => {
            let page = format!("<html><body><h1>{status} by the proxy</h1></body></html>");
            return answer(&mut stream, status, "Via: 1.1 proxy\r\n", &page).await;
        }
        Manner::Password(wanted) if request.header("proxy-authorization") != Some(&wanted) => {
            let header = "Proxy-Authenticate: Basic realm=\"proxy\"\r\n";
            let page = "<html><body><h1>Proxy Authentication Required</h1></body></html>";
            return answer(&mut stream, 407, header, page).await;
        }
        Manner::Password(_) | Manner::Open => {}
    }
    if forward(&mut stream, &request, &known).await.is_err() {
        let page = "<html><body><h1>The proxy can't reach the host</h1></body></html>";
        answer(&mut stream, 502, "Via: 1.1 proxy\r\n", page).await;
    }
}

/// # Errors
/// When the server can't be reached.
async fn forward(
    stream: &mut TcpStream,
    request: &Request,
    known: &Mutex<Known>,
) -> std::io::Result<()> {
    let tunnel = request.method == "CONNECT";
    let host = if tunnel {
        request.target.clone()
    } else {
        let rest = request.target.strip_prefix("http://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        }
    };
    let known = known.lock().unwrap().leads.get(&host).copied();
    let server = match known {
        Some(server) => server,
        None => {
            let mut found = tokio::net::lookup_host(&host).await?;
            // The tests' servers listen on IPv4.
            let found = found.find(SocketAddr::is_ipv4);
            found.ok_or(std::io::ErrorKind::NotFound)?
        }
    };
    if tunnel {
        let mut plain = TcpStream::connect(server).await?;
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        // However it ends, the tunnel was there.
        let _ = tokio::io::copy_bidirectional(stream, &mut plain).await;
        return Ok(());
    }
    let answer = request.ask(server).await?;
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    Ok(())
}
