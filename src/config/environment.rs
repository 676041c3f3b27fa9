//! From the process environment to raw text: what `envy` must not see is dropped, lists are folded, aliases resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::pipelines::Pipeline;
use super::raw::{self, Raw};
use super::reader::Reader;
use super::spelling;
use super::variables::{self, ALIASES, HEADER_PREFIX, Variable};
use crate::types::SHORTEST_SECRET;

/// More items than that are a mistake: all variables together hold 120,000 characters.
const MOST_ITEMS: usize = 10_000;

/// Values of secured variables that are shorter are found in ordinary words.
const SHORTEST_SHOWN: usize = 5;

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
            Err(_) if variables::find(&name).is_some() => {
                reader.problem(&name, "is not UTF-8 text", "Write its value as UTF-8 text.")
            }
            Err(_) => {}
        }
    }
    resolve_aliases(&mut all, reader);
    resolve_proxies(&mut all);
    reader.secrets = all
        .iter()
        .filter(|(name, value)| is_secured(name) && value.trim().len() >= SHORTEST_SHOWN)
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
    note_app_password(&all, reader);
    let mut headers = Vec::new();
    for (name, value) in &all {
        if name.starts_with(HEADER_PREFIX)
            && !value.trim().is_empty()
            && !reader.is_reference(name, value, true)
        {
            if value.trim().chars().count() < SHORTEST_SECRET {
                reader.warn(
                    name,
                    format!("is shorter than {SHORTEST_SECRET} characters, so it can't be hidden in the log"),
                );
            }
            headers.push((name.clone(), value.clone()));
        }
    }
    let texts = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let raw = envy::from_iter(texts).unwrap_or_else(|error| {
        // Every field is optional text, so this says that the table and the fields differ.
        reader.problem("environment", error.to_string(), "Report this as a bug.");
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

pub(super) fn is_secured(name: &str) -> bool {
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
            Some(own) if own.trim() != value.trim() => reader.warn(
                alias,
                format!("is ignored, because {name} is set to another value"),
            ),
            Some(_) => {}
            None => {
                all.insert((*name).to_owned(), value);
            }
        }
    }
}

/// Proxies in small letters are an old custom, and so is one for everything.
fn resolve_proxies(all: &mut BTreeMap<String, String>) {
    for (name, others) in [
        (
            "HTTPS_PROXY",
            ["https_proxy", "ALL_PROXY", "all_proxy"].as_slice(),
        ),
        ("HTTP_PROXY", &["http_proxy", "ALL_PROXY", "all_proxy"]),
        ("NO_PROXY", &["no_proxy"]),
    ] {
        let value = std::iter::once(&name)
            .chain(others)
            .filter_map(|name| Some((name, all.get(*name)?)))
            // Of another kind it is for others.
            .filter(|(name, value)| {
                !name.to_uppercase().starts_with("ALL") || value.starts_with("http")
            })
            .map(|(_, value)| value)
            .find(|value| !value.trim().is_empty())
            .cloned();
        if let Some(value) = value {
            all.insert(name.to_owned(), value);
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
        format!("is the old name. Write AGENT: 'id:{shown}'"),
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
    let items = items_of(name, all);
    let count = all
        .get(&format!("{name}_COUNT"))
        .filter(|count| !count.trim().is_empty());
    // Of what takes one value, only a whole list is one.
    let is_list = if variable.is_list() {
        count.is_some() || !items.is_empty()
    } else {
        count.is_some() && items.contains_key(&0)
    };
    if !is_list {
        return single
            .filter(|value| !reader.is_reference(name, value, variable.secured))
            .cloned();
    }
    if !variable.is_list() {
        reader.problem(name, "is a list, but takes one value", "Write one value.");
        return None;
    }
    if single.is_some() {
        reader.warn(name, "is set as a text and as a list. The list is used");
    }
    let items = whole(name, count, &items, reader)?;
    let items: Vec<String> = items
        .into_iter()
        .filter(|item| !reader.is_reference(name, item, variable.secured))
        .cloned()
        .collect();
    (!items.is_empty()).then(|| raw::pack(&items))
}

/// `NAME_0`, `NAME_1`, …
fn items_of<'a>(name: &str, all: &'a BTreeMap<String, String>) -> BTreeMap<usize, &'a String> {
    let prefix = format!("{name}_");
    let index = |key: &str| {
        let digits = key.strip_prefix(&prefix)?;
        // Neither `NAME_+1` nor `NAME_01`.
        let index: usize = digits.parse().ok()?;
        (index.to_string() == digits && index < MOST_ITEMS).then_some(index)
    };
    all.iter()
        .filter_map(|(key, value)| Some((index(key)?, value)))
        .collect()
}

/// All items of a list, none of which may be missing or empty: what Pipelines makes of a YAML list is whole.
fn whole<'a>(
    name: &str,
    count: Option<&String>,
    items: &BTreeMap<usize, &'a String>,
    reader: &mut Reader,
) -> Option<Vec<&'a String>> {
    let last = items
        .keys()
        .next_back()
        .map_or(0, |last| last.saturating_add(1));
    let (count, said) = match count {
        None => (last, format!("there is an item {}", last.saturating_sub(1))),
        Some(count) => match count
            .trim()
            .parse()
            .ok()
            .filter(|count| *count <= MOST_ITEMS)
        {
            Some(count) => (count, format!("{name}_COUNT is {count}")),
            None => {
                reader.problem(
                    name,
                    format!("is a list, but {name}_COUNT is not a valid number"),
                    "Write it as a YAML list.",
                );
                return None;
            }
        },
    };
    if last > count {
        reader.warn(
            name,
            format!("has an item {name}_{count} that is ignored: {said}"),
        );
    }
    let mut all = Vec::new();
    for index in 0..count {
        let item = items.get(&index).filter(|item| !item.trim().is_empty());
        let Some(item) = item else {
            let wrong = if items.contains_key(&index) {
                "is empty"
            } else {
                "is missing"
            };
            reader.problem(
                name,
                format!("is a list, but its item {name}_{index} {wrong}: {said}"),
                "Write it as a YAML list without empty items. If an item takes its value from a variable, check that the variable is set for this step.",
            );
            return None;
        };
        all.push(*item);
    }
    Some(all)
}

/// Variables of older pipes. Bitbucket took app passwords until 28 July 2026 (community.atlassian.com, ba-p/3237429).
fn note_app_password(all: &BTreeMap<String, String>, reader: &mut Reader) {
    let old = ["BITBUCKET_APP_PASSWORD", "BITBUCKET_USERNAME"];
    let is_given = |name: &&str| all.get(*name).is_some_and(|text| !text.trim().is_empty());
    if let Some(name) = old.into_iter().find(is_given) {
        reader.warn(
            name,
            "is ignored: app passwords ended on 28 July 2026. Pass ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN \
             (scope read:repository:bitbucket), or BITBUCKET_ACCESS_TOKEN (scope repository)",
        );
    }
}

/// Names that are nearly ours.
fn note_strangers(
    all: &BTreeMap<String, String>,
    given: &BTreeMap<&'static str, String>,
    reader: &mut Reader,
) {
    let mut told = BTreeSet::new();
    let in_a_step = all.contains_key("BITBUCKET_PIPELINE_UUID");
    for name in all.keys() {
        let Some(meant) = spelling::suggest(name) else {
            if in_a_step && spelling::is_strange(name) {
                reader.strangers.push(name.clone());
            }
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
