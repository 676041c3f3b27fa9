//! Lists of ids: of builds, or of build configurations.

use super::raw::List;
use super::reader::Reader;
use super::settings::Dependencies;
use crate::types::BuildId;

/// Splits at commas too: neither kind of id holds one, and the pipe's own output variables join ids by commas.
pub(super) fn ids(list: &List) -> impl Iterator<Item = &str> {
    list.0
        .iter()
        .flat_map(|item| item.split([',', '\n']))
        .map(str::trim)
        .filter(|id| !id.is_empty())
}

/// `auto`, or ids of builds.
pub(super) fn read(reader: &mut Reader, variable: &str, list: &List) -> Dependencies {
    if ids(list).any(|id| id.eq_ignore_ascii_case("auto")) {
        if ids(list).count() > 1 {
            reader.problem(
                variable,
                "contains 'auto' and other ids",
                "Write either 'auto' or the ids.",
            );
            return Dependencies::None;
        }
        return Dependencies::Auto;
    }
    let mut found = Vec::new();
    for id in ids(list) {
        match id.parse::<BuildId>() {
            Ok(id) if id.0 > 0 && !found.contains(&id) => found.push(id),
            Ok(id) if id.0 > 0 => {}
            _ => reader.wrong(
                variable,
                id,
                "Write the number from the address of the build's page, or 'auto'.",
            ),
        }
    }
    if found.is_empty() {
        Dependencies::None
    } else {
        Dependencies::Ids(found)
    }
}
