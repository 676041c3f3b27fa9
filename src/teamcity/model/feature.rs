//! Build features of a configuration.

use serde::Deserialize;

use super::lenient;
use super::vcs::{RootEntries, RootProperties};

/// A configuration's build features beside its VCS roots. Both are absent where the token may not see them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Configured {
    /// The features, those of its templates too.
    #[serde(deserialize_with = "lenient::part")]
    pub features: Option<Features>,
    /// The roots.
    #[serde(deserialize_with = "lenient::part", rename = "vcs-root-entries")]
    pub vcs_root_entries: Option<RootEntries>,
}

/// Build features.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Features {
    /// The features.
    #[serde(deserialize_with = "lenient::list")]
    pub feature: Vec<Feature>,
}

/// A build feature.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Feature {
    /// What it is.
    #[serde(deserialize_with = "lenient::text", rename = "type")]
    pub kind: Option<String>,
    /// Whether it is turned off. Left out where it is not.
    #[serde(deserialize_with = "lenient::flag")]
    pub disabled: bool,
    /// Its settings.
    #[serde(deserialize_with = "lenient::part")]
    pub properties: Option<RootProperties>,
}

impl Feature {
    /// A setting's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.as_ref()?.value(name)
    }
}
