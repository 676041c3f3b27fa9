//! Which branch and which commit a build is to be of: what the pipeline says, against what TeamCity knows.

mod branch;
mod clone;
mod cover;
mod find;
mod refused;
mod roots;
mod search;
mod short;
mod specification;
mod survey;
mod wait;
mod wanted;

pub use clone::Tree;
pub use find::{find, wait_for_change};
pub use refused::{refused, without_root};
pub use short::expand;
pub use survey::{Survey, survey};
pub use wanted::{Below, Pin, Place, RootRevision, Trouble, Wanted};
