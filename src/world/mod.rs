//! All that lies outside the program, passed in: the network, the output, signals, chance. Tests pass in their own.

mod output;
mod transport;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;

pub use output::{Output, gated};
pub use transport::{
    Body, BoxFuture, CertificateFault, Chunks, ConnectError, Connection, ProtocolFault, ProxyFault,
    Request, Response, Transport, TransportError, TransportErrorKind,
};

/// Makes a transport.
pub type Connect = Rc<dyn Fn(&Connection) -> Result<Rc<dyn Transport>, ConnectError>>;
/// Ends with the number of the signal that asks to stop.
pub type Stop = Pin<Box<dyn Future<Output = u8>>>;

/// The outside.
pub struct World {
    /// The network.
    pub connect: Connect,
    /// Standard output.
    pub output: Output,
    /// The first signal that asks to stop.
    pub stop: Stop,
    /// The working directory.
    pub directory: PathBuf,
    /// A number that no other run has.
    pub random: u64,
    /// Who sits before the terminal, if anybody does.
    pub person: Rc<dyn Person>,
    /// The clock on the wall.
    pub now: Clock,
}

/// Tells the time.
pub type Clock = Rc<dyn Fn() -> DateTime<Utc>>;

/// The one who started the program: a person at a terminal, or another program that writes to standard input.
pub trait Person {
    /// Whether questions can be asked.
    fn can_be_asked(&self) -> bool;

    /// Asks a question, and reads a line.
    ///
    /// # Errors
    /// When there is no terminal after all.
    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, io::Result<String>>;

    /// Asks a question whose answer is not shown while it is typed.
    ///
    /// # Errors
    /// When there is no terminal after all.
    fn ask_secretly<'a>(
        &'a self,
        question: &'a str,
    ) -> BoxFuture<'a, io::Result<Zeroizing<String>>>;

    /// All that standard input holds, where it is no terminal.
    ///
    /// # Errors
    /// When it can't be read, is too long, or is no text.
    fn standard_input(&self) -> BoxFuture<'_, io::Result<Zeroizing<String>>>;

    /// How many columns the terminal has, where the output goes to one.
    fn columns(&self) -> Option<usize>;
}
