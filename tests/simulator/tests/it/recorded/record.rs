//! A record, and what an answer differs in from it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::situation::Stage;
use crate::client::Answer;

/// One answer of a real server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Record {
    /// Who published it, and where.
    pub(super) source: String,
    /// The server's version, or several with a comma between.
    version: String,
    /// How the server was when it was asked: a name in `situation.rs`.
    pub(super) situation: String,
    /// Method and path, with `{id}` for the situation's build.
    pub(super) ask: String,
    pub(super) accept: Option<String>,
    /// Another token than the usual one, `none`, or a whole `Authorization`.
    pub(super) token: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) content_type: Option<String>,
    /// What is sent: a text, or JSON.
    pub(super) send: Option<Value>,
    pub(super) answer: Expected,
}

impl Record {
    pub(super) fn versions(&self) -> Vec<String> {
        let all = self.version.split(',');
        all.map(|version| version.trim().to_owned()).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Status {
    Exact(u16),
    Word(String),
}

impl Status {
    fn fits(&self, status: u16) -> bool {
        match self {
            Self::Exact(wanted) => *wanted == status,
            Self::Word(word) if word == "good" => (200..300).contains(&status),
            Self::Word(word) if word == "refused" => (400..500).contains(&status),
            Self::Word(word) => panic!("no such status: {word}"),
        }
    }
}

/// What the answer is like.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Expected {
    /// The status, or `good` or `refused` where no more was said of it.
    status: Status,
    /// Headers: a value, `~any`, or the beginning of one with `…` behind it. Several of a name have a line break between.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    no_headers: Vec<String>,
    /// Members that are there, with their values or kinds: `~number`, `~text`, `~date`, `~instant`, `~bool`, `~any`.
    /// A list of one `each` means every item.
    body: Option<Value>,
    /// Parts by their pointer.
    #[serde(default)]
    at: BTreeMap<String, Value>,
    /// Pointers of members that are not there.
    #[serde(default)]
    absent: Vec<String>,
    /// Lengths of lists by their pointer.
    #[serde(default)]
    lengths: BTreeMap<String, usize>,
    /// Objects by their pointer, whose members are just these.
    #[serde(default)]
    only: BTreeMap<String, Vec<String>>,
    /// Names in the order in which they are first in the text.
    #[serde(default)]
    order: Vec<String>,
    /// Parts of the text, in their order.
    #[serde(default)]
    text: Vec<String>,
    /// The list whose ids have gaps.
    gaps: Option<String>,
}

/// What is other than on record.
pub(super) fn mismatches(record: &Record, stage: &Stage, answer: &Answer) -> Vec<String> {
    let expected = &record.answer;
    let mut wrong = Vec::new();
    if !expected.status.fits(answer.status) {
        wrong.push(format!(
            "status {}, not {:?}",
            answer.status, expected.status
        ));
    }
    for (name, wanted) in &expected.headers {
        let all = answer.headers.get_all(name).iter();
        let found: Vec<&str> = all.filter_map(|value| value.to_str().ok()).collect();
        let found = found.join("\n");
        let fits = match wanted.strip_suffix('…') {
            Some(start) => found.starts_with(start),
            None => found == *wanted || (wanted == "~any" && !found.is_empty()),
        };
        if !fits {
            wrong.push(format!("header {name} is {found:?}, not {wanted:?}"));
        }
    }
    for name in &expected.no_headers {
        if answer.headers.contains_key(name) {
            wrong.push(format!("there is a header {name}"));
        }
    }
    let body: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    let at = |pointer: &str| body.pointer(pointer.trim_end_matches('/'));
    if let Some(wanted) = &expected.body {
        compare(&mut wrong, "", wanted, &body, stage);
    }
    for (pointer, wanted) in &expected.at {
        let found = at(pointer).unwrap_or(&Value::Null);
        compare(&mut wrong, pointer, wanted, found, stage);
    }
    for pointer in &expected.absent {
        if at(pointer).is_some() {
            wrong.push(format!("there is {pointer}"));
        }
    }
    for (pointer, wanted) in &expected.lengths {
        let found = at(pointer).and_then(Value::as_array).map(Vec::len);
        if found != Some(*wanted) {
            wrong.push(format!("{pointer} has {found:?} items, not {wanted}"));
        }
    }
    for (pointer, wanted) in &expected.only {
        let members = at(pointer).and_then(Value::as_object);
        let mut found: Vec<&String> = members.into_iter().flat_map(|of| of.keys()).collect();
        let mut wanted: Vec<&String> = wanted.iter().collect();
        found.sort();
        wanted.sort();
        if found != wanted {
            wrong.push(format!("{pointer} has the members {found:?}"));
        }
    }
    let names = expected.order.iter().map(|name| format!("\"{name}\":"));
    in_order(&mut wrong, &answer.text, names);
    let parts = expected.text.iter().map(|part| stage.named(part));
    in_order(&mut wrong, &answer.text, parts);
    if let Some(pointer) = &expected.gaps {
        let list = at(pointer).and_then(Value::as_array);
        let ids = list.into_iter().flatten();
        let ids: Vec<i64> = ids.filter_map(|item| item["id"].as_i64()).collect();
        if !ids.windows(2).any(|pair| pair[1] > pair[0] + 1) {
            wrong.push(format!("{pointer} has no gaps"));
        }
    }
    wrong
}

fn in_order(wrong: &mut Vec<String>, text: &str, parts: impl Iterator<Item = String>) {
    let mut rest = text;
    for part in parts {
        match rest.find(&part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => wrong.push(format!("no {part:?}, or not in its place")),
        }
    }
}

fn compare(wrong: &mut Vec<String>, path: &str, wanted: &Value, found: &Value, stage: &Stage) {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            for (name, wanted) in wanted {
                let path = format!("{path}/{name}");
                match found.get(name) {
                    Some(found) => compare(wrong, &path, wanted, found, stage),
                    None => wrong.push(format!("no {path}")),
                }
            }
        }
        (Value::Array(items), Value::Array(found)) => {
            let each = items.first().and_then(|item| item.get("each"));
            if each.is_none() && items.len() != found.len() {
                wrong.push(format!("{path} has {} items", found.len()));
            }
            if each.is_some() && found.is_empty() {
                wrong.push(format!("{path} is empty"));
            }
            for (index, found) in found.iter().enumerate() {
                if let Some(wanted) = each.or(items.get(index)) {
                    compare(wrong, &format!("{path}/{index}"), wanted, found, stage);
                }
            }
        }
        (Value::String(kind), found) if kind.starts_with('~') => {
            if !is_of_kind(kind, found) {
                wrong.push(format!("{path} is {found}, not {kind}"));
            }
        }
        (Value::String(text), found) => {
            let text = stage.named(text);
            let same = match found {
                Value::String(found) => *found == text,
                // `{id}` is written as a text here.
                found => format!("{found}") == text,
            };
            if !same {
                wrong.push(format!("{path} is {found}, not {text:?}"));
            }
        }
        (wanted, found) => {
            if wanted != found {
                wrong.push(format!("{path} is {found}, not {wanted}"));
            }
        }
    }
}

fn is_of_kind(kind: &str, found: &Value) -> bool {
    let text = found.as_str().unwrap_or_default();
    match kind {
        "~number" => found.is_i64() || found.is_u64(),
        "~bool" => found.is_boolean(),
        "~text" => found.is_string(),
        "~list" => found.is_array(),
        "~object" => found.is_object(),
        // 20260115T100000+0000
        "~date" => text.len() == 20 && text.as_bytes().get(8) == Some(&b'T'),
        // 2026-01-15T10:00:00.000+0000
        "~instant" => text.len() == 28 && text.as_bytes().get(10) == Some(&b'T'),
        "~any" => true,
        other => panic!("no such kind: {other}"),
    }
}
