//! Putting a build into the queue, exactly once: the request, what may be taken instead of it, and what it takes the place of.

mod once;
mod request;
pub mod reuse;
mod supersede;

pub use once::{QueueError, Request, id_of, queue};
pub use request::{comment, request};
pub use supersede::supersede;
