//! Following builds to their ends: the machine decides, the driver does.

mod ask;
mod chain;
mod driver;
mod end;
mod log;
mod machine;
mod poll;

pub use driver::watch;
pub use machine::{Asked, Followed};
