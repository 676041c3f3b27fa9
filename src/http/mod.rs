//! HTTP for both servers: sending, time limits, retries and tracing.
//!
//! Knows no product: what an answer means is said by the client that asked. Only this folder names `reqwest`.

mod backoff;
mod body;
mod direct;
mod retry;
mod trace;

pub use crate::world::{
    Body, BoxFuture, Chunks, ConnectError, Connection, Request, Response, Transport,
    TransportError, TransportErrorKind,
};
pub use body::{BodyError, read_limited};
pub use direct::connect;
pub use retry::{CONFIRM_AFTER, Failure, GaveUp, Retry, Trouble, Watch};
pub use trace::Traced;
