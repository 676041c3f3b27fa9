//! Which files a pull request changes.

use std::collections::HashSet;
use std::time::Duration;

use http::header::LOCATION;
use serde::Deserialize;
use tokio::time::Instant;

use super::client::{Client, Repository};
use super::error::{self, Error, ErrorKind};
use super::model::Page;
use crate::types::after;

/// Most answers that are read, redirects and pages together.
const MOST_ANSWERS: usize = 12;

#[derive(Deserialize)]
struct Changed {
    old: Option<File>,
    new: Option<File>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    path: String,
}

impl Client {
    /// The paths that a pull request adds, changes or renames to. Bitbucket answers with a redirect to the diff of two
    /// commits; of its address only the path counts, so that the credential goes to no other host.
    ///
    /// # Errors
    /// When Bitbucket refuses, or does not answer sensibly within `limit`. It is asked once.
    pub async fn changed_files(
        &self,
        of: &Repository,
        pull_request: &str,
        limit: Duration,
    ) -> Result<HashSet<String>, Error> {
        let segments = [
            "repositories",
            &of.workspace,
            &of.slug,
            "pullrequests",
            pull_request,
            "diffstat",
        ];
        let mut url = self.sender.url(&segments, &[("pagelen", "500")]);
        let mut files = HashSet::new();
        let end = after(Instant::now(), limit);
        for _ in 0..MOST_ANSWERS {
            let (status, headers, body) = {
                let left = end.saturating_duration_since(Instant::now());
                self.sender.look(url.clone(), left).await?
            };
            let next = match status {
                300..=399 => {
                    let location = headers.get(LOCATION);
                    location.and_then(|to| Some(to.to_str().ok()?.to_owned()))
                }
                200..=299 => {
                    let page: Page<Changed> = serde_json::from_slice(&body)
                        .map_err(|error| ErrorKind::Unreadable(error.to_string()))?;
                    let paths = page
                        .values
                        .into_iter()
                        .filter_map(|one| one.new.or(one.old));
                    files.extend(paths.map(|file| file.path));
                    page.next
                }
                _ => return Err(error::of_answer(status, &body).into()),
            };
            match next.and_then(|next| self.sender.link(&next)) {
                Some(next) if next != url => url = next,
                _ => break,
            }
        }
        Ok(files)
    }
}
