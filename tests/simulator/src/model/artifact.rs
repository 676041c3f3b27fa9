//! Artifacts of a build.

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
