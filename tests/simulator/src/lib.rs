//! A TeamCity server in memory.

pub mod bitbucket;
