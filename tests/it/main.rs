//! What users see, module by module, against the simulator.

#![allow(clippy::unwrap_used, reason = "a test that stops is a test that fails")]

mod campaign;
mod documents;
mod examples;
mod following;
mod pipe;
mod queueing;
mod stopping;
mod tls;
mod versions;
