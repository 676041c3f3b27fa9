//! Small types that everything else shares: ids, secrets, and text made harmless.
//!
//! Imports nothing else of this crate but the exit status.

mod after;
mod credential;
mod diagnostic;
pub(crate) mod hash;
mod ids;
mod proxies;
mod repository;
mod revision;
mod secret;
mod secrets;
mod size;
mod span;
pub mod text;

pub use after::after;
pub use credential::Credential;
pub use diagnostic::Diagnostic;
pub use ids::{BuildId, BuildTypeId};
pub use proxies::{Exception, Proxies, ProxyAddress};
pub use repository::RepositoryAddress;
pub use revision::short;
pub use secret::Secret;
pub use secrets::{SHORTEST as SHORTEST_SECRET, Secrets};
pub use size::size;
pub use span::span;
