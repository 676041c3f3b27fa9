//! The note beside a stored token: a plain variable `<VARIABLE>_INFO` with JSON, for a secured value can't be read back.

use std::fmt;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::types::{Secret, hash};

/// What the name of a note ends with.
const SUFFIX: &str = "_INFO";
/// Digits of a token's fingerprint: enough to tell tokens apart, and far too few to guess one by.
const FINGERPRINT: usize = 12;

/// What is known of a stored token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Info {
    /// The server's base address.
    pub server: String,
    /// The user's login name.
    pub user: Option<String>,
    /// When it was stored.
    #[serde(deserialize_with = "lenient")]
    pub date_added: Option<DateTime<Utc>>,
    /// When it expires.
    pub expires: Expiry,
    /// When a server last accepted it, as far as this program knows.
    #[serde(deserialize_with = "lenient")]
    pub last_authenticated: Option<DateTime<Utc>>,
    /// Its name in TeamCity, if it is known.
    pub token_name: Option<String>,
    /// Tells whether a value is the one that is noted here, and nothing else of it.
    pub fingerprint: Option<String>,
    /// Names of tokens of this user's that were made for this variable and are not, or no longer, in it: to be deleted in
    /// TeamCity once it is certain what is stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
}

impl Info {
    /// Reads a note; nothing if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let info: Self = serde_json::from_str(text).ok()?;
        (!info.server.is_empty()).then_some(info)
    }

    /// The note's text.
    pub fn text(&self) -> String {
        // A structure of texts always becomes JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it is about this server.
    pub fn is_on(&self, server: &Url) -> bool {
        self.server.trim_end_matches('/') == server.as_str().trim_end_matches('/')
    }

    /// Whether it is about this token.
    pub fn is_of(&self, token: &Secret) -> bool {
        self.fingerprint.as_deref() == Some(fingerprint(token).as_str())
    }
}

/// The name of a variable's note.
pub fn note_name(variable: &str) -> String {
    format!("{variable}{SUFFIX}")
}

/// The variable that a note of this name is about.
pub fn noted_variable(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX).filter(|name| !name.is_empty())
}

/// A few digits that differ between tokens.
pub fn fingerprint(token: &Secret) -> String {
    hash::hex(&["teamcity-pipe", token.expose()], FINGERPRINT)
}

/// A time as notes have it: without fractions.
pub fn whole(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(0)
}

/// When a token expires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expiry {
    /// Nobody knows: its user has several tokens, and the server does not tell which it is.
    #[default]
    Unknown,
    /// Never.
    Never,
    /// Then.
    At(DateTime<Utc>),
}

impl Expiry {
    /// Whole days until then; negative once it is past.
    pub fn days(self, now: DateTime<Utc>) -> Option<i64> {
        match self {
            Self::At(time) => Some(
                time.signed_duration_since(now)
                    .num_seconds()
                    .div_euclid(86_400),
            ),
            Self::Unknown | Self::Never => None,
        }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("its expiry is unknown"),
            Self::Never => formatter.write_str("it never expires"),
            Self::At(time) => write!(formatter, "it expires on {} (UTC)", time.format("%Y-%m-%d")),
        }
    }
}

impl Serialize for Expiry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown => serializer.serialize_none(),
            Self::Never => serializer.serialize_str("never"),
            Self::At(time) => time.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(match value.as_str() {
            Some("never") => Self::Never,
            Some(text) => date(text).map_or(Self::Unknown, Self::At),
            None => Self::Unknown,
        })
    }
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// A date that somebody spoilt is an absent one.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(date))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn is_what_it_was_before_it_was_stored() {
        let info = Info {
            server: "https://tc.example.com/".to_owned(),
            user: Some("ci".to_owned()),
            date_added: Some(time(1_800_000_000)),
            expires: Expiry::At(time(1_800_086_400)),
            fingerprint: Some(fingerprint(&Secret::new("abc"))),
            ..Info::default()
        };
        insta::assert_snapshot!(info.text(), @r#"{"server":"https://tc.example.com/","user":"ci","dateAdded":"2027-01-15T08:00:00Z","expires":"2027-01-16T08:00:00Z","lastAuthenticated":null,"tokenName":null,"fingerprint":"d15d03c31ea5"}"#);
        assert_eq!(Info::parse(&info.text()), Some(info));
    }

    #[test]
    fn spoilt_parts_are_absent_ones_and_other_texts_are_no_notes() {
        let info =
            Info::parse(r#"{"server":"https://x/","dateAdded":"soon","expires":7}"#).unwrap();
        assert_eq!((info.date_added, info.expires), (None, Expiry::Unknown));
        assert_eq!(Info::parse("{}"), None);
        assert_eq!(Info::parse("hello"), None);
    }

    #[test]
    fn knows_its_token_and_its_server() {
        let info = Info {
            server: "https://x/tc/".to_owned(),
            fingerprint: Some(fingerprint(&Secret::new("abc"))),
            ..Info::default()
        };
        assert!(info.is_of(&Secret::new("abc")) && !info.is_of(&Secret::new("abd")));
        assert!(!Info::default().is_of(&Secret::new("")));
        assert!(info.is_on(&Url::parse("https://x/tc").unwrap()));
        assert!(!info.is_on(&Url::parse("https://x/").unwrap()));
    }

    #[test]
    fn days_are_counted_down() {
        let now = time(1_800_000_000);
        let at = |seconds: i64| Expiry::At(time(1_800_000_000 + seconds)).days(now);
        assert_eq!(
            [at(86_400), at(86_399), at(-1)],
            [Some(1), Some(0), Some(-1)]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = Info::parse(&text);
        }
    }
}
