//! Runs TeamCity builds from Bitbucket Pipelines.
//!
//! Data flows one way: variables → settings → plan → queue → follow → outcome → reports.

// Whatever a server, a build or a user sends: nothing here panics. Tests may.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod bitbucket;
pub mod cancel;
pub mod check;
pub mod cli;
pub mod clients;
pub mod config;
pub mod exit;
pub mod http;
pub mod identity;
pub mod outcome;
pub mod place;
pub mod preflight;
pub mod report;
pub mod results;
pub mod run;
mod setup;
pub mod teamcity;
pub mod terminal;
pub mod token;
pub mod types;
pub mod world;

pub use setup::run;

// Sample outcomes are shared with `examples/page.rs`, which knows this crate by its name.
#[cfg(test)]
extern crate self as teamcity_pipe;
