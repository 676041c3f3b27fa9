//! The content of artifacts, which may lie in a storage elsewhere.

use http::{HeaderMap, Method};
use url::Url;

use super::error::{Error, ErrorKind};
use super::request::{Need, Requests, failure};
use crate::http::{Failure, Request, Response};

/// Most redirects on the way to an artifact.
const MOST_REDIRECTS: usize = 3;

impl Requests {
    /// Opens the content of an artifact. It may lie in a storage elsewhere: a redirect to another host is followed
    /// with none of our headers but those of the range, since the address itself is the credential there.
    pub(super) async fn open_content(
        &self,
        url: Url,
        headers: &HeaderMap,
    ) -> Result<Response, Error> {
        self.repeat(Need::May, |attempt| {
            let mut request = self.request(Method::GET, url.clone(), "*/*", None, attempt);
            request.headers.extend(headers.clone());
            async move { self.content(request, headers).await }
        })
        .await
    }

    async fn content(
        &self,
        mut request: Request,
        headers: &HeaderMap,
    ) -> Result<Response, Failure<ErrorKind>> {
        for _ in 0..=MOST_REDIRECTS {
            let at = request.url.clone();
            let attempt = request.attempt;
            let sent = async {
                self.transport
                    .send(request)
                    .await
                    .map_err(|error| failure(error.into(), None))
            };
            let response = self.within(sent).await?;
            let elsewhere = response
                .header("location")
                .filter(|_| (300..400).contains(&response.status))
                .and_then(|location| at.join(location).ok())
                .filter(|target| self.is_storage(target));
            match elsewhere {
                Some(url) => {
                    request = Request {
                        method: Method::GET,
                        url,
                        headers: headers.clone(),
                        body: None,
                        attempt,
                    };
                }
                None => return self.within(self.accept(response)).await,
            }
        }
        Err(failure(
            ErrorKind::Redirected("one place after the other".to_owned()),
            None,
        ))
    }

    /// Whether an artifact may be fetched from there: another host, and not less safely than from TeamCity.
    fn is_storage(&self, target: &Url) -> bool {
        let as_safe =
            target.scheme() == "https" || self.base.scheme() == "http" && target.scheme() == "http";
        as_safe && target.host() != self.base.host()
    }
}
