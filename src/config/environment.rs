//! From the process environment to raw text: what `envy` must not see is dropped, lists are folded, aliases resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::pipelines::Pipeline;
use super::raw::{self, Raw};
use super::reader::Reader;
use super::spelling;
use super::variables::{self, ALIASES, HEADER_PREFIX, Variable};

/// More items than that are a mistake: all variables together hold 120,000 characters.
const MOST_ITEMS: usize = 10_000;

/// Shorter secrets are found in ordinary words.
const SHORTEST_SECRET: usize = 5;

/// What was found.
pub(super) struct Environment {
    pub(super) raw: Raw,
    /// Extra headers: the variable's whole name, and the value.
    pub(super) headers: Vec<(String, String)>,
    pub(super) pipeline: Pipeline,
    /// Variables of ours that hold something.
    pub(super) given: BTreeMap<&'static str, String>,
}

/// Reads the environment. Mistakes go to the reader.
pub(super) fn read(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
    reader: &mut Reader,
) -> Environment {
    let mut all = BTreeMap::new();
    for (name, value) in pairs {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => {
                all.insert(name, value);
            }
            Err(_) if variables::find(&name).is_some() => reader.problem(
                &name,
                "holds bytes that are not UTF-8",
                "write its value as UTF-8 text",
            ),
            Err(_) => {}
        }
    }
    resolve_aliases(&mut all, reader);
    reader.secrets = all
        .iter()
        .filter(|(name, value)| is_secured(name) && value.trim().len() >= SHORTEST_SECRET)
        .map(|(_, value)| value.trim().to_owned())
        .collect();
    let mut given = BTreeMap::new();
    for variable in variables::ALL
        .iter()
        .filter(|variable| !variable.is_pattern())
    {
        if let Some(value) = value_of(variable, &all, reader) {
            given.insert(variable.name, value);
        } else if is_passed(variable.name, &all) {
            reader.empty.insert(variable.name);
        }
    }
    note_strangers(&all, &given, reader);
    let mut headers = Vec::new();
    for (name, value) in &all {
        if name.starts_with(HEADER_PREFIX)
            && !value.trim().is_empty()
            && !reader.is_reference(name, value, true)
        {
            headers.push((name.clone(), value.clone()));
        }
    }
    let texts = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let raw = envy::from_iter(texts).unwrap_or_else(|error| {
        // Every field is optional text, so this says that the table and the fields differ.
        reader.problem("environment", error.to_string(), "report this as a bug");
        Raw::default()
    });
    let facts: Vec<_> = all
        .into_iter()
        .filter(|(name, value)| name.starts_with("BITBUCKET_") && !value.trim().is_empty())
        .collect();
    Environment {
        raw,
        headers,
        pipeline: Pipeline::read(&facts),
        given,
    }
}

fn is_secured(name: &str) -> bool {
    name.starts_with(HEADER_PREFIX) || variables::find(name).is_some_and(|known| known.secured)
}

fn resolve_aliases(all: &mut BTreeMap<String, String>, reader: &mut Reader) {
    for (alias, name) in ALIASES {
        let Some(value) = all.remove(*alias).filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        let value = match *alias {
            "AGENT_ID" => numbered(&value, reader),
            _ => value,
        };
        match all.get(*name).filter(|value| !value.trim().is_empty()) {
            Some(own) if own.trim() != value.trim() => {
                reader.warn(alias, format!("is ignored: {name} is set too, and differs"))
            }
            Some(_) => {}
            None => {
                all.insert((*name).to_owned(), value);
            }
        }
    }
}

/// The old variable held a number alone.
fn numbered(value: &str, reader: &mut Reader) -> String {
    let number = value.trim().trim_start_matches("id:");
    let shown = number
        .parse::<u64>()
        .map_or_else(|_| "<number>".to_owned(), |id| id.to_string());
    reader.warn(
        "AGENT_ID",
        format!("is the old name: write AGENT: 'id:{shown}'"),
    );
    format!("id:{number}")
}

fn is_passed(name: &str, all: &BTreeMap<String, String>) -> bool {
    all.contains_key(name) || all.contains_key(&format!("{name}_COUNT"))
}

/// The variable's text, a list packed; nothing if it is absent, empty, or wrong beyond reading.
fn value_of(
    variable: &'static Variable,
    all: &BTreeMap<String, String>,
    reader: &mut Reader,
) -> Option<String> {
    let name = variable.name;
    let single = all.get(name).filter(|value| !value.trim().is_empty());
    let count = all
        .get(&format!("{name}_COUNT"))
        .filter(|count| !count.trim().is_empty() && all.contains_key(&format!("{name}_0")));
    let Some(count) = count else {
        return single
            .filter(|value| !reader.is_reference(name, value, variable.secured))
            .cloned();
    };
    if !variable.is_list() {
        reader.problem(
            name,
            "takes one value, and was given a list",
            "write one text",
        );
        return None;
    }
    if single.is_some() {
        reader.warn(name, "is given as a text and as a list: the list counts");
    }
    let Some(count) = count
        .trim()
        .parse()
        .ok()
        .filter(|count| *count <= MOST_ITEMS)
    else {
        reader.problem(
            name,
            format!("is a list whose {name}_COUNT is no sensible number"),
            "write it as a YAML list",
        );
        return None;
    };
    let items: Vec<String> = (0..count)
        .filter_map(|index| all.get(&format!("{name}_{index}")))
        .filter(|item| !item.trim().is_empty())
        .filter(|item| !reader.is_reference(name, item, variable.secured))
        .cloned()
        .collect();
    (!items.is_empty()).then(|| raw::pack(&items))
}

/// Names that are nearly ours.
fn note_strangers(
    all: &BTreeMap<String, String>,
    given: &BTreeMap<&'static str, String>,
    reader: &mut Reader,
) {
    let mut told = BTreeSet::new();
    for name in all.keys() {
        let Some(meant) = spelling::suggest(name) else {
            continue;
        };
        // A list has several names; one word about it is enough.
        if !told.insert(meant) {
            continue;
        }
        let target = ALIASES
            .iter()
            .find(|(alias, _)| *alias == meant)
            .map_or(meant, |(_, name)| *name);
        if given.contains_key(target) {
            reader.warn(
                name,
                format!("is not a variable of this pipe, and is ignored: {target} is set"),
            );
        } else {
            reader.misspelt.insert(target, name.clone());
        }
    }
}
