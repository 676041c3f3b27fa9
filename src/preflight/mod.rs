//! What must be true before a run, asked once. `run` stops at the first thing that is bad and shows what is odd; `check` shows
//! all.

mod agents;
mod build;
mod build_types;
pub mod cure;
mod finding;
mod publisher;
mod revision;
pub mod rights;
mod server;

pub use agents::{Target, agent, agents};
pub use build::build;
pub use build_types::{AT_ONCE, build_type};
pub use finding::{Bad, Finding, Findings, Question};
pub use publisher::reports_itself;
pub use revision::expand_revision;
pub use server::{Known, Reach, TOKEN_VARIABLE, TOKENS_EXPIRE_SINCE, expiry, server, version};
