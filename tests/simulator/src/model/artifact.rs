//! Artifacts of a build.

use std::collections::HashMap;
use std::ops::Deref;

use bytes::Bytes;

/// What is in an artifact.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// So many bytes, made when they are read: byte `n` is `n % 251`.
    Generated(u64),
}

impl Content {
    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated(size) => *size,
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A part of it.
    pub fn range(&self, from: u64, to: u64) -> Bytes {
        let (from, to) = (from.min(self.len()), to.min(self.len()));
        match self {
            Self::Bytes(bytes) => bytes.slice(from as usize..to.max(from) as usize),
            Self::Generated(_) => (from..to).map(|at| (at % 251) as u8).collect(),
        }
    }
}

/// A file among the artifacts.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Path segments, the last is the file's name. A segment may be anything, also `..` or with a slash in it.
    pub segments: Vec<String>,
    /// What is in it.
    pub content: Content,
    /// The size that the list tells, if it is another than the content's.
    pub listed_size: Option<u64>,
}

impl Artifact {
    /// A file at a path whose folders are separated by `/`.
    pub fn new(path: &str, content: impl Into<Bytes>) -> Self {
        Self {
            segments: path.split('/').map(str::to_owned).collect(),
            content: Content::Bytes(content.into()),
            listed_size: None,
        }
    }
    /// A file at the top whose name is exactly this, whatever it holds.
    pub fn hostile(name: &str, content: impl Into<Bytes>) -> Self {
        Self {
            segments: vec![name.to_owned()],
            content: Content::Bytes(content.into()),
            listed_size: None,
        }
    }
    /// A file whose content is made when it is read.
    pub fn generated(path: &str, size: u64) -> Self {
        Self {
            segments: path.split('/').map(str::to_owned).collect(),
            content: Content::Generated(size),
            listed_size: None,
        }
    }
    /// The list tells another size than the content has.
    pub fn listed_size(mut self, size: u64) -> Self {
        self.listed_size = Some(size);
        self
    }
    /// The whole path.
    pub fn path(&self) -> String {
        self.segments.join("/")
    }
    /// Whether it is one of TeamCity's own, which lists leave out.
    pub fn is_hidden(&self) -> bool {
        self.segments
            .first()
            .is_some_and(|first| first == ".teamcity")
    }
}

/// The artifacts of a build, each found by its path at once: a client fetches thousands one by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Artifacts {
    all: Vec<Artifact>,
    places: HashMap<Vec<String>, usize>,
}

impl Artifacts {
    /// The file at a path; the first, if several have it.
    pub(crate) fn at(&self, path: &[String]) -> Option<&Artifact> {
        self.all.get(*self.places.get(path)?)
    }
}

impl Deref for Artifacts {
    type Target = [Artifact];

    fn deref(&self) -> &[Artifact] {
        &self.all
    }
}

impl FromIterator<Artifact> for Artifacts {
    fn from_iter<T: IntoIterator<Item = Artifact>>(artifacts: T) -> Self {
        let all: Vec<Artifact> = artifacts.into_iter().collect();
        let mut places = HashMap::new();
        for (place, artifact) in all.iter().enumerate() {
            places.entry(artifact.segments.clone()).or_insert(place);
        }
        Self { all, places }
    }
}
