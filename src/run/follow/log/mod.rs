//! Shows a build's log as it grows: every line once, in order, to the last one.

mod live;
mod shown;
mod text;

pub use live::{LogStream, Look};
pub use shown::LogLimit;
