//! `ARTIFACTS`: which of a build's artifacts are wanted, where they may land, and their download.

mod download;
mod patterns;
mod places;
#[cfg(test)]
mod tests;

pub use download::{ArtifactReport, ArtifactSettings, download};
