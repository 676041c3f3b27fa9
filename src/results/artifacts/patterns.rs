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

    pub(super) fn matches(&self, path: &str, matched: &mut HashSet<usize>) -> bool {
        if self.exclude.iter().any(|pattern| glob_match(pattern, path)) {
            return false;
        }
        let hits: Vec<_> = (0..self.include.len())
            .filter(|at| glob_match(&self.include[*at], path))
            .collect();
        matched.extend(&hits);
        !hits.is_empty()
    }
}
