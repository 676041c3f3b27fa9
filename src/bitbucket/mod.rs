//! Bitbucket Cloud's REST API, as far as the pipe speaks it: reports, annotations, build statuses, commits, pipelines,
//! and the variables of Pipelines.
//!
//! Knows nothing of TeamCity, settings or output.

mod client;
mod diffstat;
mod error;
pub mod model;
mod patience;
mod send;
#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;
mod trial;
mod variables;

pub use client::{Client, Repository};
pub use error::{Error, ErrorKind};
pub use patience::Patience;
pub use send::proxied;
pub use trial::Trial;
pub use variables::Scope;
