//! The binary and other hosts: whatever the server says, nobody else hears of the token.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

const TOKEN: &str = "eyJ0eXAiOiAiVENWMiJ9.dGhlLXRva2Vu";

fn redirect(stream: TcpStream, target: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    write!(
        &stream,
        "HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

#[test]
fn a_redirect_to_another_host_is_told_and_not_followed() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap();
    let target = format!("http://{}/app/rest/server", other.local_addr().unwrap());
    thread::spawn(move || {
        for stream in server.incoming().flatten() {
            let _ = redirect(stream, &target);
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_teamcity-pipe"))
        .env_clear()
        .env("TEAMCITY_URL", format!("http://{address}"))
        .env("TEAMCITY_TOKEN", TOKEN)
        .env("BUILD_TYPE_ID", "App_Build")
        .env("RETRY_FOR", "1s")
        .env("DEBUG", "true")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(output.contains("redirect"), "{output}");
    assert!(!output.contains(TOKEN), "{output}");
    assert_ne!(ran.status.code(), Some(0), "{output}");
    let called = other.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(called, Err(ErrorKind::WouldBlock));
}

/// A proxy hears which host is meant, and nothing else of an https server.
#[test]
fn a_proxy_never_hears_the_token_of_an_https_server() {
    let proxy = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = proxy.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_teamcity-pipe"))
        .env_clear()
        .env("TEAMCITY_URL", "https://teamcity.example.com")
        .env("TEAMCITY_TOKEN", TOKEN)
        .env("BUILD_TYPE_ID", "App_Build")
        .env("RETRY_FOR", "1s")
        .env("DEBUG", "true")
        .env("HTTPS_PROXY", format!("http://{address}"))
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stream, _) = proxy.accept().unwrap();
    let mut heard = [0; 4096];
    let count = stream.read(&mut heard).unwrap();
    let heard = String::from_utf8_lossy(&heard[..count]).into_owned();
    drop((stream, proxy));
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(
        heard.starts_with("CONNECT teamcity.example.com:443 "),
        "{heard}"
    );
    assert!(
        !heard.contains("Bearer") && !heard.contains(TOKEN),
        "{heard}"
    );
    assert!(!output.contains(TOKEN), "{output}");
}
