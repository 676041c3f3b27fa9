//! `ARTIFACTS`: which of a build's artifacts are wanted, where they may land, and their download.

mod download;
mod flow;
mod patterns;
mod places;
#[cfg(test)]
mod tests;

pub use download::{ArtifactReport, Downloads};
pub use places::folder_name;
