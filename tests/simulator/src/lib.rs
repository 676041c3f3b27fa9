//! A TeamCity server in memory.
