//! Runs TeamCity builds from Bitbucket Pipelines.
//!
//! Data flows one way: variables → settings → plan → queue → follow → outcome → reports.

pub mod cli;
pub mod clone;
mod command;
pub mod config;
pub mod exit;
pub mod http;
pub mod report;
pub mod run;
pub mod teamcity;
pub mod types;
pub mod world;

pub use command::run;
