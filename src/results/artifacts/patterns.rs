//! Which artifacts are wanted.

use std::collections::HashSet;

use fast_glob::glob_match;

/// Patterns that choose, and those that exclude.
pub(super) struct Patterns {
    pub(super) include: Vec<String>,
    exclude: Vec<String>,
}

impl Patterns {
    pub(super) fn new(patterns: &[String]) -> Self {
        let (mut include, mut exclude) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let pattern = pattern.trim();
            let (list, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (&mut exclude, pattern),
                None => (&mut include, pattern),
            };
            let pattern = pattern
                .trim()
                .trim_start_matches("./")
                .trim_start_matches('/');
            // A folder stands for all that is in it.
            let whole = if pattern.ends_with('/') {
                format!("{pattern}**")
            } else {
                pattern.to_owned()
            };
            if !whole.is_empty() {
                list.push(whole);
            }
        }
        if include.is_empty() && !exclude.is_empty() {
            include.push("**".to_owned());
        }
        Self { include, exclude }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.include.is_empty()
    }

    /// The place of the first pattern that chooses a path.
    pub(super) fn first(&self, path: &str) -> usize {
        let chooses = |pattern: &String| glob_match(pattern, path);
        self.include.iter().position(chooses).unwrap_or(usize::MAX)
    }

    pub(super) fn matches(&self, path: &str, matched: &mut HashSet<usize>) -> bool {
        if self.exclude.iter().any(|pattern| glob_match(pattern, path)) {
            return false;
        }
        let mut chosen = false;
        for (at, pattern) in self.include.iter().enumerate() {
            if glob_match(pattern, path) {
                matched.insert(at);
                chosen = true;
            }
        }
        chosen
    }
}
