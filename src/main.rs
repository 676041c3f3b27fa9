//! The pipe's binary.
fn main() {}
