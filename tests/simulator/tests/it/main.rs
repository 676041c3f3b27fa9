//! The simulator as its clients see it: in the process on paused time, and on sockets.
#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod access;
mod after_the_end;
mod agents;
mod bitbucket;
mod chains;
mod client;
mod desk;
mod errors;
mod faults;
mod lifecycle;
mod log;
mod members;
mod nodes;
mod queueing;
mod readme;
mod recorded;
mod results;
mod robust;
mod searching;
mod seen;
mod settings;
mod shop;
mod sockets;
mod succession;
mod test_history;
mod vcs;
