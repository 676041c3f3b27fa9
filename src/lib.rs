//! Runs TeamCity builds from Bitbucket Pipelines.
