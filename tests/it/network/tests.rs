//! The fixtures behave as they say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::silence::{self, NoConnection, UNKNOWN_HOST};
use super::{Certificate, Gateway, Https, HungNameServer, Place, Proxy, tls};

/// A server behind: says which method it heard.
fn server() -> Gateway {
    Gateway::answering(200)
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    // A server that has refused already takes no more.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn plain(address: SocketAddr, request: &str) -> String {
    ask(TcpStream::connect(address).await.unwrap(), request).await
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// By TLS: the answer, or why there is none.
async fn by_tls(
    stream: TcpStream,
    host: &'static str,
    trusted: Option<&str>,
) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = trusted {
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let host = ServerName::try_from(host).unwrap();
    let mut stream = connector
        .connect(host, stream)
        .await
        .map_err(|error| error.to_string())?;
    stream
        .write_all(GET.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    // Servers close without a farewell.
    if let Err(error) = stream.read_to_end(&mut answer).await
        && answer.is_empty()
    {
        return Err(error.to_string());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn https(place: &Place, trusted: Option<&str>) -> Result<String, String> {
    let stream = TcpStream::connect(place.address()).await.unwrap();
    by_tls(stream, "localhost", trusted).await
}

#[tokio::test]
async fn each_certificate_is_bad_in_its_own_way() {
    let server = server();
    let certificates = [
        (Certificate::good(), "200"),
        (Certificate::own_for_a_server_alone(), "200"),
        (Certificate::own(), "CaUsedAsEndEntity"),
        (Certificate::expired(), "expired"),
        (Certificate::not_yet_valid(), "not valid yet"),
        (
            Certificate::for_names(&["other.example.com"]),
            "not valid for name",
        ),
        (
            Certificate::weakly_signed(),
            "UnsupportedSignatureAlgorithm",
        ),
        (Certificate::without_its_intermediate(), "UnknownIssuer"),
    ];
    for (certificate, wanted) in certificates {
        let authority = certificate.authority().to_owned();
        let place = Https::new(certificate).before(server.address());
        let said = match https(&place, Some(&authority)).await {
            Ok(answer) | Err(answer) => answer,
        };
        assert!(
            said.to_lowercase().contains(&wanted.to_lowercase()),
            "{wanted}: {said}"
        );
    }
    let place = Https::new(Certificate::good()).before(server.address());
    let unknown = https(&place, None).await.unwrap_err();
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
    let other = Certificate::good();
    let unknown = https(&place, Some(other.authority())).await.unwrap_err();
    assert!(unknown.contains("certificate"), "{unknown}");
}

#[tokio::test]
async fn a_client_needs_a_certificate() {
    let server = server();
    let certificate = Certificate::good();
    let authority = certificate.authority().to_owned();
    let place = Https::new(certificate)
        .wants_client_certificate()
        .before(server.address());
    let refused = https(&place, Some(&authority)).await.unwrap_err();
    assert!(refused.contains("CertificateRequired"), "{refused}");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn no_version_is_in_common() {
    let old = https(&tls::tls_1_0(), None).await.unwrap_err();
    assert!(old.contains("peer is incompatible"), "{old}");
    let alert = https(&tls::tls_alert(), None).await.unwrap_err();
    assert!(alert.contains("ProtocolVersion"), "{alert}");
}

#[tokio::test]
async fn the_wrong_protocol_is_spoken_either_way() {
    let server = server();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let corrupt = by_tls(stream, "localhost", None).await.unwrap_err();
    assert!(corrupt.contains("corrupt message"), "{corrupt}");
    assert!(server.url().starts_with("http://localhost:"));
    let alert = Https::new(Certificate::good()).before(server.address());
    let answer = plain(alert.address(), GET).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    let page = Https::new(Certificate::good())
        .page_for_plain_http()
        .before(server.address());
    let answer = plain(page.address(), GET).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("HTTPS port"),
        "{answer}"
    );
    assert_eq!(page.url_with("http"), page.url().replace("https", "http"));
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_proxy_forwards_and_tunnels() {
    let server = server();
    let proxy = Proxy::open();
    proxy.leads("teamcity.example.com:80", server.address());
    let address: SocketAddr = address(&proxy);
    let get = "GET http://teamcity.example.com/x HTTP/1.1\r\nHost: teamcity.example.com\r\nProxy-Connection: x\r\n\r\n";
    assert!(plain(address, get).await.contains("200"));
    let heard = &server.heard()[0];
    assert_eq!(
        (heard.target.as_str(), heard.header("proxy-connection")),
        ("/x", None)
    );

    let certificate = Certificate::for_names(&["teamcity.example.com"]);
    let authority = certificate.authority().to_owned();
    let place = Https::new(certificate).before(server.address());
    proxy.leads("teamcity.example.com:443", place.address());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"CONNECT teamcity.example.com:443 HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut established = [0; 39];
    stream.read_exact(&mut established).await.unwrap();
    let answer = by_tls(stream, "teamcity.example.com", Some(&authority)).await;
    assert!(answer.unwrap().contains("200"));
    assert_eq!(server.heard().len(), 2);
    assert_eq!(proxy.heard()[1].method, "CONNECT");
    let nowhere = format!("CONNECT {UNKNOWN_HOST}:443 HTTP/1.1\r\n\r\n");
    assert!(plain(address, &nowhere).await.starts_with("HTTP/1.1 502 "));
}

fn address(proxy: &Proxy) -> SocketAddr {
    let url = proxy.url();
    let (_, port) = url.rsplit_once(':').unwrap();
    ([127, 0, 0, 1], port.parse().unwrap()).into()
}

#[tokio::test]
async fn a_proxy_wants_a_password_or_refuses() {
    let server = server();
    let proxy = Proxy::with_password("jane", "p#ss@word");
    let host = server.address();
    let get =
        |credential: &str| format!("GET http://{host}/ HTTP/1.1\r\nHost: x\r\n{credential}\r\n");
    let refused = plain(address(&proxy), &get("")).await;
    assert!(refused.starts_with("HTTP/1.1 407 "), "{refused}");
    assert!(refused.contains("Proxy-Authenticate: Basic"), "{refused}");
    let wrong = get("Proxy-Authorization: Basic eDp5\r\n");
    assert!(plain(address(&proxy), &wrong).await.contains(" 407 "));
    // jane:p#ss@word
    let right = get("Proxy-Authorization: Basic amFuZTpwI3NzQHdvcmQ=\r\n");
    assert!(plain(address(&proxy), &right).await.contains(" 200 "));
    assert!(server.heard()[0].header("proxy-authorization").is_none());
    assert!(
        proxy
            .url_as("jane", "p#ss")
            .contains("jane:p#ss@localhost:")
    );
    for status in [403, 502] {
        let proxy = Proxy::answering(status);
        let answer = plain(address(&proxy), "CONNECT x:443 HTTP/1.1\r\n\r\n").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn gateways_answer_in_the_servers_place() {
    let gateways = [
        (
            Gateway::redirecting("https://sso.example.com/"),
            "302",
            "Location: https://sso.example.com/",
        ),
        (Gateway::negotiating(), "401", "WWW-Authenticate: Negotiate"),
        (Gateway::captive(), "200", "<!DOCTYPE html>"),
        (Gateway::answering(503), "503", "The gateway says no"),
    ];
    for (gateway, status, text) in gateways {
        let answer = plain(gateway.address(), GET).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(text), "{answer}");
        assert_eq!(gateway.heard().len(), 1);
    }
    let server = server();
    let gateway = Gateway::wanting_header("CF-Access", "secret", server.address());
    assert!(plain(gateway.address(), GET).await.contains(" 302 "));
    let with = "GET / HTTP/1.1\r\nHost: x\r\ncf-access: secret\r\n\r\n";
    assert!(plain(gateway.address(), with).await.contains(" 200 "));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_balancer_repeats_posts_alone() {
    let server = server();
    let balancer = Gateway::repeating_posts(server.address());
    let post = "POST /app/rest/buildQueue HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    assert!(plain(balancer.address(), post).await.contains(" 200 "));
    assert!(plain(balancer.address(), GET).await.contains(" 200 "));
    let heard: Vec<_> = server
        .heard()
        .into_iter()
        .map(|request| (request.method, request.body.len()))
        .collect();
    let wanted = [("POST", 2), ("POST", 2), ("GET", 0)];
    assert_eq!(
        heard,
        wanted.map(|(method, size)| (method.to_owned(), size))
    );
}

#[tokio::test]
async fn silence_is_of_several_kinds() {
    let moment = Duration::from_millis(50);
    let hung = silence::hung_handshake();
    assert!(
        tokio::time::timeout(moment, https(&hung, None))
            .await
            .is_err()
    );
    let silent = Proxy::silent();
    let connect = plain(address(&silent), "CONNECT x:443 HTTP/1.1\r\n\r\n");
    let heard = async {
        while silent.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(moment).await;
    };
    tokio::select! {
        _ = connect => panic!("an answer"),
        () = heard => assert_eq!(silent.heard().len(), 1),
    }

    assert!(https(&silence::reset(), None).await.is_err());
    let refused = TcpStream::connect(silence::closed_port())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let nowhere = NoConnection::new().await;
    let connecting = TcpStream::connect(nowhere.address());
    assert!(tokio::time::timeout(moment, connecting).await.is_err());
    assert!(tokio::net::lookup_host((UNKNOWN_HOST, 443)).await.is_err());
}

#[test]
fn a_name_server_hears_and_does_not_answer() {
    let Some(server) = HungNameServer::new() else {
        println!("not as this user: a name server takes root");
        return;
    };
    let mut asking = server
        .command("/usr/bin/getent")
        .args(["hosts", "teamcity.example.com"])
        .spawn()
        .unwrap();
    server.wait_for_a_question();
    let ended = asking.try_wait().unwrap();
    asking.kill().unwrap();
    asking.wait().unwrap();
    assert_eq!(ended, None, "it waits for an answer");
}
