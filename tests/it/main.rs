//! What users see, module by module, against the simulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that stops is a test that fails"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test shows what it found"
)]

mod access;
mod after_the_end;
mod agents;
mod annotations;
mod builds;
mod campaign;
mod chain_tops;
mod chains;
mod check;
mod clone;
mod colours;
mod comparison;
mod credentials;
mod desk;
mod documents;
mod ending;
mod ends;
mod examples;
mod following;
mod giving_up;
mod histories;
mod hostile;
mod house;
mod log;
mod messages;
mod network;
mod nodes;
mod odd_members;
mod odd_places;
mod once;
mod origin;
mod others;
mod picture;
mod pinning;
mod pipe;
mod promotion;
mod publisher;
mod pull_requests;
mod queueing;
mod readme;
mod repeated;
mod results;
mod results_in_time;
mod reuse;
mod rights;
mod round_trips;
mod rows;
mod secret_parameters;
mod secrets;
mod setups;
mod several;
mod signals;
mod stopping;
mod succession;
mod tls;
mod tokens;
mod unreached;
mod unread;
mod versions;
mod waiting;
mod whose;
