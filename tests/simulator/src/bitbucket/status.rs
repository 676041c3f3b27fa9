//! Build statuses of a commit: the rows of its list, and what a merge check makes of them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, error, field_error, page};
use super::{Repository, Seen};

const LONGEST_KEY: usize = 40;
const LONGEST_TEXT: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    key: String,
    state: String,
    url: String,
    name: Option<String>,
    description: Option<String>,
    refname: Option<String>,
}

/// A row. Key and branch together say which it is; it can't be deleted.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) commit: String,
    key: String,
    refname: Option<String>,
    json: Value,
    created: String,
    updated: String,
}

/// Rows of a commit as Bitbucket's merge checks count them ("no failed builds and no in progress builds"): every row,
/// whatever its branch. An open row blocks merging for ever.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MergeCheck {
    /// Rows in progress.
    pub open: Vec<Value>,
    /// Failed rows.
    pub failed: Vec<Value>,
    /// Stopped rows. That they block is not known.
    pub stopped: Vec<Value>,
    /// Successful rows.
    pub passed: Vec<Value>,
}

impl MergeCheck {
    /// Whether the check that wants so many successful builds lets the commit pass.
    #[must_use]
    pub fn passes(&self, least: usize) -> bool {
        self.open.is_empty() && self.failed.is_empty() && self.passed.len() >= least
    }
}

/// What a merge check sees of a commit.
pub(super) fn merge_check(rows: Vec<Value>) -> MergeCheck {
    let mut check = MergeCheck::default();
    for row in rows {
        let list = match row["state"].as_str() {
            Some("INPROGRESS") => &mut check.open,
            Some("FAILED") => &mut check.failed,
            Some("STOPPED") => &mut check.stopped,
            _ => &mut check.passed,
        };
        list.push(row);
    }
    check
}

impl Row {
    /// As the API gives it, with the variables of its link filled in.
    pub(super) fn show(&self, repository: &str) -> Value {
        let mut shown = self.json.clone();
        let url = shown["url"].as_str().unwrap_or_default();
        shown["url"] = json!(fill_in(url, repository, &self.commit));
        shown["type"] = json!("build");
        shown["refname"] = json!(self.refname);
        shown["created_on"] = json!(self.created);
        shown["updated_on"] = json!(self.updated);
        shown["commit"] = json!({ "type": "commit", "hash": self.commit });
        shown["repository"] = json!({ "type": "repository", "full_name": repository });
        let own = format!(
            "https://api.bitbucket.org/2.0/repositories/{repository}/commit/{}/statuses/build/{}",
            self.commit, self.key
        );
        shown["links"] = json!({ "self": { "href": own } });
        shown
    }
}

/// A link may hold `{repository.…}` and `{commit.…}`. What else stands in braces gets lost.
fn fill_in(url: &str, repository: &str, commit: &str) -> String {
    let mut filled = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        filled.push_str(before);
        filled.push_str(match name {
            "repository.full_name" => repository,
            "repository.name" => repository.split('/').next_back().unwrap_or_default(),
            "commit.hash" => commit,
            _ => "",
        });
        rest = behind;
    }
    filled + rest
}

/// `GET …/commit/{hash}/statuses`.
pub(super) fn list(repository: &Repository, commit: &str, seen: &Seen) -> Answer {
    if seen.method != "GET" {
        return error(405, "Method not allowed");
    }
    let mut rows: Vec<Value> = repository
        .rows_of(commit)
        .filter(|row| {
            seen.query("refname")
                .is_none_or(|name| row.refname.as_ref() == Some(&name))
        })
        .map(|row| row.show(&repository.name))
        .collect();
    let by = |member: &'static str| move |row: &Value| row[member].to_string();
    match seen.query("sort").as_deref() {
        Some("created_on") | None => {}
        Some("-created_on") => rows.reverse(),
        Some("updated_on") => rows.sort_by_key(by("updated_on")),
        Some("-updated_on") => {
            rows.sort_by_key(by("updated_on"));
            rows.reverse();
        }
        Some(_) => return error(400, "Invalid sort"),
    }
    page(&rows, seen)
}

/// `…/commit/{hash}/statuses/build`, and one row by its key.
pub(super) fn answer(
    repository: &mut Repository,
    commit: &str,
    seen: &Seen,
    rest: &[&str],
    body: &Bytes,
    now: &str,
) -> Answer {
    match (seen.method.as_str(), rest) {
        ("POST", []) => post(repository, commit, body, now),
        ("GET", [key]) => {
            let row = repository.rows_of(commit).filter(|row| row.key == *key);
            match row.last() {
                Some(row) => Answer::json(200, row.show(&repository.name)),
                None => error(404, "Build status not found"),
            }
        }
        ("PUT", [key]) => put(repository, commit, key, body, now),
        _ => error(405, "Method not allowed"),
    }
}

fn read(body: &Bytes) -> Result<(Status, Value), Answer> {
    let (status, json): (Status, Value) =
        match (serde_json::from_slice(body), serde_json::from_slice(body)) {
            (Ok(status), Ok(json)) => (status, json),
            (Err(wrong), _) | (_, Err(wrong)) => return Err(error(400, &wrong.to_string())),
        };
    check(&status)?;
    Ok((status, json))
}

fn check(status: &Status) -> Result<(), Answer> {
    if status.key.is_empty() {
        return Err(field_error("key", "This field may not be blank."));
    }
    let texts = [
        ("key", Some(&status.key), LONGEST_KEY),
        ("name", status.name.as_ref(), LONGEST_TEXT),
        ("description", status.description.as_ref(), LONGEST_TEXT),
    ];
    for (field, text, most) in texts {
        let length = text.map_or(0, |text| text.chars().count());
        if length > most {
            return Err(field_error(
                field,
                &format!("Ensure this value has at most {most} characters (it has {length})."),
            ));
        }
    }
    if !["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"].contains(&status.state.as_str()) {
        return Err(field_error("state", "Select a valid choice."));
    }
    if !(status.url.starts_with("https://") || status.url.starts_with("http://")) {
        return Err(field_error("url", "Enter a valid URL."));
    }
    Ok(())
}

fn post(repository: &mut Repository, commit: &str, body: &Bytes, now: &str) -> Answer {
    let (status, json) = match read(body) {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    let keeps = repository.null_refname_keeps_the_row && status.refname.is_none();
    let same = |row: &Row| {
        row.commit == commit && row.key == status.key && (keeps || row.refname == status.refname)
    };
    if let Some(row) = repository.rows.iter_mut().find(|row| same(row)) {
        row.json = json;
        now.clone_into(&mut row.updated);
        return Answer::json(200, row.show(&repository.name));
    }
    let row = Row {
        commit: commit.to_owned(),
        key: status.key,
        refname: status.refname,
        json,
        created: now.to_owned(),
        updated: now.to_owned(),
    };
    let shown = row.show(&repository.name);
    repository.rows.push(row);
    Answer::json(201, shown)
}

/// By key alone: with two rows of that key the server breaks.
fn put(repository: &mut Repository, commit: &str, key: &str, body: &Bytes, now: &str) -> Answer {
    let (status, json) = match read(body) {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    if status.key != key {
        return field_error("key", "The key can't be changed.");
    }
    let name = repository.name.clone();
    let of_key = |row: &&mut Row| row.commit == commit && row.key == key;
    let mut rows: Vec<_> = repository.rows.iter_mut().filter(of_key).collect();
    match rows.as_mut_slice() {
        [] => error(404, "Build status not found"),
        [row] => {
            row.json = json;
            // Once set it stays set.
            row.refname = status.refname.or_else(|| row.refname.take());
            now.clone_into(&mut row.updated);
            Answer::json(200, row.show(&name))
        }
        _ => error(500, "Something went wrong"),
    }
}
