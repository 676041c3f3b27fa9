//! Values of variables that were not given.

use std::time::Duration;

use super::reader::Reader;
use super::variables;

/// The default of a variable, as its table has it.
pub(super) fn default_text(variable: &'static str) -> &'static str {
    variables::find(variable)
        .and_then(|known| known.default)
        .unwrap_or_default()
}

/// A duration that was given, or its default.
pub(super) fn duration(
    reader: &mut Reader,
    variable: &'static str,
    value: Option<String>,
) -> Duration {
    let value = value.unwrap_or_else(|| default_text(variable).to_owned());
    reader.duration(variable, &value).unwrap_or_default()
}

pub(super) fn is_none(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("none")
}
