//! Keeps the pipe's own files out of what git sees: each is named in the clone's `info/exclude`, which belongs to this clone alone
//! and is never committed (<https://git-scm.com/docs/gitignore>).

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::folders::git_folders;

/// The files of a clone.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    exclude: PathBuf,
    listed: RefCell<Option<BTreeSet<String>>>,
    unended: Cell<bool>,
    failed: RefCell<Option<String>>,
}

impl Tree {
    /// Of the clone that holds `directory`, if one does.
    #[must_use]
    pub fn around(directory: &Path) -> Option<Self> {
        let (root, git) = git_folders(directory)?;
        // A file named `.git` may point anywhere: nothing is written where there is no repository.
        if !git.join("HEAD").is_file() || !git.join("objects").is_dir() {
            return None;
        }
        Some(Self {
            root: fs::canonicalize(root).ok()?,
            exclude: git.join("info").join("exclude"),
            listed: RefCell::default(),
            unended: Cell::default(),
            failed: RefCell::default(),
        })
    }

    /// Lists a file, unless it lies outside the clone, or in a folder that is listed.
    pub fn hide_file(&self, path: &Path) {
        if let Some(path) = self.below_root(path) {
            self.list(path);
        }
    }

    /// Lists a folder with all that is in it, unless it lies outside the clone.
    pub fn hide_folder(&self, path: &Path) {
        if let Some(path) = self.below_root(path) {
            self.list(format!("{path}/"));
        }
    }

    /// Lists the files that have a pattern's name, in whatever folder.
    pub fn hide_named(&self, pattern: &str) {
        self.list(pattern.to_owned());
    }

    /// Why git sees the pipe's files, if it does.
    pub fn problem(&self) -> Option<String> {
        let why = self.failed.borrow().clone()?;
        Some(format!(
            "git shows the pipe's files as untracked: {} is not written: {why}",
            self.exclude.display()
        ))
    }

    /// A path as git writes it, by the file's real place. The root itself has none.
    fn below_root(&self, path: &Path) -> Option<String> {
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let path = folder.join(path.file_name()?);
        let path = path.strip_prefix(&self.root).ok()?.to_str()?;
        (!path.contains(['\n', '\r'])).then(|| format!("/{}", escaped(path)))
    }

    fn list(&self, line: String) {
        if self.failed.borrow().is_some() {
            return;
        }
        if let Err(error) = self.try_to_list(line) {
            *self.failed.borrow_mut() = Some(error.to_string());
        }
    }

    fn try_to_list(&self, line: String) -> io::Result<()> {
        let mut listed = self.listed.borrow_mut();
        let listed = match &mut *listed {
            Some(listed) => listed,
            unread => unread.insert(self.read()?),
        };
        let in_a_listed_folder = line.match_indices('/').any(|(at, _)| {
            at > 0
                && line
                    .get(..=at)
                    .is_some_and(|folder| listed.contains(folder))
        });
        if in_a_listed_folder || listed.contains(&line) {
            return Ok(());
        }
        if let Some(folder) = self.exclude.parent() {
            fs::create_dir_all(folder)?;
        }
        // Somebody else's last line may lack its end.
        let gap = if self.unended.take() { "\n" } else { "" };
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.exclude)?;
        file.write_all(format!("{gap}{line}\n").as_bytes())?;
        listed.insert(line);
        Ok(())
    }

    fn read(&self) -> io::Result<BTreeSet<String>> {
        match fs::read(&self.exclude) {
            Ok(bytes) => {
                let unended = bytes.last().is_some_and(|last| *last != b'\n');
                self.unended.set(unended);
                let text = String::from_utf8_lossy(&bytes);
                Ok(text.lines().map(ToOwned::to_owned).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(error),
        }
    }
}

/// A path in which no character is a wildcard.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '\\' | '*' | '?' | '[') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    // A space at the end of a line would be dropped.
    if escaped.ends_with(' ') {
        escaped.pop();
        escaped.push_str("\\ ");
    }
    escaped
}
