//! All that lies outside the program, passed in: the network, the output, signals, chance. Tests pass in their own.

use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;

use crate::http::{ConnectError, Connection, Transport};
use crate::report::console::Output;

/// Makes a transport.
pub type Connect = Box<dyn Fn(&Connection) -> Result<Rc<dyn Transport>, ConnectError>>;
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
}
