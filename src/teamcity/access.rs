//! As whom requests are sent: by a token, by a password, or as a stranger.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};
use secrecy::zeroize::Zeroizing;
use url::Url;

use super::ahead::Told;
use super::client::Client;
use super::request::Requests;
use crate::http::{Retry, Transport, Watch};
use crate::types::Secret;

impl Requests {
    /// For the server at `base` (which ends with a slash), with `headers` on every request.
    ///
    /// # Errors
    /// When the token can't be a header's value.
    pub fn new(
        transport: Rc<dyn Transport>,
        base: Url,
        token: &Secret,
        extra_headers: &[(HeaderName, HeaderValue)],
        retry: Retry,
        watch: Rc<dyn Watch>,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut requests = Self::anonymous(transport, base, extra_headers, retry, watch);
        let text = Zeroizing::new(format!("Bearer {}", token.expose()));
        requests.authorize(&text)?;
        Ok(requests)
    }

    /// The same, for a user with a password.
    ///
    /// # Errors
    /// When user and password can't be a header's value.
    pub fn with_password(
        transport: Rc<dyn Transport>,
        base: Url,
        (user, password): (&str, &Secret),
        extra_headers: &[(HeaderName, HeaderValue)],
        retry: Retry,
        watch: Rc<dyn Watch>,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut requests = Self::anonymous(transport, base, extra_headers, retry, watch);
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        requests.authorize(&text)?;
        Ok(requests)
    }

    /// The same, without a credential: for what a server tells everybody.
    pub fn anonymous(
        transport: Rc<dyn Transport>,
        base: Url,
        extra_headers: &[(HeaderName, HeaderValue)],
        retry: Retry,
        watch: Rc<dyn Watch>,
    ) -> Self {
        Self {
            transport,
            base,
            headers: extra_headers.iter().cloned().collect(),
            retry: Rc::new(retry),
            watch,
            told: Told::default(),
            ahead: false,
        }
    }

    fn authorize(&mut self, text: &str) -> Result<(), InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(text)?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}

impl Client {
    /// Whether what fails since then is to be asked no more, for callers that repeat by themselves.
    pub fn is_over(&self, first: tokio::time::Instant) -> bool {
        self.requests.is_over(first)
    }
}
