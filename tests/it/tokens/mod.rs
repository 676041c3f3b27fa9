//! The `token` commands, one by one, and the whole life of tokens: nothing is lost or shown.

#![allow(clippy::unwrap_used, reason = "a test that stops is a test that fails")]

mod add;
mod binary;
mod crash;
mod create;
mod life;
mod list;
mod page;
mod remove;
mod rotate;
mod run;

use std::time::Duration;

use teamcity_simulator::Scenario;

use crate::desk::Net;

const ADD: &str = "token add --server https://tc.example.com --repository acme/app";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn net() -> Net {
    Net::new(Scenario::new())
}
