//! Runs TeamCity builds from Bitbucket Pipelines.
//!
//! Data flows one way: variables → settings → plan → queue → follow → outcome → reports.

pub mod cancel;
pub mod cli;
pub mod clone;
pub mod config;
pub mod exit;
pub mod http;
pub mod report;
pub mod run;
mod setup;
pub mod teamcity;
pub mod types;
pub mod world;

pub use setup::run;
