//! Build features of a configuration.

use serde::Deserialize;

use super::vcs::{RootEntries, RootProperties};

/// A configuration's build features beside its VCS roots. Both are absent where the token may not see them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Configured {
    /// The features, those of its templates too.
    pub features: Option<Features>,
    /// The roots.
    #[serde(rename = "vcs-root-entries")]
    pub vcs_root_entries: Option<RootEntries>,
}

/// Build features.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Features {
    /// The features.
    pub feature: Vec<Feature>,
}

/// A build feature.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Feature {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether it is turned off. Left out where it is not.
    pub disabled: bool,
    /// Its settings.
    pub properties: Option<RootProperties>,
}

impl Feature {
    /// A setting's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.as_ref()?.value(name)
    }
}
