//! Small types that everything else shares: ids, secrets, and text made harmless.
//!
//! Imports nothing else of this crate but the exit status.

mod credential;
mod diagnostic;
pub(crate) mod hash;
mod ids;
mod repository;
mod revision;
mod secret;
mod span;
pub mod text;

pub use credential::Credential;
pub use diagnostic::Diagnostic;
pub use ids::{BuildId, BuildTypeId};
pub use repository::RepositoryAddress;
pub use revision::short;
pub use secret::Secret;
pub use span::span;
