//! A page of a long list, read while it comes: its size decides time, not memory.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::answer::is_page;
use super::blot::blot;
use super::elements::{DEEPEST, Elements, Wrong};
use super::error::{Error, ErrorKind};
use super::model::lenient::Part;
use super::request::{JSON, Need, Requests, TIME_LIMIT, failure, json};
use crate::http::{Failure, Request};

/// Largest answer, in bytes.
pub(super) const LARGEST_LIST: u64 = 64 * 1024 * 1024;
/// The whole time for one answer.
const LIST_LIMIT: Duration = Duration::from_secs(120);

/// A page.
pub(super) struct Page<T> {
    /// What was taken of its elements.
    pub(super) elements: Vec<T>,
    /// How many there were.
    pub(super) count: usize,
    /// The next page.
    pub(super) next: Option<Url>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Around {
    next_href: Option<String>,
}

impl From<Wrong> for Failure<ErrorKind> {
    fn from(wrong: Wrong) -> Self {
        failure(
            match wrong {
                Wrong::TooDeep => {
                    ErrorKind::Unreadable(format!("it is nested more than {DEEPEST} deep"))
                }
                Wrong::TooLarge(limit) => ErrorKind::TooLarge(limit),
            },
            None,
        )
    }
}

impl Requests {
    /// GETs a page of the list `member`, with retries. Of each element that is kept which `take` makes of it; more than `most` of
    /// these are an error, since a server that means well sends no more than were asked for.
    pub(super) async fn list<T: DeserializeOwned, U>(
        &self,
        url: &Url,
        need: Need,
        (member, most): (&str, usize),
        take: &dyn Fn(T) -> Option<U>,
    ) -> Result<Page<U>, Error> {
        self.repeat(need, |attempt| {
            let request = self.request(Method::GET, url.clone(), JSON, None, attempt);
            async move {
                let late = || {
                    let why = format!("no complete answer within {} s", LIST_LIMIT.as_secs());
                    failure(ErrorKind::Unreachable(why), None)
                };
                // On the heap: what is asked for side by side would need a large stack.
                let page = Box::pin(self.page(request, (member, most), take));
                tokio::time::timeout(LIST_LIMIT, page)
                    .await
                    .unwrap_or_else(|_| Err(late()))
            }
        })
        .await
    }

    async fn page<T: DeserializeOwned, U>(
        &self,
        request: Request,
        (member, most): (&str, usize),
        take: &dyn Fn(T) -> Option<U>,
    ) -> Result<Page<U>, Failure<ErrorKind>> {
        let late = || {
            let why = format!("no answer within {} s", TIME_LIMIT.as_secs());
            failure(ErrorKind::Unreachable(why), None)
        };
        let transport = |error: crate::http::TransportError| failure(error.into(), None);
        let sent = tokio::time::timeout(TIME_LIMIT, self.transport.send(request)).await;
        let response = sent.map_err(|_| late())?.map_err(transport)?;
        let mut response = self.accept(response).await?;
        let mut elements = Elements::new(member);
        let (mut taken, mut count) = (Vec::new(), 0_usize);
        let (mut read, mut first) = (0_u64, true);
        loop {
            let chunk = tokio::time::timeout(TIME_LIMIT, response.body.chunk()).await;
            let Some(chunk) = chunk.map_err(|_| late())?.map_err(transport)? else {
                break;
            };
            let begin = String::from_utf8_lossy(chunk.get(..64).unwrap_or(&chunk));
            if std::mem::take(&mut first) && is_page(response.header("content-type"), &begin) {
                let what = format!("HTTP {}", response.status);
                return Err(failure(ErrorKind::WebPage(what), None));
            }
            read = read.saturating_add(chunk.len() as u64);
            if read > LARGEST_LIST {
                let limit = usize::try_from(LARGEST_LIST).unwrap_or(usize::MAX);
                return Err(failure(ErrorKind::TooLarge(limit), None));
            }
            elements.push(&chunk, &mut |element| {
                let Part(element) = json(&blot(&self.headers, element.to_vec()))?;
                count = count.saturating_add(1);
                taken.extend(element.and_then(take));
                if taken.len() > most {
                    return Err(failure(ErrorKind::TooMany(most), None));
                }
                Ok::<_, Failure<ErrorKind>>(())
            })?;
        }
        let around: Around = json(&blot(&self.headers, elements.around().to_vec()))?;
        self.retry.prove();
        Ok(Page {
            elements: taken,
            count,
            next: around.next_href.and_then(|href| self.link(&href)),
        })
    }
}
