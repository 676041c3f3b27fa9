//! The simulator on a real socket.

use std::net::SocketAddr;

use teamcity_simulator::{Fault, FaultKind, Matcher, Scenario, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\nUser-Agent: t/1\r\nConnection: close\r\n\r\n",
        Scenario::TOKEN
    );
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn answers_and_disconnects_on_a_socket() {
    let simulator = Simulator::start(Scenario::new());
    let address = simulator.listen().await.unwrap();
    let answer = ask(address, "/app/rest/server?fields=version,webUrl")
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains(&format!("\"webUrl\":\"http://{address}\"")),
        "{answer}"
    );
    simulator.fault(Fault::new(FaultKind::ResetAfterActing).on(Matcher::any()));
    assert!(
        ask(address, "/app/rest/server")
            .await
            .map_or(true, |text| text.is_empty())
    );
    simulator.fault(Fault::new(FaultKind::CutAnswer));
    assert!(
        ask(address, "/app/rest/server")
            .await
            .map_or(true, |text| !text.ends_with("0\r\n\r\n"))
    );
    assert!(
        ask(address, "/app/rest/server")
            .await
            .unwrap()
            .contains("200 OK")
    );
}

#[tokio::test]
async fn a_thread_of_its_own_serves_while_the_test_looks_on() {
    let (simulator, address) =
        Simulator::spawn_thread(Scenario::new().context_path("/tc")).unwrap();
    assert!(
        ask(address, "/tc/app/rest/users/current")
            .await
            .unwrap()
            .contains("\"username\":\"ci\"")
    );
    assert_eq!(simulator.requests().len(), 1);
    simulator.wait_until(|view| view.requests.len() == 1).await;
}

#[tokio::test]
async fn a_length_that_lies_is_on_the_socket_too() {
    let simulator = Simulator::start(Scenario::new());
    let address = simulator.listen().await.unwrap();
    let whole = crate::client::get(&simulator, "/app/rest/server?fields=version")
        .await
        .text;
    for (kind, said) in [
        (FaultKind::LengthTooLong(7), whole.len() + 7),
        (FaultKind::LengthTooShort(7), whole.len() - 7),
    ] {
        simulator.fault(Fault::new(kind.clone()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /app/rest/server?fields=version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\n\r\n",
            Scenario::TOKEN
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        // Up to what is there; then the connection breaks, or stays open for the next request.
        let body = loop {
            let count = stream.read(&mut piece).await.unwrap_or(0);
            text.extend_from_slice(&piece[..count]);
            let shown = String::from_utf8_lossy(&text).into_owned();
            let Some((head, body)) = shown.split_once("\r\n\r\n") else {
                assert_ne!(count, 0, "{kind:?}: {shown}");
                continue;
            };
            assert!(
                head.contains(&format!("content-length: {said}")),
                "{kind:?}: {head}"
            );
            if count == 0 || body.len() >= said {
                break body.to_owned();
            }
        };
        assert_eq!(body.len(), said.min(whole.len()), "{kind:?}");
    }
}
