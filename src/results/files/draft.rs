//! A file while it is written, under a name of its own.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::make::make;
use crate::report::Warning;
use crate::types::Secrets;

const PREFIX: &str = ".teamcity-";
const SUFFIX: &str = ".part";
/// What the names of drafts have in common, as git writes it.
pub(super) const PATTERN: &str = ".teamcity-*.part";

/// A file that does not have its name yet. Dropped, it goes away.
#[derive(Debug)]
pub struct Draft {
    file: Option<BufWriter<File>>,
    /// What it must not hold: it is looked for in each piece that is written.
    pub(super) secrets: Option<Secrets>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Draft {
    pub(super) fn new(target: PathBuf) -> io::Result<Self> {
        if let Some(parent) = target.parent() {
            make(parent)?;
        }
        for number in 0..100 {
            let name = format!("{PREFIX}{}-{number}{SUFFIX}", std::process::id());
            let temporary = target.with_file_name(name);
            // `create_new` follows no link that somebody left there.
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    // Whatever the umask: other users of the step read it.
                    file.set_permissions(Permissions::from_mode(0o644))?;
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

pub(super) fn not_written(path: &Path, error: &io::Error) -> Warning {
    format!("{} is not written: {error}", path.display())
}
