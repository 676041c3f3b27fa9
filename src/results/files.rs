//! Writing what a run leaves behind. A file is there whole or not at all, and one that can't be written is a warning. None takes the
//! place of a file that is not the pipe's.

mod draft;
mod make;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use draft::Draft;
use draft::{PATTERN, not_written};

use crate::place::Tree;
use crate::report::Warning;
use crate::types::Secrets;

/// Most numbers that are tried for a name that is taken.
const MOST_NUMBERS: usize = 99;
/// A file of the pipe's is not larger, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A file of the pipe's own.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// Its name, or its path in the folder.
    pub name: &'a str,
    /// Whether the pipe wrote a text, by what the text says.
    pub wrote: fn(&str) -> bool,
}

/// A folder in which a run leaves files.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    secrets: Secrets,
    tree: Option<Rc<Tree>>,
    /// The names that files got in place of their own.
    names: Rc<RefCell<BTreeMap<String, String>>>,
}

impl Folder {
    /// The folder at `path`; it and its parents are made when the first file is.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            secrets: Secrets::default(),
            tree: None,
            names: Rc::default(),
        }
    }

    /// The same, with files that hold none of these secrets.
    #[must_use]
    pub fn hiding(self, secrets: &Secrets) -> Self {
        Self {
            secrets: secrets.clone(),
            ..self
        }
    }

    /// The same, with files that git does not see in this clone.
    #[must_use]
    pub fn in_clone(self, tree: Option<&Rc<Tree>>) -> Self {
        Self {
            tree: tree.map(Rc::clone),
            ..self
        }
    }

    /// A folder in this one.
    #[must_use]
    pub fn sub(&self, name: impl AsRef<Path>) -> Self {
        Self {
            path: self.path.join(name),
            names: Rc::default(),
            ..self.clone()
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder. Git sees none of one that was not there before.
    ///
    /// # Errors
    /// What the system says.
    pub fn make(&self) -> io::Result<()> {
        if self.path.exists() {
            return Ok(());
        }
        make::make(&self.path)?;
        if let Some(tree) = &self.tree {
            tree.hide_folder(&self.path);
        }
        Ok(())
    }

    /// Writes a file whole: to a name beside it, which then takes the file's own.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn write(&self, own: Own<'_>, content: &[u8]) -> Result<(), Warning> {
        let mut draft = self.draft_own(own)?;
        let content = match Path::new(own.name).extension().and_then(OsStr::to_str) {
            Some("json") => self.secrets.blot_json(content),
            Some("html" | "xml") => self.secrets.blot_markup(content),
            _ => Cow::Owned(self.secrets.blot_bytes(content.to_vec())),
        };
        // It is clean already, as a whole.
        draft.secrets = None;
        draft
            .write_all(&content)
            .map_err(|error| draft.problem(&error))?;
        draft.keep()
    }

    /// Begins a file that is written piece by piece. It appears under its name when it is kept, and takes the place of any other.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn draft(&self, name: &str) -> Result<Draft, Warning> {
        let target = self.path.join(name);
        let draft = self.make().and_then(|()| Draft::new(target.clone()));
        let mut draft = draft.map_err(|error| not_written(&target, &error))?;
        if let Some(tree) = &self.tree {
            tree.hide_named(PATTERN);
            tree.hide_file(&target);
        }
        draft.secrets = Some(self.secrets.clone());
        Ok(draft)
    }

    /// The same for a file of the pipe's own: where its name is another file's, it goes beside that.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn draft_own(&self, own: Own<'_>) -> Result<Draft, Warning> {
        let known = self.names.borrow().get(own.name).cloned();
        let name = match known {
            Some(name) => name,
            None => {
                let free = names(own.name).find(|name| is_free(&self.path.join(name), own.wrote));
                let Some(name) = free else {
                    let error = io::Error::other("its name is taken by another file");
                    return Err(not_written(&self.path.join(own.name), &error));
                };
                let own = own.name.to_owned();
                self.names.borrow_mut().insert(own, name.clone());
                name
            }
        };
        self.draft(&name)
    }

    /// Why git sees the files, if it does.
    pub fn seen_by_git(&self) -> Option<Warning> {
        self.tree.as_ref()?.problem()
    }

    /// Which files are not where they are looked for.
    pub fn beside(&self) -> Vec<Warning> {
        let names = self.names.borrow();
        let beside = names.iter().filter(|(own, name)| own != name);
        let told = beside.map(|(own, name)| {
            format!("{own} was not written by the pipe and is kept. The pipe writes {name} instead")
        });
        told.collect()
    }
}

/// The names that a file of the pipe's can have: its own, then numbered ones.
pub fn names(own: &str) -> impl Iterator<Item = String> {
    let path = Path::new(own);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let numbered = (1..=MOST_NUMBERS).map(move |number| {
        let mut name = format!("{stem}.{number}");
        if !extension.is_empty() {
            name.push('.');
            name.push_str(&extension);
        }
        path.with_file_name(name).to_string_lossy().into_owned()
    });
    std::iter::once(own.to_owned()).chain(numbered)
}

/// Whether nothing is there, or what the pipe wrote earlier.
fn is_free(path: &Path, wrote: fn(&str) -> bool) -> bool {
    match fs::symlink_metadata(path) {
        // A link, a folder or a pipe is nothing that the pipe makes.
        Ok(found) if !found.is_file() || found.len() > LARGEST => false,
        Ok(_) => fs::read(path).is_ok_and(|bytes| wrote(&String::from_utf8_lossy(&bytes))),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> Own<'_> {
        Own {
            name,
            wrote: |_| true,
        }
    }

    fn listed(path: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_replaces_an_older_one() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("a/b"));
        folder.write(text("x.txt"), b"one").unwrap();
        let mut draft = folder.draft("x.txt").unwrap();
        draft.write_all(b"wrong").unwrap();
        draft.restart().unwrap();
        draft.write_all(b"two").unwrap();
        assert_eq!(fs::read(folder.path().join("x.txt")).unwrap(), b"one");
        draft.keep().unwrap();
        assert_eq!(fs::read(folder.path().join("x.txt")).unwrap(), b"two");
        assert_eq!(listed(folder.path()), ["x.txt"]);
    }

    #[test]
    fn a_file_of_somebody_else_is_left_and_the_pipes_goes_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let own = Own {
            name: "a.env",
            wrote: |text| text.starts_with("OURS"),
        };
        fs::write(root.path().join("a.env"), "theirs").unwrap();
        fs::create_dir(root.path().join("a.1.env")).unwrap();
        fs::write(root.path().join("a.2.env"), "OURS, earlier").unwrap();
        let folder = Folder::new(root.path());
        for content in ["OURS", "by the run itself, so never asked for again"] {
            folder.write(own, content.as_bytes()).unwrap();
            let read = |name| fs::read_to_string(root.path().join(name)).unwrap();
            assert_eq!(read("a.env"), "theirs");
            assert_eq!(read("a.2.env"), content);
        }
        assert_eq!(
            folder.beside(),
            ["a.env was not written by the pipe and is kept. The pipe writes a.2.env instead"]
        );
        assert_eq!(listed(root.path()), ["a.1.env", "a.2.env", "a.env"]);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_extension() {
        for (own, numbered) in [
            ("teamcity.env", "teamcity.1.env"),
            ("public/index.html", "public/index.1.html"),
            ("report", "report.1"),
        ] {
            let all: Vec<_> = names(own).take(2).collect();
            assert_eq!(all, [own, numbered]);
        }
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path());
        folder.draft("x.txt").unwrap().write_all(b"half").unwrap();
        assert!(listed(root.path()).is_empty());
    }

    #[test]
    fn what_cannot_be_written_is_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), b"").unwrap();
        let warning = Folder::new(root.path().join("file"))
            .write(text("x.txt"), b"")
            .unwrap_err();
        assert!(warning.contains("x.txt is not written: "), "{warning}");
        assert_eq!(listed(root.path()), ["file"]);
    }
}
