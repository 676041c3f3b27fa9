//! What a proxy says when it opens no tunnel: the client below tells only that there is none.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::types::ProxyAddress;
use crate::world::ProxyFault;

/// The whole time for asking.
const TIME: Duration = Duration::from_secs(5);
/// Of an answer the first bytes count.
const HEAD: usize = 12;

/// Asks the proxy once more for a tunnel to `target`, and listens to the first line of its answer.
pub(super) async fn ask(proxy: &ProxyAddress, target: &Url) -> (ProxyFault, String) {
    let name = proxy.shown();
    match tokio::time::timeout(TIME, answer(proxy, target)).await {
        Ok(Ok(head)) => understand(&head, &name),
        Ok(Err(_)) => (
            ProxyFault::Unreachable,
            format!("the proxy {name} closed the connection"),
        ),
        Err(_) => (
            ProxyFault::Unreachable,
            format!("the proxy {name} does not answer"),
        ),
    }
}

async fn answer(proxy: &ProxyAddress, target: &Url) -> std::io::Result<Vec<u8>> {
    // To a proxy that speaks TLS this is nonsense, and what it answers no HTTP: no more can be told without speaking it.
    let host = proxy.url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = proxy.url.port_or_known_default().unwrap_or(80);
    let mut stream = TcpStream::connect((host, port)).await?;
    let to = format!(
        "{}:{}",
        target.host_str().unwrap_or_default(),
        target.port_or_known_default().unwrap_or(443)
    );
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some((user, password)) = &proxy.login {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        request += &format!("Proxy-Authorization: Basic {pair}\r\n");
    }
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await?;
    let mut head = Vec::new();
    while head.len() < HEAD && stream.read_buf(&mut head).await? > 0 {}
    Ok(head)
}

fn understand(head: &[u8], name: &str) -> (ProxyFault, String) {
    let status = head
        .strip_prefix(b"HTTP/1.")
        .and_then(|rest| std::str::from_utf8(rest.get(2..5)?).ok()?.parse().ok());
    of_status(status, name)
}

/// What a proxy means by a status, if it answers in HTTP at all.
pub(super) fn of_status(status: Option<u16>, name: &str) -> (ProxyFault, String) {
    match status {
        Some(407) => (
            ProxyFault::Password,
            format!("the proxy {name} does not accept its user and password (HTTP 407)"),
        ),
        Some(status @ (401 | 403 | 451)) => (
            ProxyFault::Refused,
            format!("the proxy {name} refuses to connect to the server (HTTP {status})"),
        ),
        // It did open one now.
        Some(status @ (200..=299 | 408 | 425 | 429 | 500 | 502..=599)) => (
            ProxyFault::Unreachable,
            format!("the proxy {name} could not reach the server (HTTP {status})"),
        ),
        Some(status) => (
            ProxyFault::NoProxy,
            format!("{name} does not answer like a proxy (HTTP {status})"),
        ),
        None => (
            ProxyFault::NoProxy,
            format!("{name} does not answer like a proxy"),
        ),
    }
}
