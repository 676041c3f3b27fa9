//! The git clone around the working directory. There is no git in the image, and a library for it would weigh more than the pipe.

mod exclude;
mod folders;
mod objects;

pub use exclude::Tree;
pub(super) use objects::{FULL, expand};
