//! What a build is built from.

use serde::Deserialize;

use super::lenient;
/// Revisions of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Revisions {
    /// One a VCS root.
    #[serde(deserialize_with = "lenient::list")]
    pub revision: Vec<Revision>,
}

/// The revision of one VCS root.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Revision {
    /// The commit.
    #[serde(deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// The ref.
    #[serde(deserialize_with = "lenient::text")]
    pub vcs_branch_name: Option<String>,
    /// The root.
    #[serde(deserialize_with = "lenient::part", rename = "vcs-root-instance")]
    pub vcs_root_instance: Option<RootInstanceRef>,
}

impl Revision {
    /// The commit, if it is named: until it is known some servers say `N/A` (seen in 2026.2).
    pub fn commit(&self) -> Option<&str> {
        let version = self.version.as_deref()?.trim();
        (!version.is_empty() && !version.eq_ignore_ascii_case("N/A")).then_some(version)
    }

    /// The root's external id.
    pub fn root(&self) -> Option<&str> {
        self.vcs_root_instance.as_ref()?.vcs_root_id.as_deref()
    }
}

/// A VCS root as revisions name it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RootInstanceRef {
    /// The root's external id.
    #[serde(deserialize_with = "lenient::text", rename = "vcs-root-id")]
    pub vcs_root_id: Option<String>,
}
