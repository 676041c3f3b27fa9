//! Where an artifact may land.

use std::fs;

use crate::results::files::Folder;
use crate::types::{BuildId, BuildTypeId};

/// The folder of the build at a place among several: named as its configuration; of equal ones the later have the build's id
/// behind it. One alone has none.
pub fn folder_name(all: &[BuildTypeId], at: usize, id: BuildId) -> Option<String> {
    let name = all.get(at).filter(|_| all.len() > 1)?;
    let same = |other: &BuildTypeId| other.as_str().eq_ignore_ascii_case(name.as_str());
    let later = all.iter().take(at).any(same);
    Some(if later {
        format!("{name}-{id}")
    } else {
        name.to_string()
    })
}

/// The parts of a path that may be made below a folder, on any system that the folder is copied to later.
pub(super) fn safe_parts(path: &str) -> Result<Vec<&str>, &'static str> {
    if path.starts_with('/') {
        return Err("its path is absolute");
    }
    let parts: Vec<_> = path.split('/').collect();
    for part in &parts {
        let stem = part
            .split('.')
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_ascii_lowercase();
        let numbered = |name: &str| {
            stem.strip_prefix(name).is_some_and(|rest| {
                rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        if part.is_empty() || *part == "." || *part == ".." {
            return Err("its path has an empty part, `.` or `..`");
        }
        if part.len() > 255 {
            return Err("a part of its path is too long");
        }
        if part.chars().any(|c| c.is_control() || c == '\\') {
            return Err("its path has a backslash or a control character");
        }
        if ["con", "prn", "aux", "nul"].contains(&stem.as_str())
            || numbered("com")
            || numbered("lpt")
        {
            return Err("a part of its path is the name of a device");
        }
    }
    Ok(parts)
}

/// Makes the folder. A link in its place, or on the way to it from the working directory, was put there by the
/// repository, and leads anywhere.
pub(super) fn prepare(root: &Folder) -> Result<(), String> {
    let path = root.path();
    let on_the_way = path
        .ancestors()
        .filter(|above| path.is_relative() || *above == path);
    if let Some(link) = on_the_way.filter(|path| path.is_symlink()).last() {
        return Err(format!("{} is a link", link.display()));
    }
    root.make()
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Makes the folders of a file below the root, following no link.
pub(super) fn folder_of(root: &Folder, parts: &[String]) -> Result<Folder, String> {
    let mut folder = root.clone();
    for part in parts {
        folder = folder.sub(part);
        let path = folder.path();
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(format!("{} is not a folder", path.display())),
            Err(_) => folder
                .make()
                .map_err(|error| format!("{}: {error}", path.display()))?,
        }
    }
    Ok(folder)
}
