//! How a request to Bitbucket is made, tried again and understood.

use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::error::{self, Error, ErrorKind};
use super::model::Page;
use super::patience::Patience;
use crate::http::{Request, Transport, read_limited};
use crate::types::{Credential, after};

/// The time for one try.
const TRY: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
const LARGEST_ANSWER: usize = 2 * 1024 * 1024;
/// Most pages of a list.
const MOST_PAGES: usize = 100;

/// The header that a credential makes.
fn authorization(credential: &Credential) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let text = match credential {
        Credential::Basic { email, token } => {
            format!(
                "Basic {}",
                STANDARD.encode(format!("{email}:{}", token.expose()))
            )
        }
        Credential::Bearer(token) => format!("Bearer {}", token.expose()),
    };
    let mut value = HeaderValue::from_str(&text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The API's address as the step's proxy wants it: by plain http, since it adds the authorization itself.
pub fn proxied(api: &Url) -> Url {
    let mut url = api.clone();
    // Of https, http is always a possible other.
    let _ = url.set_scheme("http");
    url
}

#[derive(Clone)]
pub(super) struct Sender {
    transport: Rc<dyn Transport>,
    base: Url,
    headers: HeaderMap,
    patience: Rc<Patience>,
    closing: bool,
    /// Of how many ways this is one.
    ways: u32,
}

impl Sender {
    pub(super) fn new(
        transport: Rc<dyn Transport>,
        base: Url,
        credential: Option<&Credential>,
        patience: Rc<Patience>,
    ) -> Result<Self, http::header::InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(credential) = credential {
            headers.insert(AUTHORIZATION, authorization(credential)?);
        }
        Ok(Self {
            transport,
            base,
            headers,
            patience,
            closing: false,
            ways: 1,
        })
    }

    pub(super) fn one_of(&self, ways: u32) -> Self {
        Self {
            ways: ways.max(1),
            ..self.clone()
        }
    }

    pub(super) fn closing(&self) -> Self {
        Self {
            closing: true,
            ..self.clone()
        }
    }

    /// The URL of a path below the base; each segment is encoded (`{` becomes `%7B`).
    pub(super) fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Sends a request that may be repeated without harm, and reads what comes back.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<T, Error> {
        let answer = self.send(method, url, body).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| ErrorKind::Unreadable(error.to_string()).into())
    }

    /// Sends a request that may be repeated without harm.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<Vec<u8>, Error> {
        let body = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|error| ErrorKind::Unreadable(error.to_string()))?
            .map(Bytes::from);
        let allowed = self
            .patience
            .left(self.closing)
            .checked_div(self.ways)
            .unwrap_or_default();
        if allowed.is_zero() {
            let why = "it did not answer before, and is not asked again".to_owned();
            return Err(ErrorKind::Unreachable(why).into());
        }
        let end = after(Instant::now(), allowed);
        let mut pauses = self.patience.pauses.iter();
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            let begun = Instant::now();
            let left = end.saturating_duration_since(begun);
            let request = self.request(method.clone(), url.clone(), body.clone(), attempt);
            let tried = timeout(TRY.min(left), self.once(request)).await;
            let (error, wish) = match tried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_) => (
                    ErrorKind::Unreachable("it does not answer".to_owned()),
                    None,
                ),
            };
            if !error.may_pass() {
                return Err(error.into());
            }
            let pause = pauses
                .next()
                .map(|pause| (*pause).max(wish.unwrap_or_default()))
                .filter(|pause| after(Instant::now(), *pause) < end);
            if let Some(pause) = pause {
                sleep(pause).await;
            }
            self.patience.wasted(begun);
            if pause.is_none() {
                return Err(error.into());
            }
        }
    }

    fn request(&self, method: Method, url: Url, body: Option<Bytes>, attempt: u32) -> Request {
        let mut headers = self.headers.clone();
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Request {
            method,
            url,
            headers,
            body,
            attempt,
        }
    }

    async fn once(&self, request: Request) -> Result<Vec<u8>, (ErrorKind, Option<Duration>)> {
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| (error.into(), None))?;
        let status = response.status;
        let wish = response
            .header("retry-after")
            .and_then(|value| value.trim().parse().ok());
        let body = read_limited(response.body, LARGEST_ANSWER).await;
        if (200..300).contains(&status) {
            return body.map_err(|error| (ErrorKind::Unreachable(error.to_string()), None));
        }
        // Of a refusal, the status counts even where its words are cut.
        let error = error::of_answer(status, &body.unwrap_or_default());
        Err((error, wish.map(Duration::from_secs)))
    }

    /// One try of a GET within so much time: the status, headers and body of the answer, whatever they are. Takes nothing of
    /// the time that is kept for closing.
    pub(super) async fn look(
        &self,
        url: Url,
        limit: Duration,
    ) -> Result<(u16, HeaderMap, Vec<u8>), Error> {
        let begun = Instant::now();
        let allowed = limit.min(self.patience.left(false));
        let request = self.request(Method::GET, url, None, 1);
        let tried = timeout(allowed, async {
            let response = self.transport.send(request).await?;
            let (status, headers) = (response.status, response.headers);
            // Of a refusal, the status counts even where its words are cut.
            let body = read_limited(response.body, LARGEST_ANSWER).await;
            Ok::<_, ErrorKind>((status, headers, body.unwrap_or_default()))
        });
        let answer = match tried.await {
            Ok(answer) => answer,
            Err(_) => Err(ErrorKind::Unreachable("it does not answer".to_owned())),
        };
        if answer.is_err() {
            self.patience.wasted(begun);
        }
        answer.map_err(Error::from)
    }

    /// All entries of a list, over its pages.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        segments: &[&str],
    ) -> Result<Vec<T>, Error> {
        let mut url = self.url(segments, &[("pagelen", "100")]);
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page<T> = self.json(Method::GET, url.clone(), None::<&()>).await?;
            all.extend(page.values);
            let Some(next) = page.next else {
                return Ok(all);
            };
            match self.link(&next) {
                Some(next) if next != url => url = next,
                _ => break,
            }
        }
        Err(ErrorKind::Unreadable("its list does not end".to_owned()).into())
    }

    /// The address of a next page. Only its path counts: the credential goes to no other host.
    pub(super) fn link(&self, next: &str) -> Option<Url> {
        let next = Url::parse(next).ok()?;
        let below = format!("{}/", self.base.path().trim_end_matches('/'));
        let mut url = self.base.clone();
        url.set_path(next.path());
        url.set_query(next.query());
        url.path().starts_with(&below).then_some(url)
    }
}
