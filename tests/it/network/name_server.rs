//! A name server that hears questions and never answers.

use std::ffi::OsStr;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use tempfile::TempDir;

/// Each has an address of its own.
static NEXT: AtomicU8 = AtomicU8::new(1);

/// A name server that never answers, for programs that are started by [`Self::command`]. It lives until it is dropped.
pub struct HungNameServer {
    socket: UdpSocket,
    folder: TempDir,
}

impl HungNameServer {
    /// Takes root, since name servers have port 53 and `/etc/resolv.conf` is the system's: nothing where that can't be.
    pub fn new() -> Option<Self> {
        // All of 127.0.0.0/8 is this machine; the process number keeps test runs side by side apart.
        let [.., middle, last] = std::process::id().to_be_bytes();
        let address = [127, middle, last, NEXT.fetch_add(1, Ordering::Relaxed)];
        let socket = UdpSocket::bind((std::net::Ipv4Addr::from(address), 53)).ok()?;
        let folder = tempfile::tempdir().unwrap();
        let server = Self { socket, folder };
        let ip = server.socket.local_addr().unwrap().ip();
        let text = format!("nameserver {ip}\noptions timeout:30 attempts:5\n");
        std::fs::write(server.folder.path().join("resolv.conf"), text).unwrap();
        let tried = server.command("/bin/true").output().ok()?;
        tried.status.success().then_some(server)
    }

    /// A program (its whole path) that asks this name server. The process is the program's own, so that signals reach it.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("/usr/bin/unshare");
        let script = r#"/bin/mount --bind "$0" /etc/resolv.conf && exec "$@""#;
        command
            .args(["-m", "/bin/sh", "-c", script])
            .arg(self.folder.path().join("resolv.conf"))
            .arg(program);
        command
    }

    /// Waits until it has been asked.
    pub fn wait_for_a_question(&self) {
        self.socket.recv(&mut [0; 512]).unwrap();
    }
}
