//! HTTP for both servers: sending, time limits, retries and tracing.
//!
//! Knows no product: what an answer means is said by the client that asked. Only this folder names `reqwest`.

mod backoff;
mod body;
mod certificate;
mod direct;
mod fault;
mod gate;
mod retry;
mod trace;
mod tunnel;

pub use crate::world::{
    Body, BoxFuture, CertificateFault, Chunks, ConnectError, Connection, ProtocolFault, ProxyFault,
    Request, Response, Transport, TransportError, TransportErrorKind,
};
pub use body::{BodyError, read_limited};
pub use direct::connect;
pub use gate::Gated;
pub use retry::{CONFIRM_AFTER, Failure, GaveUp, Retry, Trouble, Watch};
pub use trace::Traced;
