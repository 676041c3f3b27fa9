//! A commit of a version control system.

/// A commit as people write it.
pub fn short(revision: &str) -> &str {
    revision.get(..12).unwrap_or(revision)
}
