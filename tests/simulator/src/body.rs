//! The body of an answer: pulled piece by piece, so that its size costs no memory, and able to break off.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;

/// How a connection ends without a whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disconnect {
    /// There was no connection.
    #[error("connection refused")]
    Refused,
    /// The connection was reset before the server read the request.
    #[error("connection reset before the request was read")]
    ResetBeforeRead,
    /// The connection was reset after the server read the request.
    #[error("connection reset by the server")]
    ResetAfter,
}

enum Source {
    Whole(Bytes),
    /// What is left of the last piece, and the pieces to come.
    Stream(Bytes, Box<dyn Iterator<Item = Bytes> + Send>),
}

/// The body of an answer.
pub struct Body {
    source: Source,
    delay: Option<Duration>,
    piece: Option<usize>,
    cut_after: Option<u64>,
    end_after: Option<u64>,
    sent: u64,
    flushed: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::whole(Bytes::new())
    }
}

impl Body {
    /// A body that is there already.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self {
            source: Source::Whole(bytes.into()),
            delay: None,
            piece: None,
            cut_after: None,
            end_after: None,
            sent: 0,
            flushed: false,
            sleep: None,
        }
    }

    /// A body that is made while it is read.
    pub fn stream(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self {
            source: Source::Stream(Bytes::new(), Box::new(pieces)),
            ..Self::default()
        }
    }

    /// The bytes, if they are there already.
    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Whole(bytes) => Some(bytes),
            Source::Stream(..) => None,
        }
    }

    /// The same with its bytes there already.
    pub(crate) fn gathered(self) -> Self {
        match self.source {
            Source::Whole(_) => self,
            Source::Stream(left, pieces) => {
                let all: Vec<u8> = std::iter::once(left).chain(pieces).flatten().collect();
                Self {
                    source: Source::Whole(all.into()),
                    ..self
                }
            }
        }
    }

    /// Comes in 16 pieces, each after a time.
    pub(crate) fn slowly(mut self, per_chunk: Duration) -> Self {
        self.delay = Some(per_chunk);
        self.piece = Some(
            self.bytes()
                .map_or(4096, |bytes| bytes.len().div_ceil(16).max(1)),
        );
        self
    }

    /// Comes byte by byte, each after a time.
    pub(crate) fn dripping(mut self, per_byte: Duration) -> Self {
        self.delay = Some(per_byte);
        self.piece = Some(1);
        self
    }

    /// Each piece comes after a time.
    pub(crate) fn with_pauses(mut self, per_piece: Duration) -> Self {
        self.delay = Some(per_piece);
        self
    }

    /// Breaks off after so many bytes, or at the end if there are fewer.
    pub(crate) fn cut_after(mut self, bytes: u64) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    /// Ends after so many bytes, whatever there is more.
    pub(crate) fn ending_after(mut self, bytes: u64) -> Self {
        self.end_after = Some(bytes);
        self
    }

    /// Breaks off in the middle.
    pub(crate) fn cut(mut self) -> Self {
        self.cut_after = Some(self.bytes().map_or(1000, |bytes| bytes.len() as u64 / 2));
        self
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.cut_after.is_none() && self.bytes().is_some_and(Bytes::is_empty)
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the connection ends before the body does.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Disconnect> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// All that is left, for tests with small answers.
    ///
    /// # Errors
    /// When the connection ends before the body does.
    pub async fn read(&mut self) -> Result<Vec<u8>, Disconnect> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Disconnect>> {
        if let Some(delay) = self.delay {
            let sleep = self
                .sleep
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(delay)));
            ready!(sleep.as_mut().poll(context));
            self.sleep = None;
        }
        let left = self.cut_after.map(|cut| cut.saturating_sub(self.sent));
        if left == Some(0) {
            // A connection sends what it has while there is nothing new; only then it breaks.
            if !std::mem::replace(&mut self.flushed, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Err(Disconnect::ResetAfter));
        }
        let wanted = self.end_after.map(|end| end.saturating_sub(self.sent));
        if wanted == Some(0) {
            return Poll::Ready(Ok(None));
        }
        let next = match &mut self.source {
            Source::Whole(bytes) => {
                let size = self.piece.unwrap_or(usize::MAX).min(bytes.len());
                (size > 0).then(|| bytes.split_to(size))
            }
            Source::Stream(left, pieces) => {
                let next = if left.is_empty() {
                    pieces.next()
                } else {
                    Some(std::mem::take(left))
                };
                next.map(|mut piece| {
                    let size = self.piece.unwrap_or(usize::MAX).min(piece.len());
                    *left = piece.split_off(size);
                    piece
                })
            }
        };
        Poll::Ready(match next {
            None if left.is_some() => Err(Disconnect::ResetAfter),
            None => Ok(None),
            Some(mut piece) => {
                if let Some(left) = left.or(wanted) {
                    piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                }
                self.sent += piece.len() as u64;
                Ok(Some(piece))
            }
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Disconnect;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Disconnect>>> {
        let chunk = ready!(self.poll_chunk(context));
        Poll::Ready(
            chunk
                .transpose()
                .map(|chunk| chunk.map(http_body::Frame::data)),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }
}
