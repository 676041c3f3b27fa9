//! `SECRET_PARAMETERS`: parameters whose values neither TeamCity nor the pipe may show.

use super::raw::List;
use super::reader::Reader;
use super::settings::Parameter;
use crate::types::text::one_line;

const NAME: &str = "SECRET_PARAMETERS";
/// What is shorter is found in anything, and can't be hidden, in characters.
const SHORTEST: usize = 4;

/// Reads them. `plain` are those of `PARAMETERS`: a name may be in one of the two only.
pub(super) fn read(reader: &mut Reader, list: Option<List>, plain: &[Parameter]) -> Vec<Parameter> {
    let mut found: Vec<Parameter> = Vec::new();
    for (index, item) in list.unwrap_or_default().0.iter().enumerate() {
        // Problems show the name at most.
        let number = index.saturating_add(1);
        let Some((name, value)) = item.split_once('=') else {
            reader.problem(
                NAME,
                format!("has no '=' in item {number}"),
                "Write each item as 'name=value'. A value with several lines needs a YAML list.",
            );
            continue;
        };
        let name = name.trim();
        let shown = one_line(name, 60);
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            reader.problem(
                NAME,
                format!("has no valid name before the '=' in item {number}"),
                "Write each item as 'name=value', without spaces in the name.",
            );
        } else if value.trim().is_empty() {
            reader.problem(
                NAME,
                format!("has no value for '{shown}'"),
                "Check that its secured variable is set for this repository and deployment environment.",
            );
        } else if found.iter().chain(plain).any(|known| known.name == name) {
            reader.problem(
                NAME,
                format!("sets '{shown}', which is already set"),
                "Keep one of them, in SECRET_PARAMETERS or in PARAMETERS.",
            );
        } else {
            let short = |line: &str| (1..SHORTEST).contains(&line.trim().chars().count());
            if value.lines().any(short) {
                reader.warn(
                    NAME,
                    format!(
                        "has a value or a line shorter than {SHORTEST} characters in '{shown}', which can't be hidden in the build log"
                    ),
                );
            }
            found.push(Parameter {
                name: name.to_owned(),
                // A secret is no reference.
                value: value.replace('%', "%%"),
                secret: true,
            });
        }
    }
    found
}

/// The values among the variables of an environment, as the user wrote them and as they are sent: what must not be shown.
pub(super) fn values(name: &str, text: &str) -> Vec<String> {
    let items: Vec<&str> = match name.strip_prefix(NAME) {
        Some("") => text.lines().collect(),
        Some(rest) if rest != "_COUNT" => vec![text],
        _ => return Vec::new(),
    };
    let values = items
        .into_iter()
        .filter_map(|item| Some(item.split_once('=')?.1));
    values
        .flat_map(|value| [value.to_owned(), value.replace('%', "%%")])
        .collect()
}
