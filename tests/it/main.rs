//! What users see, module by module, against the simulator.

#![allow(clippy::unwrap_used, reason = "a test that stops is a test that fails")]

mod campaign;
mod chains;
mod check;
mod desk;
mod documents;
mod examples;
mod following;
mod log;
mod pipe;
mod queueing;
mod results;
mod several;
mod stopping;
mod tls;
mod tokens;
mod versions;
mod waiting;
