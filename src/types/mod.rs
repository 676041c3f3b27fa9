//! Small types that everything else shares: ids, secrets, and text made harmless.
//!
//! Imports nothing else of this crate.

mod credential;
pub(crate) mod hash;
mod ids;
mod repository;
mod secret;
mod span;
pub mod text;

pub use credential::Credential;
pub use ids::{BuildId, BuildTypeId};
pub use repository::RepositoryAddress;
pub use secret::Secret;
pub use span::span;
