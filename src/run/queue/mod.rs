//! Putting a build into the queue, exactly once: the request, what may be taken instead of it, and what it takes the place of.

mod once;
pub mod promote;
pub mod promoted;
mod request;
pub mod reuse;
mod supersede;
mod ways;

pub use once::id_of;
pub use promoted::Promoted;
pub use supersede::supersede;
pub use ways::{Marked, in_some_way};
