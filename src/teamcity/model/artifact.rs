//! Artifacts.

use serde::Deserialize;

use super::lenient;

/// Artifacts of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ArtifactFiles {
    /// Files and folders.
    #[serde(deserialize_with = "lenient::list")]
    pub file: Vec<ArtifactFile>,
}

/// A file or folder among the artifacts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactFile {
    /// Its name, without its path.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its path in the artifacts.
    #[serde(deserialize_with = "lenient::text")]
    pub full_name: Option<String>,
    /// In bytes; folders have none.
    #[serde(deserialize_with = "lenient::amount")]
    pub size: Option<u64>,
    /// Where its bytes are; folders have none.
    #[serde(deserialize_with = "lenient::part")]
    pub content: Option<Href>,
    /// Where its files are; files have none.
    #[serde(deserialize_with = "lenient::part")]
    pub children: Option<Href>,
}

/// A link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Href {
    /// Relative to the server, without its context path.
    #[serde(deserialize_with = "lenient::text")]
    pub href: Option<String>,
}
