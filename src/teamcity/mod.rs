//! TeamCity's REST API, from 2019.1 on: typed requests, typed answers, typed errors.
//!
//! Knows nothing of pipelines, settings or output.

mod access;
mod artifacts;
mod client;
mod date;
mod error;
mod fields;
mod locator;
mod log;
pub mod model;
mod request;
#[cfg(test)]
pub(crate) mod stub;
mod tests;
mod tokens;

pub use artifacts::{Artifact, Artifacts, Download, Piece};
pub use client::Client;
pub(crate) use date::parse as parse_date;
pub(crate) use error::of_answer as error_of_answer;
pub use error::{Error, ErrorKind};
pub use locator::Locator;
pub(crate) use log::parse_line as parse_log_line;
pub use log::{Level, TextLine, TextLog, Window};
pub(crate) use request::json as read_json;
pub use request::{Need, Requests};
pub use tests::{TestFilter, TestPages};
pub use tokens::NewToken;
