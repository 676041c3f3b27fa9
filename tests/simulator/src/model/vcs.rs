//! VCS roots, their branches and the changes in them.

use std::time::Duration;

/// A VCS root; also its only instance.
#[derive(Debug, Clone)]
pub struct Root {
    /// External id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The project's external id.
    pub project: String,
    /// The repository's URL.
    pub url: String,
    /// The default branch, as a ref.
    pub default_branch: String,
    /// The branch specification, a rule a line.
    pub spec: Vec<String>,
}

impl Root {
    /// A git root in project `App` with default branch `main` and every branch watched.
    pub fn new(id: impl Into<String>, url: impl Into<String>) -> Self {
        let (id, url) = (id.into(), url.into());
        Self {
            name: format!("{url}#refs/heads/main"),
            id,
            project: "App".to_owned(),
            url,
            default_branch: "refs/heads/main".to_owned(),
            spec: vec!["+:refs/heads/*".to_owned()],
        }
    }
    /// Sets the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
    /// Sets the project.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = project.into();
        self
    }
    /// Sets the default branch; a bare name is under `refs/heads/`.
    pub fn default_branch(mut self, branch: impl Into<String>) -> Self {
        self.default_branch = full_ref(&branch.into());
        self
    }
    /// Sets the branch specification; empty is none.
    pub fn spec<S: Into<String>>(mut self, rules: impl IntoIterator<Item = S>) -> Self {
        self.spec = rules.into_iter().map(Into::into).collect();
        self
    }

    /// The logical name of a ref by the branch specification; `None` if it is not watched.
    pub fn logical(&self, vcs_ref: &str) -> Option<String> {
        let mut found = None;
        for rule in &self.spec {
            let rule = rule.trim();
            if let Some(pattern) = rule.strip_prefix("-:") {
                if matches(pattern, vcs_ref).is_some() {
                    found = None;
                }
            } else {
                let pattern = rule.strip_prefix("+:").unwrap_or(rule);
                found = matches(pattern, vcs_ref).or(found);
            }
        }
        found
    }

    /// How the default branch is shown.
    pub fn default_logical(&self) -> String {
        self.logical(&self.default_branch)
            .unwrap_or_else(|| self.default_branch.clone())
    }
}

/// A ref for what may be a bare branch name.
pub(crate) fn full_ref(name: &str) -> String {
    if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    }
}

/// The logical name of a ref by one rule's pattern: the part in parentheses, or else what `*` stands for.
fn matches(pattern: &str, vcs_ref: &str) -> Option<String> {
    let (open, close) = (pattern.find('('), pattern.find(')'));
    let bare: String = pattern
        .chars()
        .filter(|c| !matches!(c, '(' | ')'))
        .collect();
    let Some(star) = bare.find('*') else {
        return (bare == vcs_ref).then(|| match (open, close) {
            (Some(open), Some(close)) if open < close => pattern[open + 1..close].to_owned(),
            _ => vcs_ref.to_owned(),
        });
    };
    let (before, after) = (&bare[..star], &bare[star + 1..]);
    let middle = vcs_ref.strip_prefix(before)?.strip_suffix(after)?;
    match (open, close) {
        (Some(open), Some(close)) if open < close => {
            Some(pattern[open + 1..close].replacen('*', middle, 1))
        }
        _ => Some(middle.to_owned()),
    }
}

/// A branch of a root.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// The root's external id.
    pub root: String,
    /// The ref.
    pub vcs_ref: String,
    /// Since when the server knows it without a change.
    pub known_at: Option<Duration>,
}

/// When the server notices a change that is in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// So long after somebody tells it by a commit hook.
    OnHook(Duration),
    /// By polling, at this time from the server's start.
    At(Duration),
    /// Never.
    Never,
}

/// A change: a commit in a root.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Number.
    pub id: u64,
    /// The root's external id.
    pub root: String,
    /// The commit.
    pub version: String,
    /// The refs of the branches that have it.
    pub refs: Vec<String>,
    /// The author.
    pub username: String,
    /// The message.
    pub comment: String,
    /// Since when the server knows it.
    pub known_at: Option<Duration>,
    /// How long after a hook it is noticed, while it is not known.
    pub on_hook: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_names_follow_the_specification() {
        let root = Root::new("R", "u").spec([
            "+:refs/heads/*",
            "+:refs/(pull-requests/*)/from",
            "-:refs/heads/tmp/*",
            "+:refs/heads/(release)-branch",
        ]);
        assert_eq!(
            root.logical("refs/heads/feature/x").as_deref(),
            Some("feature/x")
        );
        assert_eq!(
            root.logical("refs/pull-requests/7/from").as_deref(),
            Some("pull-requests/7")
        );
        assert_eq!(root.logical("refs/heads/tmp/a"), None);
        assert_eq!(
            root.logical("refs/heads/release-branch").as_deref(),
            Some("release")
        );
        assert_eq!(
            Root::new("R", "u").spec([] as [&str; 0]).default_logical(),
            "refs/heads/main"
        );
    }
}
