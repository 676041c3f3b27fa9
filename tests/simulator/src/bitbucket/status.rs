//! Build statuses of a commit.

use bytes::Bytes;
use serde::Deserialize;

use super::answer::{Answer, error, field_error};
use super::{Repository, Seen};

const LONGEST_KEY: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    key: String,
    state: String,
    url: String,
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "refname")]
    _refname: Option<String>,
}

pub(super) fn answer(
    repository: &mut Repository,
    commit: &str,
    seen: &Seen,
    rest: &[&str],
    body: &Bytes,
) -> Answer {
    match (seen.method.as_str(), rest) {
        ("POST", []) => set(repository, commit, body),
        ("GET", [key]) => match repository
            .statuses
            .get(&(commit.to_owned(), (*key).to_owned()))
        {
            Some(status) => Answer::json(200, status.clone()),
            None => error(404, "Build status not found"),
        },
        _ => error(405, "Method not allowed"),
    }
}

fn set(repository: &mut Repository, commit: &str, body: &Bytes) -> Answer {
    let (status, json) = match (
        serde_json::from_slice::<Status>(body),
        serde_json::from_slice(body),
    ) {
        (Ok(status), Ok(json)) => (status, json),
        (Err(wrong), _) | (_, Err(wrong)) => return error(400, &wrong.to_string()),
    };
    let length = status.key.chars().count();
    if length > LONGEST_KEY || length == 0 {
        return field_error(
            "key",
            &format!("Ensure this value has at most 40 characters (it has {length})."),
        );
    }
    if !["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"].contains(&status.state.as_str()) {
        return field_error("state", "Select a valid choice.");
    }
    if !(status.url.starts_with("https://") || status.url.starts_with("http://")) {
        return field_error("url", "Enter a valid URL.");
    }
    let key = (commit.to_owned(), status.key);
    let made = repository.statuses.insert(key, json).is_none();
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    Answer::json(if made { 201 } else { 200 }, json)
}
