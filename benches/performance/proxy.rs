//! Distance: a proxy of TCP connections that hands on all bytes as late as a far server would get them.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Opens a port behind which `server` is so far away: `distance` is a round trip. Serves until the process ends.
///
/// # Errors
/// When no port can be bound.
pub fn far(server: SocketAddr, distance: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            thread::spawn(move || connect(near, server, distance));
        }
    });
    Ok(address)
}

fn connect(near: TcpStream, server: SocketAddr, distance: Duration) -> io::Result<()> {
    let far = TcpStream::connect(server)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    // The kernel answered the connection at once; a far server's answer comes after a round trip.
    let connected = Instant::now() + distance;
    let (from, to) = (near.try_clone()?, far.try_clone()?);
    let way = distance / 2;
    thread::spawn(move || carry(from, to, connected, way));
    carry(far, near, connected, way)
}

/// Hands on what comes until an end closes.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    earliest: Instant,
    way: Duration,
) -> io::Result<()> {
    let (sender, bytes) = mpsc::channel::<(Instant, Vec<u8>)>();
    let writer = thread::spawn(move || -> io::Result<()> {
        for (at, bytes) in bytes {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            to.write_all(&bytes)?;
        }
        to.shutdown(Shutdown::Write)
    });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        let at = Instant::now().max(earliest) + way;
        if sender.send((at, buffer[..length].to_vec())).is_err() {
            break;
        }
    }
    drop(sender);
    writer.join().unwrap_or(Ok(()))
}
