//! What a run leaves for people and for later steps. Reports draw on events and outcomes alone, and fetch nothing.
//!
//! A report that can't be made or written is a [`Warning`]: it never changes a run's result.

pub mod annotations;
mod comparison;
pub mod console;
pub mod env;
pub mod insights;
pub mod json;
pub mod junit;
pub mod location;
pub mod open_report;
pub mod page;
pub mod status;
mod summary;
#[cfg(test)]
pub(crate) use summary::sample;
pub mod test_name;
mod whose;

/// What is missing and why, for the user.
pub type Warning = String;
