//! TLS in front of a plain server, with a certificate of an authority that nobody knows.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A front, served until the tests end.
pub struct Front {
    pub url: String,
    /// The authority's certificate, PEM.
    pub authority: String,
}

/// Serves `https://localhost:…` by a thread of its own.
pub fn front(server: SocketAddr) -> Front {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(serve(listener, TlsAcceptor::from(Arc::new(config)), server));
    });
    Front {
        url,
        authority: pem,
    }
}

async fn serve(listener: std::net::TcpListener, acceptor: TlsAcceptor, server: SocketAddr) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust us goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let mut plain = TcpStream::connect(server).await.unwrap();
            tokio::io::copy_bidirectional(&mut stream, &mut plain)
                .await
                .ok();
        });
    }
}

#[test]
fn an_authority_that_nobody_knows_is_refused_with_the_cure_and_accepted_once_given() {
    use base64::Engine as _;
    use teamcity_simulator::{Plan, Scenario, Simulator};

    let plan = Plan::new()
        .queued_for(std::time::Duration::from_millis(100))
        .runs_for(std::time::Duration::from_secs(1));
    let (simulator, address) =
        Simulator::spawn_thread(Scenario::new().plan("App_Build", plan)).unwrap();
    let front = front(address);
    let wrong_host = front.url.replace("localhost", "127.0.0.1");
    let run = |url: &str, authority: Option<String>| {
        let mut step = crate::pipe::Step::new().set("TEAMCITY_URL", url);
        if let Some(authority) = authority {
            step = step.set("TEAMCITY_CA_CERTIFICATE", &authority);
        }
        std::process::Command::new(env!("CARGO_BIN_EXE_teamcity-pipe"))
            .env_clear()
            .envs(&step.environment)
            .current_dir(step.directory.path())
            .output()
            .unwrap()
    };
    let refused = run(&front.url, None);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(5), "{text}");
    assert!(text.contains("TEAMCITY_CA_CERTIFICATE"), "{text}");
    let other = run(&wrong_host, Some(front.authority.clone()));
    assert_eq!(
        other.status.code(),
        Some(5),
        "a certificate of another host"
    );
    assert!(simulator.requests().is_empty(), "nothing was sent");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &front.authority).unwrap();
    let folded = front.authority.replace('\n', " ");
    let packed = base64::engine::general_purpose::STANDARD.encode(&front.authority);
    for form in [
        front.authority.clone(),
        folded,
        packed,
        path.to_str().unwrap().to_owned(),
    ] {
        let accepted = run(&front.url, Some(form));
        assert_eq!(
            accepted.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&accepted.stdout)
        );
    }
}
