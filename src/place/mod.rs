//! Which branch and which commit a build is to be of: what the pipeline says, against what TeamCity knows.

mod branch;
mod clone;
mod find;
mod roots;
mod search;
mod short;
mod survey;
mod wait;
mod wanted;

pub use find::{find, wait_for_change, without_root};
pub use short::expand;
pub use survey::{Survey, survey};
pub use wanted::{Pin, Place, Trouble, Wanted};
