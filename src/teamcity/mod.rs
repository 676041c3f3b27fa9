//! TeamCity's REST API, from 2019.1 on: typed requests, typed answers, typed errors.
//!
//! Knows nothing of pipelines, settings or output.

mod access;
mod agents;
mod ahead;
mod answer;
mod artifacts;
mod blot;
mod branches;
mod cancel;
mod chain;
mod client;
mod date;
mod default_branch;
mod elements;
mod error;
mod features;
mod fields;
#[doc(hidden)]
pub mod fuzzing;
mod json;
mod listing;
mod locator;
mod log;
pub mod model;
pub mod page;
mod problems;
mod request;
mod storage;
#[cfg(test)]
pub(crate) mod stub;
mod test_occurrences;
mod tokens;

pub use artifacts::{Artifact, Artifacts, Download, Piece};
pub use branches::SomeBranches;
pub use client::Client;
pub use default_branch::TestsThere;
pub use error::{Error, ErrorKind, Failed};
pub use locator::Locator;
pub use log::{Level, TextLine, TextLog, Window};
pub use request::{Need, Requests};
pub use test_occurrences::{TestFilter, TestPages};
pub use tokens::NewToken;
