//! How a request to TeamCity is made, tried again and understood: the same for every resource.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::de::DeserializeOwned;
use url::Url;

use super::ahead::Told;
use super::answer;
use super::blot::blot;
use super::error::{Error, ErrorKind};
use crate::http::{
    Body, BodyError, Failure, Request, Response, Retry, Transport, Trouble, Watch, read_limited,
};

/// The whole time for one answer: far more than any needs, and less than a person waits without a word.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The same once nobody has answered for `RETRY_FOR`: what is still asked then is not worth a wait.
const TIME_AFTER_GIVING_UP: Duration = Duration::from_secs(5);
/// Largest JSON answer, in bytes: memory stays small whatever the server says.
pub(super) const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// Largest error body that is looked at, in bytes.
const LARGEST_ERROR: usize = 64 * 1024;
/// JSON first; XML too, so that a server which can't give JSON says why instead of 406.
pub(super) const JSON: &str = "application/json, application/xml;q=0.9";

/// What a refusal means to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The run can't go on without the answer: a refusal is confirmed once.
    Must,
    /// It can: a refusal is taken at once.
    May,
    /// It can; what is too large is asked for again in smaller parts.
    Parts,
    /// It can, and the answer is of no use later: nothing is asked again.
    Now,
}

/// Sends requests to one server.
pub struct Requests {
    pub(super) transport: Rc<dyn Transport>,
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    pub(super) retry: Rc<Retry>,
    pub(super) watch: Rc<dyn Watch>,
    /// Answers to what was asked ahead.
    pub(super) told: Told,
    /// Asks ahead.
    pub(super) ahead: bool,
}

impl Requests {
    /// The server's base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The same server, for what is asked ahead: once, and the answer is kept.
    pub fn ahead(&self) -> Self {
        Self {
            transport: Rc::clone(&self.transport),
            base: self.base.clone(),
            headers: self.headers.clone(),
            retry: Rc::clone(&self.retry),
            watch: Rc::clone(&self.watch),
            told: self.told.clone(),
            ahead: true,
        }
    }

    /// How long an unreachable server is retried.
    pub fn retry_for(&self) -> Duration {
        self.retry.retry_for()
    }

    /// Whether what fails since then is to be asked no more: see [`Retry::is_over`].
    pub fn is_over(&self, first: tokio::time::Instant) -> bool {
        self.retry.is_over(first)
    }

    /// The URL of a path below the base. `segments` are encoded one by one.
    pub(super) fn url<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a str>,
        query: &[(&str, &str)],
    ) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The URL of a link that the server gave, if it leads to the same server's REST API. Links of TeamCity start
    /// with a slash and leave the context path out.
    pub(super) fn link(&self, href: &str) -> Option<Url> {
        let path = href
            .strip_prefix('/')
            .filter(|path| path.starts_with("app/rest/"))?;
        let url = self.base.join(path).ok()?;
        (url.origin() == self.base.origin()).then_some(url)
    }

    /// GETs JSON, with retries.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url, need: Need) -> Result<T, Error> {
        self.get_limited(url, need, LARGEST_ANSWER).await
    }

    /// What was answered to a question that was asked ahead.
    pub(super) async fn told<T: DeserializeOwned>(
        &self,
        url: &Url,
        need: Need,
    ) -> Option<Result<T, Error>> {
        self.told.take(url, need == Need::May, read_told).await
    }

    /// GETs JSON of at most so many bytes, with retries.
    pub(super) async fn get_limited<T: DeserializeOwned>(
        &self,
        url: Url,
        need: Need,
        limit: usize,
    ) -> Result<T, Error> {
        if self.ahead {
            let request = self.request(Method::GET, url.clone(), JSON, None, 1);
            let answer = async {
                let answer = self.answer(request, limit).await;
                answer.map_err(|failure| failure.error)
            };
            return Box::pin(self.told.keep(&url, answer, read_told)).await;
        }
        if let Some(told) = self.told(&url, need).await {
            return told;
        }
        self.repeat(need, |attempt| {
            let request = self.request(Method::GET, url.clone(), JSON, None, attempt);
            async move { json(&self.answer(request, limit).await?) }
        })
        .await
    }

    /// Sends a request that may be repeated without harm, with retries; the answer's body is for the caller to read.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        accept: &'static str,
        body: Option<&serde_json::Value>,
        need: Need,
    ) -> Result<Vec<u8>, Error> {
        self.repeat(need, |attempt| {
            let request = self.request(method.clone(), url.clone(), accept, body, attempt);
            async move { self.answer(request, LARGEST_ANSWER).await }
        })
        .await
    }

    /// POSTs JSON once: for what must not be repeated blindly.
    pub(super) async fn post_once<T: DeserializeOwned>(
        &self,
        url: Url,
        body: &serde_json::Value,
        attempt: u32,
    ) -> Result<T, Failure<ErrorKind>> {
        let answer = self
            .answer(
                self.request(Method::POST, url, JSON, Some(body), attempt),
                LARGEST_ANSWER,
            )
            .await?;
        json(&answer)
    }

    /// Opens an answer that is read piece by piece, with retries until its head is there.
    pub(super) async fn open(
        &self,
        url: Url,
        headers: &HeaderMap,
        need: Need,
    ) -> Result<Response, Error> {
        self.repeat(need, |attempt| {
            let mut request = self.request(Method::GET, url.clone(), "*/*", None, attempt);
            request.headers.extend(headers.clone());
            async move { self.head(request).await }
        })
        .await
    }

    pub(super) async fn repeat<T, F, Fut>(&self, need: Need, mut operation: F) -> Result<T, Error>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, Failure<ErrorKind>>>,
    {
        let result = self
            .retry
            .run(&*self.watch, |attempt| {
                let attempt = operation(attempt);
                async move {
                    attempt.await.map_err(|failure| {
                        // What is too large won't be smaller the next time.
                        let hopeless = matches!(
                            failure.error,
                            ErrorKind::TooLarge(_) | ErrorKind::TooMany(_)
                        );
                        match (need, failure.trouble) {
                            (Need::May, Trouble::Refusal) | (Need::Now, _) => failure.for_good(),
                            (Need::Parts, Trouble::Refusal) => failure.for_good(),
                            (Need::Parts, _) if hopeless => failure.for_good(),
                            _ => failure,
                        }
                    })
                }
            })
            .await;
        result.map_err(Error::from)
    }

    pub(super) fn request(
        &self,
        method: Method,
        url: Url,
        accept: &'static str,
        body: Option<&serde_json::Value>,
        attempt: u32,
    ) -> Request {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let body = body.map(|body| {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(body.to_string())
        });
        Request {
            method,
            url,
            headers,
            body,
            attempt,
        }
    }

    pub(super) async fn answer(
        &self,
        request: Request,
        limit: usize,
    ) -> Result<Vec<u8>, Failure<ErrorKind>> {
        self.within(async {
            let response = self
                .transport
                .send(request)
                .await
                .map_err(|error| failure(error.into(), None))?;
            let response = self.accept(response).await?;
            let status = response.status;
            let content_type = response.header("content-type").map(ToOwned::to_owned);
            let body = blot(&self.headers, read(response.body, limit).await?);
            if answer::is_page(
                content_type.as_deref(),
                &String::from_utf8_lossy(body.get(..64).unwrap_or(&body)),
            ) {
                let page = answer::page_of(status, &String::from_utf8_lossy(&body));
                return Err(failure(ErrorKind::WebPage(page), None));
            }
            self.retry.prove();
            Ok(body)
        })
        .await
    }

    /// Lets a success pass; reads what a failure says.
    pub(super) async fn accept(&self, response: Response) -> Result<Response, Failure<ErrorKind>> {
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        let wish = response.header("retry-after").and_then(retry_after);
        let mut headers = response.headers.clone();
        if let Some(location) = headers.get_mut("location") {
            // Its query may hold a state or a signature.
            let end = location
                .as_bytes()
                .iter()
                .position(|byte| b"?#".contains(byte));
            let shown = location
                .as_bytes()
                .get(..end.unwrap_or(location.len()))
                .unwrap_or_default();
            if let Ok(shown) = HeaderValue::from_bytes(&blot(&self.headers, shown.to_vec())) {
                *location = shown;
            }
        }
        let head = Response {
            body: Box::new(Empty),
            headers,
            status: response.status,
        };
        // A body that is cut or too large says nothing, and the status still counts.
        let body = read_limited(response.body, LARGEST_ERROR)
            .await
            .unwrap_or_default();
        let body = blot(&self.headers, body);
        Err(failure(answer::of_answer(&self.base, &head, &body), wish))
    }

    /// Gives up on one answer after the time for it, which is short once the server has been given up.
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Failure<ErrorKind>>>,
    ) -> Result<T, Failure<ErrorKind>> {
        let limit = if self.retry.gave_up() {
            TIME_AFTER_GIVING_UP
        } else {
            TIME_LIMIT
        };
        let late = || {
            let words = format!("no answer within {} s", limit.as_secs());
            failure(ErrorKind::Unreachable(words), None)
        };
        tokio::time::timeout(limit, work)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    async fn head(&self, request: Request) -> Result<Response, Failure<ErrorKind>> {
        self.within(async {
            let response = self
                .transport
                .send(request)
                .await
                .map_err(|error| failure(error.into(), None))?;
            self.accept(response).await
        })
        .await
    }
}

struct Empty;

impl crate::http::Chunks for Empty {
    fn chunk(
        &mut self,
    ) -> crate::http::BoxFuture<'_, Result<Option<Bytes>, crate::http::TransportError>> {
        Box::pin(async { Ok(None) })
    }
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Failure<ErrorKind>> {
    read_limited(body, limit)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge(limit) => failure(ErrorKind::TooLarge(limit), None),
            BodyError::Transport(error) => failure(error.into(), None),
        })
}

/// Reads what was answered ahead, where nothing is tried again.
fn read_told<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorKind> {
    json(body).map_err(|failure| failure.error)
}

pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure<ErrorKind>> {
    super::json::read(body).map_err(|why| failure(ErrorKind::Unreadable(why), None))
}

pub(super) fn failure(error: ErrorKind, retry_after: Option<Duration>) -> Failure<ErrorKind> {
    let trouble = error.trouble(retry_after);
    Failure { error, trouble }
}

/// `Retry-After` in seconds. The form with a date is rare, and a wish anyway.
fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}
