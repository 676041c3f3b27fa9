//! Artifacts of a build: which there are, and their bytes.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ETAG, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};
use tokio::time::timeout;
use url::Url;

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::fields;
use super::model::ArtifactFile;
use super::request::Need;
use crate::http::Body;
use crate::types::BuildId;

/// Most requests for one build's list.
const MOST_LISTS: usize = 500;
/// Most files of one build.
const MOST_FILES: usize = 50_000;
/// Deepest folder.
const DEEPEST: usize = 40;
/// How long a download may stand still.
const STALL: Duration = Duration::from_secs(60);
/// Most bytes of a file whose size was not listed.
const LARGEST_UNLISTED: u64 = 10_000_000_000;
/// How often a download is resumed without a new byte.
const MOST_FAULTS: u32 = 4;

/// A file among the artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its path in the artifacts, as the server gives it: it may be anything.
    pub path: String,
    /// In bytes.
    pub size: Option<u64>,
}

/// The artifacts of a build.
#[derive(Debug, Default)]
pub struct Artifacts {
    /// The files that were asked for.
    pub files: Vec<Artifact>,
    /// There are more than can be listed.
    pub incomplete: bool,
}

impl Client {
    fn artifact_url(&self, id: BuildId, what: &str, path: &str, query: &[(&str, &str)]) -> Url {
        let build = format!("id:{id}");
        let mut segments = vec!["builds", build.as_str(), "artifacts", what];
        segments.extend(path.split('/').filter(|part| !part.is_empty()));
        self.rest(&segments, query)
    }

    /// The artifacts that `wanted` lets pass, hidden ones left out.
    ///
    /// # Errors
    /// When TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn artifacts(
        &self,
        id: BuildId,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Artifacts, Error> {
        let mut found = Artifacts::default();
        // All at once, and folder by folder where that is too much for one answer.
        let mut folders = vec![(String::new(), true)];
        let mut lists = 0_usize;
        while let Some((folder, recursive)) = folders.pop() {
            lists = lists.saturating_add(1);
            if lists > MOST_LISTS || folder.matches('/').count() > DEEPEST {
                found.incomplete = true;
                break;
            }
            let locator = if recursive {
                "recursive:true,hidden:false"
            } else {
                "recursive:false,hidden:false"
            };
            let query = [("locator", locator), ("fields", fields::ARTIFACTS)];
            let url = self.artifact_url(id, "children", &folder, &query);
            let take = |file: ArtifactFile| entry(&file, &folder, recursive, wanted);
            let list = ("file", MOST_FILES);
            let page = match Box::pin(self.requests.list(&url, Need::Parts, list, &take)).await {
                Err(Error {
                    kind: ErrorKind::TooLarge(_) | ErrorKind::TooMany(_),
                    ..
                }) if recursive => {
                    folders.push((folder, false));
                    continue;
                }
                Err(Error {
                    kind: ErrorKind::TooMany(_),
                    ..
                }) => {
                    found.incomplete = true;
                    continue;
                }
                answer => answer?,
            };
            for entry in page.elements {
                match entry {
                    Entry::Folder(path) => folders.push((path, true)),
                    Entry::File(_) if found.files.len() == MOST_FILES => {
                        found.incomplete = true;
                        return Ok(found);
                    }
                    Entry::File(artifact) => found.files.push(artifact),
                }
            }
        }
        Ok(found)
    }

    /// The bytes of an artifact.
    pub fn download(&self, id: BuildId, artifact: &Artifact) -> Download<'_> {
        Download {
            client: self,
            url: self.artifact_url(id, "content", &artifact.path, &[]),
            size: artifact.size,
            received: 0,
            tag: None,
            body: None,
            faults: 0,
            restarts: 0,
        }
    }
}

/// What is to be done with an entry of a list.
enum Entry {
    /// It is to be listed, too.
    Folder(String),
    /// It is wanted.
    File(Artifact),
}

/// An entry that matters.
fn entry(
    file: &ArtifactFile,
    folder: &str,
    recursive: bool,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<Entry> {
    let path = full_path(file, folder)?;
    // They can leak in whatever the locator says.
    if path == ".teamcity" || path.starts_with(".teamcity/") {
        return None;
    }
    if file.children.is_some() && file.content.is_none() {
        return (!recursive).then_some(Entry::Folder(path));
    }
    let size = file.size;
    wanted(&path).then_some(Entry::File(Artifact { path, size }))
}

fn full_path(file: &ArtifactFile, folder: &str) -> Option<String> {
    let path = match (&file.full_name, &file.name) {
        (Some(path), _) => path.clone(),
        (None, Some(name)) if folder.is_empty() => name.clone(),
        (None, Some(name)) => format!("{folder}/{name}"),
        (None, None) => return None,
    };
    (!path.is_empty()).then_some(path)
}

/// An artifact on its way. A connection that breaks is taken up again where it broke.
pub struct Download<'client> {
    client: &'client Client,
    url: Url,
    size: Option<u64>,
    received: u64,
    tag: Option<HeaderValue>,
    body: Option<Body>,
    faults: u32,
    restarts: u32,
}

/// What comes next of a download.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes.
    Bytes(Bytes),
    /// All bytes so far are void: it begins anew.
    Restart,
    /// It is whole.
    End,
}

impl Download<'_> {
    /// What comes next.
    ///
    /// # Errors
    /// When TeamCity refuses, or the connection breaks again and again, or the size is another than was said.
    pub async fn next(&mut self) -> Result<Piece, Error> {
        loop {
            let Some(body) = &mut self.body else {
                if self.open().await? {
                    self.restarts = self.restarts.saturating_add(1);
                    return Ok(Piece::Restart);
                }
                continue;
            };
            let why = match timeout(STALL, body.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    self.received = self.received.saturating_add(length);
                    if self.size.is_none() && self.received > LARGEST_UNLISTED {
                        let why = format!("it is larger than {LARGEST_UNLISTED} bytes");
                        return Err(ErrorKind::Unreadable(why).into());
                    }
                    match self.size.filter(|size| self.received > *size) {
                        None => {
                            self.faults = 0;
                            return Ok(Piece::Bytes(bytes));
                        }
                        Some(size) => {
                            self.tag = None;
                            let why =
                                format!("it is larger than the {size} bytes that were listed");
                            ErrorKind::Unreadable(why)
                        }
                    }
                }
                Ok(Ok(None)) if self.size.is_none_or(|size| self.received == size) => {
                    return Ok(Piece::End);
                }
                Ok(Ok(None)) => ErrorKind::Unreadable("it ended early".to_owned()),
                Ok(Err(error)) => ErrorKind::from(error),
                Err(_) => {
                    ErrorKind::Unreachable(format!("no data arrived for {} s", STALL.as_secs()))
                }
            };
            self.fault(why).await?;
        }
    }

    /// It broke: after a pause it is opened again, but not without end.
    async fn fault(&mut self, why: ErrorKind) -> Result<(), Error> {
        self.body = None;
        self.faults = self.faults.saturating_add(1);
        if self.faults > MOST_FAULTS || self.restarts >= MOST_FAULTS {
            return Err(why.into());
        }
        tokio::time::sleep(Duration::from_secs(self.faults.into())).await;
        Ok(())
    }

    /// Opens it where it broke; `true` if it begins anew instead. Bytes of two answers are put together only if both
    /// carry the same tag: what broke may have been a login page.
    async fn open(&mut self) -> Result<bool, Error> {
        let mut headers = HeaderMap::new();
        // Sizes and ranges are those of the file itself.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(tag) = self.tag.as_ref().filter(|_| self.received > 0) {
            if let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.received)) {
                headers.insert(RANGE, range);
            }
            // A weak tag is of no use there, and is compared below alone.
            if !tag.as_bytes().starts_with(b"W/") {
                headers.insert(IF_RANGE, tag.clone());
            }
        }
        let response = self
            .client
            .requests
            .open_content(self.url.clone(), &headers)
            .await?;
        let goes_on = self.received > 0
            && response.status == 206
            && response.headers.get(ETAG) == self.tag.as_ref()
            && response
                .header("content-range")
                .is_some_and(|range| range.starts_with(&format!("bytes {}-", self.received)));
        let anew = self.received > 0 && !goes_on;
        if !goes_on {
            self.received = 0;
            self.tag = response.headers.get(ETAG).cloned();
            let length: Option<u64> = response
                .header("content-length")
                .and_then(|length| length.parse().ok());
            if response.status != 200
                || self
                    .size
                    .zip(length)
                    .is_some_and(|(size, length)| size != length)
            {
                let why = "it is not the file that was listed".to_owned();
                self.fault(ErrorKind::Unreadable(why)).await?;
                return Ok(anew);
            }
        }
        self.body = Some(response.body);
        Ok(anew)
    }
}

#[cfg(test)]
mod tests;
