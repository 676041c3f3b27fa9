//! HTTP/1.1 as far as fixtures read it: requests with a length or without a body.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Largest request that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path with query, a whole address, or host and port: as it came.
    pub target: String,
    headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Reads one; nothing where none comes whole. What is not HTTP, such as a TLS handshake, is answered with 400, as plain servers do.
    pub(super) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut all = Vec::new();
        loop {
            if let Some(request) = parse(&all) {
                return Some(request);
            }
            let read = stream.read_buf(&mut all).await.ok()?;
            if read == 0 || all.len() > LARGEST {
                return None;
            }
            if !all.first().is_some_and(u8::is_ascii_alphabetic) {
                answer(stream, 400, "", "<html>Bad Request</html>").await;
                return None;
            }
        }
    }

    /// Asks a plain server, and reads its answer to the end.
    pub(super) async fn ask(&self, server: SocketAddr) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(server).await?;
        let target = self.target.strip_prefix("http://").map_or_else(
            || self.target.clone(),
            |rest| format!("/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        );
        let mut head = format!("{} {target} HTTP/1.1\r\nConnection: close\r\n", self.method);
        for (name, value) in &self.headers {
            let own = name.to_ascii_lowercase();
            if own != "connection" && !own.starts_with("proxy-") {
                head += &format!("{name}: {value}\r\n");
            }
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        stream.write_all(&self.body).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

fn parse(all: &[u8]) -> Option<Request> {
    let end = all.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let request = Request {
        method,
        target,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let body = all[end + 4..].get(..length)?.to_vec();
    Some(Request { body, ..request })
}

/// Answers with a page, and closes.
pub(super) async fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &str) {
    let answer = format!(
        "HTTP/1.1 {status} Fixture\r\n{headers}Content-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that went away needs no answer.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
