//! Settles what was left behind: builds that nobody needs any more, and rows and reports that are still open.
//!
//! Of this pipeline, or of one step of it (`cancel`), or of the whole repository (`sweep`).

mod context;
mod pipeline;
mod settle;
mod sweep;

pub use context::Context;
pub use pipeline::cancel;
pub use settle::{Fate, Fates, Settler};
pub use sweep::{beside, sweep};
