//! The server, the token's user and tokens.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use super::lenient;
use crate::teamcity::date;
use crate::types::Secret;

/// The server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Server {
    /// In words: `2025.11 (build 207946)`; Cloud leaves the name out.
    #[serde(deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// The year. It decides, so that one of an odd kind makes the answer unreadable, which is asked for again.
    pub version_major: Option<u32>,
    /// The month, or 1 and 2 until 2021. Read as strictly.
    pub version_minor: Option<u32>,
    /// Its own address, of which links are made; it may be reached by another.
    #[serde(deserialize_with = "lenient::text")]
    pub web_url: Option<String>,
    /// The server's clock.
    #[serde(deserialize_with = "date::lenient")]
    pub current_time: Option<DateTime<FixedOffset>>,
}

impl Server {
    /// Year and month, for comparisons.
    pub fn release(&self) -> Option<(u32, u32)> {
        Some((self.version_major?, self.version_minor?))
    }

    /// The version for people.
    pub fn described(&self) -> String {
        let release = self
            .release()
            .map(|(year, month)| format!("{year}.{month:02}"));
        let text = self.version.as_deref().unwrap_or_default().trim();
        match release {
            Some(release) if text.is_empty() || text.starts_with('(') => {
                format!("{release} {text}").trim().to_owned()
            }
            _ if text.is_empty() => "of unknown version".to_owned(),
            _ => text.to_owned(),
        }
    }
}

/// The token's user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User {
    /// Login name.
    #[serde(deserialize_with = "lenient::text")]
    pub username: Option<String>,
    /// Full name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its number.
    #[serde(deserialize_with = "lenient::number")]
    pub id: Option<i64>,
}

impl User {
    /// The login name, with the full name where it says more.
    pub fn called(&self) -> String {
        match (
            self.username.as_deref(),
            self.name.as_deref().filter(|name| !name.is_empty()),
        ) {
            (Some(login), Some(name)) if name != login => format!("{name} ({login})"),
            (Some(login), _) => login.to_owned(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => "a user without a name".to_owned(),
        }
    }
}

/// Tokens of a user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// The tokens.
    #[serde(deserialize_with = "lenient::list")]
    pub token: Vec<Token>,
}

/// A token. Only the answer that made it holds its value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Token {
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// When it was made.
    #[serde(deserialize_with = "date::lenient")]
    pub creation_time: Option<DateTime<FixedOffset>>,
    /// Absent: it never expires.
    #[serde(deserialize_with = "date::lenient")]
    pub expiration_time: Option<DateTime<FixedOffset>>,
    /// Absent: it has all permissions of its user.
    #[serde(deserialize_with = "lenient::part")]
    pub permission_restrictions: Option<Restrictions>,
    /// What is sent.
    #[serde(deserialize_with = "lenient::named")]
    pub value: Option<Secret>,
}

/// What a token is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Restrictions {
    /// One a permission and project.
    #[serde(deserialize_with = "lenient::list")]
    pub permission_restriction: Vec<Restriction>,
}

/// One permission that a limited token has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Restriction {
    /// It holds everywhere.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_global_scope: bool,
    /// Where it holds.
    #[serde(deserialize_with = "lenient::part")]
    pub project: Option<Reference>,
    /// Which permission.
    #[serde(deserialize_with = "lenient::part")]
    pub permission: Option<Reference>,
}

/// Something that is named by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// The id.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
}

impl Restrictions {
    /// These permissions in one project.
    pub fn in_project(project: &str, permissions: &[&str]) -> Self {
        let named = |id: &str| {
            Some(Reference {
                id: Some(id.to_owned()),
            })
        };
        let permission_restriction = permissions
            .iter()
            .map(|permission| Restriction {
                is_global_scope: false,
                project: named(project),
                permission: named(permission),
            })
            .collect();
        Self {
            permission_restriction,
        }
    }

    /// Whether a permission is among them, wherever it holds.
    pub fn names(&self, permission: &str) -> bool {
        self.permission_restriction
            .iter()
            .filter_map(|one| one.permission.as_ref()?.id.as_deref())
            .any(|id| id.eq_ignore_ascii_case(permission))
    }

    /// The ids of the projects.
    pub fn projects(&self) -> BTreeSet<&str> {
        self.permission_restriction
            .iter()
            .filter_map(|one| one.project.as_ref()?.id.as_deref())
            .collect()
    }
}

impl Tokens {
    /// The one of this name.
    pub fn named(&self, name: &str) -> Option<&Token> {
        self.token
            .iter()
            .find(|token| token.name.as_deref() == Some(name))
    }
}
