//! What must be true before a run. `run` stops at the first thing that is not; `check` shows all.

mod builds;
pub mod cure;
mod server;

pub use builds::{AT_ONCE, build_types};
pub use server::connect;
