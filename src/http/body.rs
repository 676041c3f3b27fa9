//! Reading a body with a limit.

use crate::world::{Body, TransportError};

/// Why a body could not be had whole.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The body is longer than the limit, in bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection ended first.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// When it is longer, or ends early.
pub async fn read_limited(mut body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut read = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        if read.len().saturating_add(chunk.len()) > limit {
            return Err(BodyError::TooLarge(limit));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}
