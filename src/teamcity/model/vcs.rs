//! Branches, changes and VCS roots.

use serde::Deserialize;

use super::lenient;
/// Branches of a configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Branches {
    /// The branches.
    #[serde(deserialize_with = "lenient::list")]
    pub branch: Vec<Branch>,
}

/// A branch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Branch {
    /// Logical name; of a default branch without one, the whole ref.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// `<default>` for the default branch.
    #[serde(deserialize_with = "lenient::text")]
    pub internal_name: Option<String>,
    /// The default branch.
    #[serde(deserialize_with = "lenient::flag")]
    pub default: bool,
}

/// Changes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// The changes.
    #[serde(deserialize_with = "lenient::list")]
    pub change: Vec<Change>,
}

/// A change.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Change {
    /// Its number.
    #[serde(deserialize_with = "lenient::number")]
    pub id: Option<i64>,
    /// The commit.
    #[serde(deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// Who made it.
    #[serde(deserialize_with = "lenient::text")]
    pub username: Option<String>,
    /// Its message.
    #[serde(deserialize_with = "lenient::text")]
    pub comment: Option<String>,
    /// The root it came from.
    #[serde(deserialize_with = "lenient::part")]
    pub vcs_root_instance: Option<RootInstance>,
}

/// VCS roots attached to a configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootEntries {
    /// The entries.
    #[serde(deserialize_with = "lenient::list", rename = "vcs-root-entry")]
    pub vcs_root_entry: Vec<RootEntry>,
}

/// One attached root.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootEntry {
    /// The root.
    #[serde(deserialize_with = "lenient::part", rename = "vcs-root")]
    pub vcs_root: Option<RootInstance>,
    /// Which of its files are taken, and where to; empty: all.
    #[serde(deserialize_with = "lenient::text", rename = "checkout-rules")]
    pub checkout_rules: Option<String>,
}

/// Build configurations, each with its VCS roots.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChainConfigurations {
    /// The configurations.
    pub build_type: Vec<ChainConfiguration>,
}

/// One of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChainConfiguration {
    /// Its id.
    pub id: Option<String>,
    /// Its roots; not there where the token may not see them.
    #[serde(rename = "vcs-root-entries")]
    pub roots: Option<RootEntries>,
}

/// Root instances: roots with their parameters resolved for a configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootInstances {
    /// The instances.
    #[serde(deserialize_with = "lenient::list", rename = "vcs-root-instance")]
    pub vcs_root_instance: Vec<RootInstance>,
}

/// A root, or an instance of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootInstance {
    /// A root's external id, or an instance's number.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// For an instance: its root's external id.
    #[serde(deserialize_with = "lenient::text", rename = "vcs-root-id")]
    pub vcs_root_id: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its settings.
    #[serde(deserialize_with = "lenient::part")]
    pub properties: Option<RootProperties>,
    /// For an instance: the newest revision of its default branch that the server knows.
    #[serde(deserialize_with = "lenient::text", rename = "lastVersion")]
    pub last_version: Option<String>,
}

/// A root's settings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootProperties {
    /// The settings.
    #[serde(deserialize_with = "lenient::list")]
    pub property: Vec<RootProperty>,
}

/// One setting.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootProperty {
    /// Its name: `url`, `branch`.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its value.
    #[serde(deserialize_with = "lenient::text")]
    pub value: Option<String>,
}

impl RootInstance {
    /// A setting's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.as_ref()?.value(name)
    }
}

impl RootProperties {
    /// A setting's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.property
            .iter()
            .find(|property| property.name.as_deref() == Some(name))?
            .value
            .as_deref()
    }
}
