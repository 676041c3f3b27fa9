//! Runs TeamCity builds from Bitbucket Pipelines.

pub mod http;
