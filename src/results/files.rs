//! Writing what a run leaves behind. A file is there whole or not at all, and one that can't be written is a warning.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::report::Warning;
use crate::types::Secrets;

/// A folder in which a run leaves files.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    secrets: Secrets,
}

impl Folder {
    /// The folder at `path`; it and its parents are made when the first file is.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            secrets: Secrets::default(),
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

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file whole: to a name beside it, which then takes the file's own.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), Warning> {
        let mut draft = self.draft(name)?;
        let content = match Path::new(name).extension().and_then(OsStr::to_str) {
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

    /// Begins a file that is written piece by piece. It appears under its name when it is kept.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn draft(&self, name: &str) -> Result<Draft, Warning> {
        let target = self.path.join(name);
        let mut draft = Draft::new(target.clone()).map_err(|error| not_written(&target, &error))?;
        draft.secrets = Some(self.secrets.clone());
        Ok(draft)
    }
}

/// A file that does not have its name yet. Dropped, it goes away.
#[derive(Debug)]
pub struct Draft {
    file: Option<BufWriter<File>>,
    /// What it must not hold: it is looked for in each piece that is written.
    secrets: Option<Secrets>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Draft {
    fn new(target: PathBuf) -> io::Result<Self> {
        if let Some(parent) = target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            fs::create_dir_all(parent)?;
        }
        for number in 0..100 {
            let name = format!(".teamcity-{}-{number}.part", std::process::id());
            let temporary = target.with_file_name(name);
            // `create_new` follows no link that somebody left there.
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    let file = Some(BufWriter::new(file));
                    return Ok(Self {
                        file,
                        secrets: None,
                        temporary,
                        target,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("there are too many unfinished files"))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn keep(mut self) -> Result<(), Warning> {
        let finished = self.flush().and_then(|()| {
            self.file = None;
            fs::rename(&self.temporary, &self.target)
        });
        finished.map_err(|error| self.problem(&error))
    }

    /// Starts the file over.
    ///
    /// # Errors
    /// What the system says.
    pub fn restart(&mut self) -> io::Result<()> {
        use std::io::Seek as _;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.flush()?;
        file.get_mut().set_len(0)?;
        file.rewind()
    }

    /// What to tell the user of an error in writing it.
    pub fn problem(&self, error: &io::Error) -> Warning {
        not_written(&self.target, error)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => match &self.secrets {
                Some(secrets) => {
                    file.write_all(&secrets.blot_piece(bytes))?;
                    Ok(bytes.len())
                }
                None => file.write(bytes),
            },
            None => Err(io::Error::other("it is finished")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.file = None;
        // Once kept, there is nothing under this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn not_written(path: &Path, error: &io::Error) -> Warning {
    format!("{} is not written: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
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
        folder.write("x.txt", b"one").unwrap();
        let mut draft = folder.draft("x.txt").unwrap();
        draft.write_all(b"wrong").unwrap();
        draft.restart().unwrap();
        draft.write_all(b"two").unwrap();
        assert_eq!(fs::read(folder.path().join("x.txt")).unwrap(), b"one");
        draft.keep().unwrap();
        assert_eq!(fs::read(folder.path().join("x.txt")).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["x.txt"]);
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path());
        folder.draft("x.txt").unwrap().write_all(b"half").unwrap();
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn what_cannot_be_written_is_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), b"").unwrap();
        let warning = Folder::new(root.path().join("file"))
            .write("x.txt", b"")
            .unwrap_err();
        assert!(warning.contains("x.txt is not written: "), "{warning}");
        fs::create_dir(root.path().join("folder")).unwrap();
        assert!(Folder::new(root.path()).write("folder", b"").is_err());
        assert_eq!(names(root.path()), ["file", "folder"]);
    }
}
