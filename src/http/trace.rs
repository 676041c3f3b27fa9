//! `DEBUG`: a line for each request.

use std::rc::Rc;

use tokio::time::Instant;

use crate::world::{BoxFuture, Request, Response, Transport, TransportError};

/// A transport that tells of each request: method, path, status, time, try. Never a header, where the token is.
pub struct Traced {
    inner: Rc<dyn Transport>,
    tell: Box<dyn Fn(&str)>,
}

impl Traced {
    /// Tells `tell` of what goes through `inner`.
    pub fn new(inner: Rc<dyn Transport>, tell: impl Fn(&str) + 'static) -> Self {
        Self {
            inner,
            tell: Box::new(tell),
        }
    }
}

impl Transport for Traced {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let start = Instant::now();
            // An address that is asked without a credential may be one itself: a storage's, signed in its query.
            let is_plain = request.headers.contains_key(http::header::AUTHORIZATION);
            let query = request
                .url
                .query()
                .map(|query| if is_plain { query } else { "…" })
                .map_or_else(String::new, |query| format!("?{query}"));
            let what = format!("{} {}{query}", request.method, request.url.path());
            let attempt = if request.attempt > 1 {
                format!(", try {}", request.attempt)
            } else {
                String::new()
            };
            let result = self.inner.send(request).await;
            let answer = match &result {
                Ok(response) => response.status.to_string(),
                Err(error) => error.to_string(),
            };
            (self.tell)(&format!(
                "{what}: {answer} ({} ms{attempt})",
                start.elapsed().as_millis()
            ));
            result
        })
    }
}
