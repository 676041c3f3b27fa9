//! Runs TeamCity builds from Bitbucket Pipelines.

pub mod cli;
pub mod config;
pub mod exit;
pub mod http;
pub mod types;
