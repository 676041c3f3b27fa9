//! Artifacts.

use serde::Deserialize;

use super::numbers;

/// A file or folder among the artifacts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactFile {
    /// Its name, without its path.
    pub name: Option<String>,
    /// Its path in the artifacts.
    pub full_name: Option<String>,
    /// In bytes; folders have none.
    #[serde(deserialize_with = "numbers::amount")]
    pub size: Option<u64>,
    /// Where its bytes are; folders have none.
    pub content: Option<Href>,
    /// Where its files are; files have none.
    pub children: Option<Href>,
}

/// A link.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Href {
    /// Relative to the server, without its context path.
    pub href: Option<String>,
}
