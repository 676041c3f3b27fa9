//! Expands the abbreviated commit of a pull-request pipeline.
//!
//! Pipelines gives 12 digits there, TeamCity wants 40, and `HEAD` need not be that commit, since Bitbucket may have merged
//! the destination into it. Object names are in two places only: file names, and the sorted tables of the pack indexes
//! (<https://git-scm.com/docs/gitformat-pack>).

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::folders::git_folders;

/// Digits of a full SHA-1 name.
pub(crate) const FULL: usize = 40;
/// Bytes of a pack index before its table of counts: magic and version.
const HEADER: u64 = 8;
/// Bytes before its names: what comes before, and the table of counts.
const NAMES: u64 = HEADER + 256 * 4;

/// Expands an abbreviated commit, by the clone that holds `directory`. `None` where there is no clone, or not exactly
/// one object of that name.
#[must_use]
pub fn expand(directory: &Path, short: &str) -> Option<String> {
    let short = short.to_ascii_lowercase();
    if short.len() < 4 || short.len() > FULL || !short.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return None;
    }
    let objects = git_folders(directory)?.1.join("objects");
    let mut found = BTreeSet::new();
    loose(&objects, &short, &mut found);
    for index in fs::read_dir(objects.join("pack"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if index
            .path()
            .extension()
            .is_some_and(|extension| extension == "idx")
        {
            // A pack that can't be read holds nothing that we could find.
            let _ = packed(&index.path(), &short, &mut found);
        }
    }
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none())
}

fn loose(objects: &Path, short: &str, found: &mut BTreeSet<String>) {
    let Some((folder, rest)) = short.split_at_checked(2) else {
        return;
    };
    for file in fs::read_dir(objects.join(folder))
        .into_iter()
        .flatten()
        .flatten()
    {
        if let Some(name) = file.file_name().to_str()
            && name.starts_with(rest)
            && name.len() == FULL - 2
        {
            found.insert(format!("{folder}{name}"));
        }
    }
}

/// Searches one pack index (version 2) without reading it whole: they can be large.
fn packed(index: &Path, short: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    let mut file = File::open(index)?;
    if read_at::<8>(&mut file, 0)? != [0xff, b't', b'O', b'c', 0, 0, 0, 2] {
        return Ok(());
    }
    let first = u8::from_str_radix(short.get(..2).unwrap_or("00"), 16).unwrap_or(0);
    let mut count_up_to = |byte: u64| -> io::Result<u64> {
        Ok(u32::from_be_bytes(read_at(
            &mut file,
            HEADER.saturating_add(byte.saturating_mul(4)),
        )?)
        .into())
    };
    let mut low = if first == 0 {
        0
    } else {
        count_up_to(u64::from(first).saturating_sub(1))?
    };
    let end = count_up_to(u64::from(first))?;
    let mut high = end;
    let mut name_of = |entry: u64| -> io::Result<String> {
        let name = read_at::<20>(&mut file, NAMES.saturating_add(entry.saturating_mul(20)))?;
        Ok(name.iter().map(|byte| format!("{byte:02x}")).collect())
    };
    while low < high {
        let middle = low.midpoint(high);
        if name_of(middle)?.as_str() < short {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    // Two are enough to know that it is ambiguous.
    for entry in low..end.min(low.saturating_add(2)) {
        let name = name_of(entry)?;
        if name.starts_with(short) {
            found.insert(name);
        }
    }
    Ok(())
}

fn read_at<const N: usize>(file: &mut File, offset: u64) -> io::Result<[u8; N]> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(names: &[[u8; 20]]) -> Vec<u8> {
        let mut bytes = vec![0xff, b't', b'O', b'c', 0, 0, 0, 2];
        for byte in 0..=255u8 {
            let count = names.iter().filter(|name| name[0] <= byte).count();
            bytes.extend(u32::try_from(count).unwrap().to_be_bytes());
        }
        bytes.extend(names.concat());
        bytes
    }

    #[test]
    fn finds_loose_and_packed_objects_and_refuses_to_guess() {
        let clone = tempfile::tempdir().unwrap();
        let objects = clone.path().join(".git/objects");
        fs::create_dir_all(objects.join("ab")).unwrap();
        fs::create_dir_all(objects.join("pack")).unwrap();
        let loose = format!("ab{}", "1".repeat(38));
        fs::write(objects.join("ab").join(&loose[2..]), "").unwrap();
        let mut names: Vec<[u8; 20]> = (0..100u8)
            .map(|n| {
                let mut name = [n; 20];
                name[0] = n * 2;
                name
            })
            .collect();
        names.push([0xfe; 20]);
        names.push({
            let mut twin = [0xfe; 20];
            twin[19] = 0xff;
            twin
        });
        fs::write(objects.join("pack/pack-1.idx"), index(&names)).unwrap();

        assert_eq!(expand(clone.path(), "ab1111111111"), Some(loose));
        assert_eq!(
            expand(&clone.path().join("deeper"), "a85454545454"),
            Some(format!("a8{}", "54".repeat(19)))
        );
        assert_eq!(expand(clone.path(), "000000000000"), Some("00".repeat(20)));
        assert_eq!(expand(clone.path(), "fefefefefefe"), None, "ambiguous");
        assert_eq!(expand(clone.path(), "123456789012"), None);
        assert_eq!(expand(clone.path(), "not hex"), None);
    }
}
