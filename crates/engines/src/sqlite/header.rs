//! The first 100 bytes of a database file, and what is wrong with a file that has others. It never opens SQLite.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{EngineError, ErrorKind};

/// Length of the header, bytes.
pub const HEADER_BYTES: usize = 100;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What the header says (SQLite manual, Database File Format, section 1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Page size, bytes.
    pub page_bytes: u32,
    /// Whether the file is in write-ahead log mode.
    pub write_ahead_log: bool,
    /// Pages, where the count is valid.
    pub pages: Option<u32>,
    /// Pages on the free list.
    pub free_pages: u32,
    /// Counter that changes with each transaction in rollback mode.
    pub change_counter: u32,
    /// Version number of the library that wrote last, e.g. 3045001.
    pub writer: u32,
    /// Size of the file, bytes.
    pub file_bytes: u64,
}

impl Header {
    /// Version of the library that wrote the file last, e.g. `3.45.1`.
    #[must_use]
    pub fn writer_version(&self) -> Option<String> {
        let number = self.writer;
        (number >= 3_000_000).then(|| format!("{}.{}.{}", number / 1_000_000, number / 1000 % 1000, number % 1000))
    }
}

/// Reads the header of a file.
///
/// # Errors
/// [`ErrorKind::NotFound`], [`ErrorKind::Privilege`], [`ErrorKind::NotADatabase`] (a directory, a text, an empty or
/// encrypted file), [`ErrorKind::Corrupt`] (cut short).
pub fn read(path: &Path) -> Result<Header, EngineError> {
    let action = format!("opening {}", path.display());
    let wrong = |kind, detail: &str, hint: &str| Err(EngineError::new(kind, action.clone(), detail).hint(hint));
    let metadata = std::fs::metadata(path).map_err(|error| super::connect::file_error(&action, &error))?;
    if metadata.is_dir() {
        return wrong(
            ErrorKind::NotADatabase,
            "it is a directory",
            "Give the database file itself, or a project directory without `sqlite:`.",
        );
    }
    if !metadata.is_file() {
        return wrong(ErrorKind::NotADatabase, "it is no ordinary file", "Give the path of a SQLite database file.");
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4096).read_to_end(&mut start))
        .map_err(|error| super::connect::file_error(&action, &error))?;
    if start.is_empty() {
        return wrong(ErrorKind::NotADatabase, "the file is empty (0 bytes)", "Nothing was ever written to it: check the path.");
    }
    if !start.starts_with(MAGIC) {
        let (detail, hint) = stranger(&start);
        return wrong(ErrorKind::NotADatabase, detail, hint);
    }
    parse(&start, metadata.len()).map_err(|detail| EngineError::new(ErrorKind::Corrupt, action, detail).hint(DAMAGED))
}

/// What to do about a damaged file.
pub const DAMAGED: &str = "Restore it from a backup; what is readable can be saved with `sqlite3 FILE .recover`.";

fn stranger(start: &[u8]) -> (&'static str, &'static str) {
    if MAGIC.starts_with(start) {
        return ("the file is cut off within its header", DAMAGED);
    }
    let text = std::str::from_utf8(start).is_ok() || std::str::from_utf8(&start[..start.len().saturating_sub(4)]).is_ok();
    if text && !start.contains(&0) {
        return (
            "it is a text file, not a SQLite database",
            "For SQL text give the project directory that holds schema.sql; for a Facts file give JSON.",
        );
    }
    (
        "the file does not begin with SQLite's header: it is not a SQLite database, or it is encrypted",
        "An encrypted database can't be read without its key: decrypt a copy, or collect facts where the key is.",
    )
}

fn parse(bytes: &[u8], file_bytes: u64) -> Result<Header, String> {
    if bytes.len() < HEADER_BYTES {
        return Err("the file is cut off within its header".to_owned());
    }
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let page_bytes = match u32::from(u16::from_be_bytes([bytes[16], bytes[17]])) {
        1 => 65_536,
        size => size,
    };
    if !(512..=65_536).contains(&page_bytes) || !page_bytes.is_power_of_two() {
        return Err(format!("the header names a page size of {page_bytes} bytes, which SQLite doesn't have"));
    }
    if bytes[18] > 2 || bytes[19] > 2 || bytes[18] == 0 || bytes[19] == 0 {
        return Err(format!("the header names file format {}/{}, which SQLite doesn't have", bytes[18], bytes[19]));
    }
    // The page count is valid only if the library that wrote last knew of it.
    let pages = Some(number(28)).filter(|pages| *pages > 0 && number(24) == number(92));
    let held = file_bytes / u64::from(page_bytes);
    let write_ahead_log = bytes[18] == 2;
    if let Some(pages) = pages.filter(|pages| u64::from(*pages) > held && !write_ahead_log) {
        return Err(format!("the file is truncated: its header counts {pages} pages of {page_bytes} bytes, it holds {held}"));
    }
    Ok(Header { page_bytes, write_ahead_log, pages, free_pages: number(36), change_counter: number(24), writer: number(96), file_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        std::fs::write(&path, bytes).unwrap();
        (directory, path)
    }

    #[test]
    fn strangers_are_named_for_what_they_are() {
        let cases: [(&[u8], &str); 5] = [
            (b"", "empty"),
            (b"CREATE TABLE t (a);\n", "text file"),
            (b"\x9c\x00\x01\xfe\xffrandom bytes of a cipher", "encrypted"),
            (b"SQLite for", "cut off"),
            (b"SQLite format 3\0\x10\x00", "cut off"),
        ];
        for (bytes, expected) in cases {
            let (_directory, path) = file_of(bytes);
            let error = read(&path).unwrap_err();
            assert!(error.detail.contains(expected), "{error}");
            assert!(!error.hint.is_empty());
        }
        let error = read(std::env::temp_dir().as_path()).unwrap_err();
        assert!(error.detail.contains("directory"), "{error}");
    }

    #[test]
    fn a_header_of_nonsense_is_refused() {
        let mut bytes = vec![0_u8; 512];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&513_u16.to_be_bytes());
        let (_directory, path) = file_of(&bytes);
        assert_eq!(read(&path).unwrap_err().kind, ErrorKind::Corrupt);
    }

    #[test]
    fn versions_read_as_versions() {
        let header = parse(
            &{
                let mut bytes = vec![0_u8; 4096];
                bytes[16..20].copy_from_slice(&[0x10, 0, 2, 2]);
                bytes[96..100].copy_from_slice(&3_045_001_u32.to_be_bytes());
                bytes
            },
            4096,
        )
        .unwrap();
        assert_eq!(header.writer_version().as_deref(), Some("3.45.1"));
        assert!(header.write_ahead_log);
    }
}
