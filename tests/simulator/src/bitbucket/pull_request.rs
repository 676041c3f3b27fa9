//! Pull requests: where from and to, and which files they change.

use serde_json::{Value, json};

use super::answer::{Answer, Pages, error, page_of};
use super::{Repository, Seen};

/// Diffstats have long pages.
const PAGES: Pages = Pages {
    by_default: 500,
    at_most: 500,
};

/// A pull request.
#[derive(Debug, Clone)]
pub struct PullRequest {
    pub(super) number: u64,
    source: (String, String),
    destination: (String, String),
    files: Vec<(Option<String>, Option<String>)>,
}

impl PullRequest {
    /// From a branch and its commit.
    #[must_use]
    pub fn new(number: u64, branch: &str, commit: &str) -> Self {
        Self {
            number,
            source: (branch.to_owned(), commit.to_owned()),
            destination: ("main".to_owned(), String::new()),
            files: Vec::new(),
        }
    }
    /// Into a branch, which is at this commit; `main` by default.
    #[must_use]
    pub fn into(mut self, branch: &str, commit: &str) -> Self {
        self.destination = (branch.to_owned(), commit.to_owned());
        self
    }
    /// Changes files.
    #[must_use]
    pub fn changes<'a>(mut self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let both = |path: &str| (Some(path.to_owned()), Some(path.to_owned()));
        self.files.extend(paths.into_iter().map(both));
        self
    }
    /// Adds a file.
    #[must_use]
    pub fn adds(mut self, path: &str) -> Self {
        self.files.push((None, Some(path.to_owned())));
        self
    }
    /// Removes a file.
    #[must_use]
    pub fn removes(mut self, path: &str) -> Self {
        self.files.push((Some(path.to_owned()), None));
        self
    }
    /// Renames a file.
    #[must_use]
    pub fn renames(mut self, from: &str, to: &str) -> Self {
        self.files
            .push((Some(from.to_owned()), Some(to.to_owned())));
        self
    }

    /// The commits that its diff is between, as the address of the diff names them: with a carriage return between.
    fn spec(&self) -> String {
        format!("{}\r{}", short(&self.source.1), short(&self.destination.1))
    }

    fn show(&self, repository: &str) -> Value {
        let side = |(branch, commit): &(String, String)| {
            json!({
                "branch": { "name": branch },
                "commit": { "type": "commit", "hash": short(commit) },
                "repository": { "type": "repository", "full_name": repository },
            })
        };
        json!({
            "type": "pullrequest", "id": self.number, "title": format!("Pull request {}", self.number),
            "state": "OPEN", "source": side(&self.source), "destination": side(&self.destination),
        })
    }

    fn diffstat(&self) -> Vec<Value> {
        let file = |path: &Option<String>| {
            path.as_ref()
                .map(|path| json!({ "type": "commit_file", "path": path, "escaped_path": path }))
        };
        self.files
            .iter()
            .map(|(old, new)| {
                let status = match (old, new) {
                    (None, _) => "added",
                    (_, None) => "removed",
                    (Some(old), Some(new)) if old != new => "renamed",
                    _ => "modified",
                };
                json!({
                    "type": "diffstat", "status": status, "lines_added": 1, "lines_removed": 1,
                    "old": file(old), "new": file(new),
                })
            })
            .collect()
    }
}

/// Pull requests know commits in twelve digits.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// `…/pullrequests/{number}`, and its diffstat, which is elsewhere.
pub(super) fn answer(repository: &Repository, seen: &Seen, rest: &[&str]) -> Answer {
    if seen.method != "GET" {
        return error(405, "Method not allowed");
    }
    let found = rest.first().and_then(|number| {
        let mut all = repository.pull_requests.iter();
        all.find(|one| one.number.to_string() == *number)
    });
    let Some(pull_request) = found else {
        return error(404, "Pull request not found");
    };
    match rest {
        [_] => Answer::json(200, pull_request.show(&repository.name)),
        [_, "diffstat"] => {
            let query = match seen.query.as_str() {
                "" => String::new(),
                query => format!("&{query}"),
            };
            Answer::redirect(format!(
                "{}/repositories/{}/diffstat/{}:{}?from_pullrequest_id={}&topic=true{query}",
                seen.base,
                repository.name,
                repository.name,
                pull_request.spec().replace('\r', "%0D"),
                pull_request.number,
            ))
        }
        _ => error(404, "Resource not found"),
    }
}

/// `…/diffstat/{spec}`.
pub(super) fn diffstat(repository: &Repository, seen: &Seen, spec: &str) -> Answer {
    if seen.method != "GET" {
        return error(405, "Method not allowed");
    }
    let own = format!("{}:", repository.name);
    let spec = spec.strip_prefix(&own).unwrap_or(spec);
    match repository
        .pull_requests
        .iter()
        .find(|one| one.spec() == spec)
    {
        Some(pull_request) => page_of(&pull_request.diffstat(), seen, PAGES),
        None => error(404, "Commit not found"),
    }
}
