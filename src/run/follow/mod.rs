//! Following builds to their ends: the machine decides, the driver does.

mod ask;
pub mod asked;
mod chain;
mod doubles;
mod driver;
mod end;
mod log;
pub mod machine;
mod poll;
mod stage;
mod succession;
mod verified;
mod waiting;
mod window;

pub use asked::Asked;
pub use driver::watch;
pub use end::{Ends, finish_all};
pub use log::LogLimit;
pub use machine::Followed;
pub use verified::AskedBelow;
