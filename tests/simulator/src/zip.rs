//! Archives of small files, stored without compression.

/// Bytes that every archive can have as its date: 1980-01-01, midnight.
const DATE: [u8; 4] = [0, 0, 0x21, 0];

/// A file's place in the archive.
struct Entry<'a> {
    path: &'a str,
    crc: u32,
    size: u32,
    offset: u32,
}

impl Entry<'_> {
    /// What its two headers share, from the version that is needed on.
    fn common(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend([20, 0]); // version 2.0
        out.extend([0, 8]); // the path is UTF-8
        out.extend([0, 0]); // stored
        out.extend(DATE);
        out.extend(self.crc.to_le_bytes());
        out.extend(self.size.to_le_bytes());
        out.extend(self.size.to_le_bytes());
        let length = u16::try_from(self.path.len()).unwrap_or(u16::MAX);
        out.extend(length.to_le_bytes());
        out.extend([0, 0]); // no extra field
        out
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// An archive of paths and contents.
pub(crate) fn stored(files: &[(String, impl AsRef<[u8]>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut entries = Vec::new();
    for (path, content) in files {
        let content = content.as_ref();
        let entry = Entry {
            path,
            crc: crc32fast::hash(content),
            size: small(content.len()),
            offset: small(out.len()),
        };
        out.extend(b"PK\x03\x04");
        out.extend(entry.common());
        out.extend(path.as_bytes());
        out.extend(content);
        entries.push(entry);
    }
    let directory = small(out.len());
    for entry in &entries {
        out.extend(b"PK\x01\x02");
        out.extend([20, 0]); // made by version 2.0
        out.extend(entry.common());
        out.extend([0; 2 + 2 + 2 + 4]); // no comment, first disk, no attributes
        out.extend(entry.offset.to_le_bytes());
        out.extend(entry.path.as_bytes());
    }
    let length = small(out.len()) - directory;
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]); // first and only disk
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(directory.to_le_bytes());
    out.extend([0, 0]); // no comment
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_a_directory_of_its_files() {
        let archive = stored(&[("a/b.txt".to_owned(), "hello"), ("c".to_owned(), "")]);
        assert!(archive.starts_with(b"PK\x03\x04"));
        let end = archive.len() - 22;
        assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
        assert_eq!(archive[end + 8..end + 12], [2, 0, 2, 0]);
    }
}
