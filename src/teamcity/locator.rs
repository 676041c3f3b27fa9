//! Locators, TeamCity's query language: `buildType:(id:X),state:any`.
//!
//! Each value is escaped here, so that no name of a user's can become a dimension
//! (TeamCity's source: `Locator.java`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A locator under construction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locator(String);

impl Locator {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dimension with a value of ours or a user's.
    #[must_use]
    pub fn with(self, dimension: &str, value: impl fmt::Display) -> Self {
        let value = escape(&value.to_string());
        self.raw(dimension, &value)
    }

    /// Adds a dimension whose value is a locator.
    #[must_use]
    pub fn nested(self, dimension: &str, value: &Self) -> Self {
        let value = format!("({})", value.0);
        self.raw(dimension, &value)
    }

    fn raw(mut self, dimension: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(dimension);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Its text, before any URL encoding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Plain where nothing can be mistaken, in parentheses where a colon or comma is, else in base64.
fn escape(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./ #@+=<>".contains(c);
    if !value.is_empty() && value.trim() == value && value.chars().all(plain) {
        value.to_owned()
    } else if !value.is_empty()
        && value.trim() == value
        && value.chars().all(|c| plain(c) || c == ':' || c == ',')
    {
        format!("({value})")
    } else {
        format!("($base64:{})", URL_SAFE_NO_PAD.encode(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_by_need() {
        let id = Locator::new().with("id", "App_Build");
        let all = Locator::new()
            .nested("buildType", &id)
            .with("tag", "a:b")
            .with("state", "any");
        assert_eq!(all.as_str(), "buildType:(id:App_Build),tag:(a:b),state:any");
        assert_eq!(
            Locator::new().with("name", "x),id:1").as_str(),
            "name:($base64:eCksaWQ6MQ)"
        );
    }

    proptest! {
        #[test]
        fn no_value_gets_out_of_its_dimension(value in ".{0,30}") {
            let escaped = escape(&value);
            let mut depth = 0i32;
            for c in escaped.chars() {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    ',' | ':' => prop_assert!(depth > 0),
                    _ => {}
                }
                prop_assert!(depth >= 0);
            }
            prop_assert_eq!(depth, 0);
        }
    }
}
