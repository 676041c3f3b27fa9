//! Where a clone has its files and its history.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder with the files of the clone that holds `directory`, and the folder where git keeps what all worktrees share.
pub(super) fn git_folders(directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let root = directory
        .ancestors()
        .find(|parent| parent.join(".git").exists())?;
    let git = root.join(".git");
    if git.is_dir() {
        return Some((root.to_owned(), git));
    }
    // A worktree or submodule: the file names the folder, and what is shared may be elsewhere still.
    let text = fs::read_to_string(&git).ok()?;
    let own = root.join(text.strip_prefix("gitdir:")?.trim());
    let shared = match fs::read_to_string(own.join("commondir")) {
        Ok(shared) => own.join(shared.trim()),
        Err(_) => own,
    };
    Some((root.to_owned(), shared))
}
