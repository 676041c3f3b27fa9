//! The files of the clone, as far as somebody asks for them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::mention::{Kind, Mention};
use crate::types::after;

/// A line of a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Relative to the repository, with slashes.
    pub path: String,
    /// From 1.
    pub line: u32,
}

/// Most entries that are looked at.
const MOST_ENTRIES: usize = 300_000;
/// Deepest folder that is looked into.
const DEEPEST: usize = 40;
/// Longest time spent on looking.
const LONGEST: Duration = Duration::from_secs(5);
/// Folders in which no source of the repository lies.
const SKIPPED: &[&str] = &[".git", ".hg", "node_modules", "target"];

/// The files of a clone, by name. Keeps those names alone that were asked for, so that a large repository needs no
/// memory.
#[derive(Debug, Default)]
pub struct Tree {
    by_name: HashMap<String, Vec<String>>,
    incomplete: bool,
}

impl Tree {
    /// Looks for files with these names below `root`, following no links.
    ///
    /// Where not all could be looked at, nothing is found later: another file of the name might have been missed.
    pub fn walk(root: &Path, names: &HashSet<String>) -> Self {
        let mut tree = Self::default();
        if names.is_empty() {
            return tree;
        }
        let end = after(Instant::now(), LONGEST);
        let mut seen = 0_usize;
        let mut folders: Vec<(PathBuf, String, usize)> = vec![(root.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else {
                tree.incomplete = true;
                continue;
            };
            for entry in entries.flatten() {
                seen = seen.saturating_add(1);
                if seen > MOST_ENTRIES || Instant::now() > end {
                    tree.incomplete = true;
                    return tree;
                }
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                    if depth == DEEPEST {
                        tree.incomplete = true;
                    } else {
                        folders.push((
                            entry.path(),
                            format!("{prefix}{name}/"),
                            depth.saturating_add(1),
                        ));
                    }
                } else if kind.is_file() && names.contains(&name) {
                    let path = format!("{prefix}{name}");
                    tree.by_name.entry(name).or_default().push(path);
                }
            }
        }
        tree
    }

    /// A tree of these files.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tree = Self::default();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or(path);
            tree.by_name
                .entry(name.to_owned())
                .or_default()
                .push(path.to_owned());
        }
        tree
    }

    /// The one file that a mention can mean.
    pub fn find(&self, mention: &Mention) -> Option<Place> {
        if self.incomplete {
            return None;
        }
        let named = self.by_name.get(mention.name())?;
        let shared = |path: &str| {
            let ours = path.rsplit('/');
            ours.zip(mention.parts.iter().rev())
                .take_while(|(ours, theirs)| ours == theirs)
                .count()
        };
        let longest = named.iter().map(|path| shared(path)).max()?;
        let mut best = named.iter().filter(|path| shared(path) == longest);
        let path = best.next().filter(|_| best.next().is_none())?;
        let all_of_ours = longest == path.split('/').count();
        let all_of_theirs = longest == mention.parts.len();
        let enough = match mention.kind {
            Kind::Package { loose } => all_of_theirs || loose && longest >= 2,
            // A name alone is too little for what may be a library's file.
            Kind::Absolute | Kind::Relative => {
                all_of_theirs || all_of_ours && longest >= 2 || longest >= 3
            }
        };
        enough.then(|| Place {
            path: path.clone(),
            line: mention.line,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::mention::of_line;
    use super::*;

    fn first(text: &str, tree: &Tree) -> Option<Place> {
        of_line(text).iter().find_map(|mention| tree.find(mention))
    }

    #[test]
    fn looks_where_sources_are_and_follows_no_links() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "src/a.rs",
            "target/b.rs",
            "web/node_modules/c.rs",
            ".git/d.rs",
            "deep/e/f/e.rs",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        let names = ["a.rs", "b.rs", "c.rs", "d.rs", "e.rs"]
            .map(ToOwned::to_owned)
            .into();
        let tree = Tree::walk(root.path(), &names);
        let found = ["src/a.rs:1", "b.rs:1", "c.rs:1", "d.rs:1", "e.rs:7"]
            .map(|text| first(text, &tree).map(|place| place.path));
        assert_eq!(
            found,
            [
                Some("src/a.rs".into()),
                None,
                None,
                None,
                Some("deep/e/f/e.rs".into())
            ]
        );
    }

    #[test]
    fn finds_nothing_where_not_all_could_be_looked_at() {
        let mut tree = Tree::of(["src/a.rs"]);
        assert!(first("src/a.rs:1", &tree).is_some());
        tree.incomplete = true;
        assert!(first("src/a.rs:1", &tree).is_none());
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_files() {
        let names = HashSet::from(["a.rs".to_owned()]);
        assert!(first("a.rs:1", &Tree::walk(Path::new("/nowhere"), &names)).is_none());
    }
}
