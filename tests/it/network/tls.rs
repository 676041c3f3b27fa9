//! TLS before a plain server, and servers whose TLS no client agrees with.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::message;
use super::{Certificate, Place};

/// TLS that is about to be put before a server.
pub struct Https {
    certificate: Certificate,
    wants_client_certificate: bool,
    page_for_plain_http: bool,
}

impl Https {
    /// With this certificate.
    pub fn new(certificate: Certificate) -> Self {
        Self {
            certificate,
            wants_client_certificate: false,
            page_for_plain_http: false,
        }
    }

    /// Clients need a certificate of their own.
    pub fn wants_client_certificate(mut self) -> Self {
        self.wants_client_certificate = true;
        self
    }

    /// Plain HTTP is answered with a page (400), as nginx does. Without it the connection ends with a TLS alert.
    pub fn page_for_plain_http(mut self) -> Self {
        self.page_for_plain_http = true;
        self
    }

    /// Before this server.
    pub fn before(self, server: SocketAddr) -> Place {
        let acceptor = TlsAcceptor::from(Arc::new(self.config()));
        let page = self.page_for_plain_http;
        Place::serve("https", move |stream| {
            serve(stream, acceptor.clone(), server, page)
        })
    }

    fn config(&self) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if self.wants_client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(Certificate::own().chain[0].clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        builder
            .with_single_cert(self.certificate.chain.clone(), self.certificate.key())
            .unwrap()
    }
}

/// The first byte of a TLS record with a handshake.
const HANDSHAKE: u8 = 0x16;

async fn serve(mut stream: TcpStream, acceptor: TlsAcceptor, server: SocketAddr, page: bool) {
    let mut first = [0];
    if page && stream.peek(&mut first).await.is_ok() && first != [HANDSHAKE] {
        message::Request::read(&mut stream).await;
        let body = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>";
        message::answer(&mut stream, 400, "", body).await;
        return;
    }
    // A client that does not trust us goes away.
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    if let Ok(mut plain) = TcpStream::connect(server).await {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
    }
}

/// A server of old: it answers every hello with TLS 1.0.
pub fn tls_1_0() -> Place {
    // A record with a ServerHello: version 3.1, no randomness, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let mut hello = vec![HANDSHAKE, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([0; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    answering_hello(hello)
}

/// A server that has no version or cipher in common with the client, and says so by an alert (70: protocol version).
pub fn tls_alert() -> Place {
    answering_hello(vec![0x15, 3, 1, 0, 2, 2, 70])
}

fn answering_hello(answer: Vec<u8>) -> Place {
    Place::serve("https", move |mut stream| {
        let answer = answer.clone();
        async move {
            let mut hello = [0; 4096];
            if stream.read(&mut hello).await.is_ok_and(|read| read > 0) {
                let _ = stream.write_all(&answer).await;
                // Until the client has had it and goes away: a reset might overtake it.
                while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {}
            }
        }
    })
}
