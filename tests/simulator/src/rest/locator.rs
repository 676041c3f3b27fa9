//! Locators: `dimension:value,dimension:(nested)` (TeamCity's source: Locator.java).

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::errors::ApiError;

/// A parsed locator that remembers which dimensions were looked at.
#[derive(Debug)]
pub(crate) struct Locator {
    text: String,
    single: Option<String>,
    dimensions: Vec<(String, String)>,
    used: RefCell<BTreeSet<String>>,
}

impl Locator {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if text.is_empty() {
            return Err(ApiError::locator("Invalid locator. Cannot be empty."));
        }
        let mut locator = Self {
            text: text.to_owned(),
            single: None,
            dimensions: Vec::new(),
            used: RefCell::new(BTreeSet::new()),
        };
        let bare = unwrap(text);
        if let Some(encoded) = bare
            .strip_prefix("$base64:")
            .filter(|rest| !rest.contains([',', '(', ':']))
        {
            locator.single = Some(decode(encoded)?);
        } else if !bare.contains(':') {
            locator.single = Some(bare.to_owned());
        } else {
            locator.dimensions = dimensions(bare)?;
        }
        Ok(locator)
    }

    /// The locator without anything said: every dimension is absent.
    pub(crate) fn empty() -> Self {
        Self {
            text: String::new(),
            single: None,
            dimensions: Vec::new(),
            used: RefCell::new(BTreeSet::new()),
        }
    }

    pub(crate) fn parse_optional(text: Option<&str>) -> Result<Self, ApiError> {
        match text {
            Some(text) if !text.is_empty() => Self::parse(text),
            _ => Ok(Self::empty()),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn single(&self) -> Option<&str> {
        self.single.as_deref()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.dimensions.iter().any(|(known, _)| known == name)
    }

    /// All values of a dimension, as written.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.used.borrow_mut().insert(name.to_owned());
        self.dimensions
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// A dimension's value as written: for nested locators.
    pub(crate) fn raw(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let all = self.all(name);
        if all.len() > 1 {
            return Err(ApiError::locator(format!(
                "Only single '{name}' dimension is supported in locator. Found: [{}]",
                all.join(", ")
            )));
        }
        Ok(all.first().copied())
    }

    /// A dimension's plain value, `$base64:` resolved.
    pub(crate) fn value(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.raw(name)?.map(plain).transpose()
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.value(name)? else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|_| {
            ApiError::locator(format!(
                "Invalid value of dimension '{name}': '{value}'. Should be a number."
            ))
        })
    }

    /// A boolean dimension; `any` is like absent.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.value(name)? else {
            return Ok(None);
        };
        boolean(&value).map_err(|message| {
            ApiError::locator(format!("Invalid value of dimension '{name}': {message}"))
        })
    }

    /// Complains about dimensions that nobody looked at.
    pub(crate) fn finish(&self, supported: &[&str]) -> Result<(), ApiError> {
        let used = self.used.borrow();
        let unused: BTreeSet<&str> = self
            .dimensions
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !used.contains(*name))
            .collect();
        if unused.is_empty() {
            return Ok(());
        }
        let (ignored, unknown): (Vec<&str>, Vec<&str>) =
            unused.iter().partition(|name| supported.contains(*name));
        let known = |names: &[&str]| format!("[{}]", names.join(", "));
        let verb = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
        let mut message = if unknown.is_empty() && unused.len() == self.dimensions.len() {
            "Unsupported locator: no dimensions are used, try another combination of the dimensions.".to_owned()
        } else if let [name] = unused.iter().collect::<Vec<_>>()[..] {
            if unknown.is_empty() {
                format!(
                    "Locator dimension [{name}] is known but was ignored during processing. Try omitting the dimension."
                )
            } else {
                format!("Locator dimension [{name}] is unknown.")
            }
        } else {
            let mut parts = Vec::new();
            if !ignored.is_empty() {
                parts.push(format!("{} {} ignored", known(&ignored), verb(&ignored)));
            }
            if !unknown.is_empty() {
                parts.push(format!("{} {} unknown", known(&unknown), verb(&unknown)));
            }
            format!("Locator dimensions {}.", parts.join(" and "))
        };
        message.push_str(&format!(" Supported dimensions are: {}", known(supported)));
        Err(ApiError::locator(format!(
            "Error processing locator '{}': {message}",
            self.text
        )))
    }

    /// The 400 that lists the dimensions, if somebody asked for `$help`.
    pub(crate) fn help(&self, supported: &[&str]) -> Result<(), ApiError> {
        if self.single.as_deref() == Some("$help") || self.has("$help") {
            return Err(ApiError::locator(format!(
                "Locator help requested: Supported dimensions are: [{}]",
                supported.join(", ")
            )));
        }
        Ok(())
    }
}

/// A plain value: one pair of parentheses off, `$base64:` resolved.
pub(crate) fn plain(value: &str) -> Result<String, ApiError> {
    match unwrap(value).strip_prefix("$base64:") {
        Some(encoded) => decode(encoded),
        None => Ok(value.to_owned()),
    }
}

/// TeamCity's booleans; `any` is `None`.
pub(crate) fn boolean(value: &str) -> Result<Option<bool>, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "in" => Ok(Some(true)),
        "false" | "off" | "no" | "out" => Ok(Some(false)),
        "any" | "all" | "" => Ok(None),
        _ => Err(format!(
            "Invalid boolean value '{value}'. Should be 'true', 'false' or 'any'."
        )),
    }
}

fn decode(encoded: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .or_else(|_| URL_SAFE.decode(encoded))
        .or_else(|_| STANDARD.decode(encoded))
        .or_else(|_| STANDARD_NO_PAD.decode(encoded))
        .map_err(|_| {
            ApiError::locator(format!("Invalid Base64url character sequence: '{encoded}'"))
        })?;
    String::from_utf8(bytes).map_err(|_| {
        ApiError::locator(format!(
            "Error converting decoded '{encoded}' value bytes to UTF-8 string"
        ))
    })
}

/// Takes off one pair of parentheses that encloses the whole text.
fn unwrap(text: &str) -> &str {
    let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    else {
        return text;
    };
    let mut depth = 1;
    for c in inner.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text;
        }
    }
    inner
}

fn dimensions(text: &str) -> Result<Vec<(String, String)>, ApiError> {
    let bad = |at: usize, message: &str| {
        ApiError::locator(format!(
            "Bad locator syntax: {message}. Details: locator: '{text}', at position {at}"
        ))
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(end) = rest.find([':', ',', '(']) else {
            return Err(bad(at, "Could not find ':'"));
        };
        let name = &rest[..end];
        if rest[end..].starts_with(',') || name.is_empty() {
            let found = &rest[end..=end];
            return Err(bad(
                at,
                &format!("Could not find dimension name, found '{found}' instead"),
            ));
        }
        if !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '-' | '_'))
        {
            return Err(bad(
                at,
                &format!(
                    "Invalid dimension name :'{name}'. Should contain only alpha-numeric symbols"
                ),
            ));
        }
        at += end;
        if text[at..].starts_with(':') {
            at += 1;
        }
        let rest = &text[at..];
        if rest.starts_with('(') {
            let mut depth = 0;
            let close = rest.char_indices().find_map(|(index, c)| {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                (depth == 0).then_some(index)
            });
            let Some(close) = close else {
                return Err(bad(at, "Could not find matching ')'"));
            };
            found.push((name.to_owned(), rest[1..close].to_owned()));
            at += close + 1;
            if at < text.len() {
                if !text[at..].starts_with(',') {
                    return Err(bad(at, "No dimensions delimiter ',' after complex value"));
                }
                at += 1;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            found.push((name.to_owned(), rest[..end].to_owned()));
            at += end + usize::from(end < rest.len());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_and_base64() {
        let locator =
            Locator::parse("id:5,branch:(name:(value:($base64:ZmVhdHVyZS94))),n:1").unwrap();
        assert_eq!(locator.number("id").unwrap(), Some(5));
        let branch = Locator::parse(locator.raw("branch").unwrap().unwrap()).unwrap();
        let name = Locator::parse(branch.raw("name").unwrap().unwrap()).unwrap();
        assert_eq!(name.value("value").unwrap().unwrap(), "feature/x");
        let error = locator.finish(&["id", "branch"]).unwrap_err();
        assert_eq!(
            error.message,
            "Error processing locator 'id:5,branch:(name:(value:($base64:ZmVhdHVyZS94))),n:1': Locator dimension [n] is unknown. Supported dimensions are: [id, branch]"
        );
    }

    #[test]
    fn bad_syntax_is_refused() {
        for text in ["", ":x", "a:(b", "a:(b)c:d", "a b:c", "id:1,x"] {
            assert!(Locator::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            Locator::parse("$base64:YTpi").unwrap().single(),
            Some("a:b")
        );
        assert_eq!(Locator::parse("main").unwrap().single(), Some("main"));
    }
}
