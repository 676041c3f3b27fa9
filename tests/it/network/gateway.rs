//! What stands between a client and TeamCity and answers in its place: single sign-on, a captive page, a balancer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::Place;
use super::message::{Request, answer};

#[derive(Clone)]
enum Manner {
    Page {
        status: u16,
        headers: String,
        body: &'static str,
    },
    Wanting {
        name: String,
        value: String,
        sign_on: String,
        server: SocketAddr,
    },
    Repeating(SocketAddr),
}

/// A gateway that speaks plain HTTP, served until this is dropped. For https put [`super::Https`] before it.
pub struct Gateway {
    place: Place,
    heard: Arc<Mutex<Vec<Request>>>,
}

impl Gateway {
    /// Single sign-on: every request is sent (302) to a page of another host.
    pub fn redirecting(to: &str) -> Self {
        Self::page(302, &format!("Location: {to}\r\n"), "")
    }

    /// Single sign-on of Windows: every request gets 401 with a page and `WWW-Authenticate: Negotiate`.
    pub fn negotiating() -> Self {
        let headers = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n";
        Self::page(
            401,
            headers,
            "<html><body><h1>401 - Unauthorized: Access is denied</h1></body></html>",
        )
    }

    /// Another product, or a page that wants a click: every request gets 200 with a page of HTML.
    pub fn captive() -> Self {
        Self::page(
            200,
            "",
            "<!DOCTYPE html><html><head><title>Welcome to the network</title></head></html>",
        )
    }

    /// Every request gets this status with a page of HTML.
    pub fn answering(status: u16) -> Self {
        Self::page(
            status,
            "",
            "<html><body><h1>The gateway says no</h1></body></html>",
        )
    }

    fn page(status: u16, headers: &str, body: &'static str) -> Self {
        let headers = headers.to_owned();
        Self::start(Manner::Page {
            status,
            headers,
            body,
        })
    }

    /// Lets those pass to the server who send this header; sends others to sign on elsewhere (302).
    pub fn wanting_header(name: &str, value: &str, server: SocketAddr) -> Self {
        Self::start(Manner::Wanting {
            name: name.to_owned(),
            value: value.to_owned(),
            sign_on: "https://sso.example.com/login".to_owned(),
            server,
        })
    }

    /// A balancer that gives the server each POST twice, and the client the second answer.
    pub fn repeating_posts(server: SocketAddr) -> Self {
        Self::start(Manner::Repeating(server))
    }

    fn start(manner: Manner) -> Self {
        let heard = Arc::<Mutex<Vec<Request>>>::default();
        let of_server = Arc::clone(&heard);
        let place = Place::serve("http", move |stream| {
            serve(stream, manner.clone(), Arc::clone(&of_server))
        });
        Self { place, heard }
    }

    /// Its address, to put TLS before it.
    pub fn address(&self) -> SocketAddr {
        self.place.address()
    }

    /// `http://localhost:…`.
    pub fn url(&self) -> String {
        self.place.url()
    }

    /// What it heard so far.
    pub fn heard(&self) -> Vec<Request> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, heard: Arc<Mutex<Vec<Request>>>) {
    let Some(request) = Request::read(&mut stream).await else {
        return;
    };
    heard.lock().unwrap().push(request.clone());
    let server = match &manner {
        Manner::Page {
            status,
            headers,
            body,
        } => return answer(&mut stream, *status, headers, body).await,
        Manner::Wanting {
            name,
            value,
            sign_on,
            server,
        } => {
            if request.header(name) != Some(value) {
                let headers = format!("Location: {sign_on}\r\n");
                return answer(&mut stream, 302, &headers, "").await;
            }
            *server
        }
        Manner::Repeating(server) => {
            if request.method == "POST" {
                let _ = request.ask(*server).await;
            }
            *server
        }
    };
    match request.ask(server).await {
        Ok(answer) => {
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
        Err(_) => answer(&mut stream, 502, "", "<html>no server behind</html>").await,
    }
}
