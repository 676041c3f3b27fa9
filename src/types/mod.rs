//! Small types that everything else shares: ids, secrets, and text made harmless.
//!
//! Imports nothing else of this crate.

mod ids;
mod secret;
pub mod text;

pub use ids::{BuildId, BuildTypeId};
pub use secret::Secret;
