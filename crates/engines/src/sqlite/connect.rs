//! Opens a database file so that nothing is written: not to the file, not to its log, not even a `-shm` beside it.
//! It never takes a lock that stops a writer for longer than one statement.
//!
//! Which way is safe depends on what lies beside the file:
//! - rollback journal mode: `mode=ro`; each statement holds SQLite's shared lock only while it runs.
//! - a hot journal (a writer died): SQLite would have to roll it back, so a private copy is rolled back and read.
//! - write-ahead log with content: SQLite would recover or mark it, so a private copy of file and log is read; above
//!   [`COPY_LIMIT_BYTES`], the log is read in place through a read-only index when there is one, else left out, aloud.
//! - write-ahead log mode, log empty or absent: everything is in the file, which is read as immutable; that nobody wrote
//!   meanwhile is checked afterwards.

use std::ffi::OsString;
use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::copy;
use super::header::{self, Header};
use super::reader::{Control, Reader};
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;

/// Largest file with its log that is copied to be read, bytes.
pub const COPY_LIMIT_BYTES: u64 = 1 << 30;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// In place, under SQLite's shared locks.
    Shared,
    /// In place, with the write-ahead log through its index, mapped read-only.
    ReadOnlyIndex,
    /// In place, without locks; that it stayed the same is checked afterwards.
    Immutable,
    /// From a private copy.
    Copy,
}

/// What lies beside a database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Bytes of the write-ahead log; none when there is no such file.
    pub log_bytes: Option<u64>,
    /// Whether the log's index is there.
    pub index: bool,
    /// Bytes of the rollback journal.
    pub journal_bytes: Option<u64>,
}

impl Surroundings {
    /// Looks beside the file.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let bytes = |suffix: &str| std::fs::metadata(beside(path, suffix)).ok().map(|metadata| metadata.len());
        Self { log_bytes: bytes("-wal"), index: bytes("-shm").is_some(), journal_bytes: bytes("-journal") }
    }

    /// Chooses how to read; ways to try in order.
    #[must_use]
    pub fn ways(&self, header: &Header, copy_limit: u64) -> Vec<Access> {
        match self.log_bytes {
            None if header.write_ahead_log => vec![Access::Immutable],
            None => vec![Access::Shared],
            Some(log) if log <= LOG_HEADER_BYTES => vec![Access::Immutable],
            Some(log) => {
                let mut ways = Vec::new();
                if header.file_bytes.saturating_add(log) <= copy_limit {
                    ways.push(Access::Copy);
                }
                if self.index {
                    ways.push(Access::ReadOnlyIndex);
                }
                ways.push(Access::Immutable);
                ways
            }
        }
    }
}

/// A write-ahead log of no more than its header holds no transaction.
const LOG_HEADER_BYTES: u64 = 32;

/// The file of the same name with a suffix.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// The class and hint of a failure of the file system.
pub(super) fn file_error(action: &str, error: &std::io::Error) -> EngineError {
    let (kind, hint) = match error.kind() {
        Io::NotFound => (ErrorKind::NotFound, "Check the path; SQLite would make a new, empty database here, dbwright doesn't."),
        Io::PermissionDenied => (ErrorKind::Privilege, "Run as a user who may read the file and enter its directory."),
        _ => (ErrorKind::Unreachable, "Check the path and the disk."),
    };
    EngineError::new(kind, action, error.to_string()).hint(hint)
}

/// Size and time of the file and its log: when both stay the same, nobody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp([Option<(u64, Option<SystemTime>)>; 2]);

impl Stamp {
    /// The stamp now.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let stamp = |path: &Path| std::fs::metadata(path).ok().map(|metadata| (metadata.len(), metadata.modified().ok()));
        let mut log = stamp(&beside(path, "-wal"));
        // A log that is there but empty holds nothing: its coming and going is no write.
        log = log.filter(|(bytes, _)| *bytes > LOG_HEADER_BYTES);
        Self([stamp(path), log])
    }
}

/// Opens a file for reading.
///
/// # Errors
/// As [`header::read`]; [`ErrorKind::Timeout`] when another process holds it; [`ErrorKind::Corrupt`].
pub fn open(path: &Path, options: &CollectOptions, control: &Arc<Control>) -> Result<Reader, EngineError> {
    open_within(path, options, control, COPY_LIMIT_BYTES)
}

pub(super) fn open_within(path: &Path, options: &CollectOptions, control: &Arc<Control>, limit: u64) -> Result<Reader, EngineError> {
    let header = header::read(path)?;
    let ways = Surroundings::of(path).ways(&header, limit);
    let mut last = None;
    for way in ways {
        match attempt(path, way, options, control, limit) {
            Ok(mut reader) => {
                reader.header = Some(header);
                return Ok(reader);
            }
            Err(error) if error.kind == ErrorKind::Interrupted => return Err(error),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| EngineError::new(ErrorKind::NotADatabase, format!("opening {}", path.display()), "no way to read it")))
}

fn attempt(path: &Path, way: Access, options: &CollectOptions, control: &Arc<Control>, limit: u64) -> Result<Reader, EngineError> {
    let opened = match way {
        Access::Copy => return from_copy(path, options, control),
        Access::Shared => in_place(path, "mode=ro"),
        Access::ReadOnlyIndex => in_place(path, "mode=ro&readonly_shm=1"),
        Access::Immutable => in_place(path, "mode=ro&immutable=1"),
    };
    let stamp = (way == Access::Immutable).then(|| Stamp::of(path));
    let reader = Reader::new(opened.map_err(|error| super::reader::engine_error(path, &error))?, path, way, stamp, control);
    match guard(reader, options) {
        // SQLITE_READONLY_ROLLBACK and _RECOVERY: a writer died, and what it left must be settled first.
        Err(Refusal::MustRecover) if total_bytes(path) <= limit => from_copy(path, options, control),
        Err(Refusal::MustRecover) => Err(EngineError::new(
            ErrorKind::Timeout,
            format!("opening {}", path.display()),
            "a writer died and left a journal that must be rolled back first, and the file is too large to do that on a copy",
        )
        .hint("Open it once with the application or with sqlite3, then try again.")),
        Err(Refusal::Other(error)) => Err(error),
        Ok(reader) => Ok(reader),
    }
}

fn total_bytes(path: &Path) -> u64 {
    ["", "-wal", "-journal"].iter().filter_map(|suffix| std::fs::metadata(beside(path, suffix)).ok()).map(|metadata| metadata.len()).sum()
}

fn in_place(path: &Path, query: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri(path, query), flags)
}

fn from_copy(path: &Path, options: &CollectOptions, control: &Arc<Control>) -> Result<Reader, EngineError> {
    let connection = copy::open(path, control)?;
    let reader = Reader::new(connection, path, Access::Copy, None, control);
    guard(reader, options).map_err(|refusal| match refusal {
        Refusal::Other(error) => error,
        Refusal::MustRecover => {
            EngineError::new(ErrorKind::Corrupt, format!("opening a copy of {}", path.display()), "its journal can't be rolled back")
                .hint(header::DAMAGED)
        }
    })
}

/// `file:` URI of a path: everything that means something in a URI is percent-encoded.
fn uri(path: &Path, query: &str) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut text = String::from("file:");
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for byte in absolute.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    format!("{text}?{query}")
}

enum Refusal {
    MustRecover,
    Other(EngineError),
}

/// Locks the connection down, then reads the schema once, so that every later error is about what it says.
fn guard(mut reader: Reader, options: &CollectOptions) -> Result<Reader, Refusal> {
    let path = reader.path.clone();
    let refuse = |error: rusqlite::Error| match &error {
        rusqlite::Error::SqliteFailure(failure, _) if matches!(failure.extended_code, 264 | 776) => Refusal::MustRecover,
        _ => Refusal::Other(super::reader::engine_error(&path, &error)),
    };
    restrict(&mut reader.connection, options).map_err(&refuse)?;
    reader.limit_time(options.statement_timeout).map_err(&refuse)?;
    let begun = match reader.access {
        // A read transaction in rollback mode would stop writers for as long as the review takes.
        Access::Shared => Ok(()),
        _ => reader.connection.execute_batch("BEGIN"),
    };
    begun
        .and_then(|()| reader.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)))
        .map_err(&refuse)?;
    if reader.access == Access::Copy {
        copy::forget(&mut reader);
    }
    Ok(reader)
}

fn restrict(connection: &mut Connection, options: &CollectOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(options.lock_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0")?;
    connection.authorizer(Some(authorize))
}

/// What our own statements, and the views and virtual tables that they touch, may do: read.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive | AuthAction::Transaction { .. } => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => Authorization::Allow,
        AuthAction::Pragma { pragma_name, pragma_value } if pragma_reads(pragma_name, pragma_value) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn pragma_reads(name: &str, value: Option<&str>) -> bool {
    const WITH_ARGUMENT: [&str; 9] = [
        "table_list",
        "table_xinfo",
        "index_list",
        "index_xinfo",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
        "quick_check",
        "database_list",
    ];
    // FTS5 asks for the data version before each read.
    value.is_none() || WITH_ARGUMENT.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(write_ahead_log: bool) -> Header {
        Header { page_bytes: 4096, write_ahead_log, pages: None, free_pages: 0, change_counter: 0, writer: 0, file_bytes: 8192 }
    }

    #[test]
    fn the_way_of_reading_follows_from_what_lies_beside() {
        let near = |log_bytes, index| Surroundings { log_bytes, index, journal_bytes: None };
        assert_eq!(near(None, false).ways(&header(false), 1 << 20), [Access::Shared]);
        assert_eq!(near(None, false).ways(&header(true), 1 << 20), [Access::Immutable]);
        assert_eq!(near(Some(0), true).ways(&header(true), 1 << 20), [Access::Immutable]);
        assert_eq!(near(Some(5000), false).ways(&header(true), 1 << 20), [Access::Copy, Access::Immutable]);
        assert_eq!(near(Some(5000), true).ways(&header(true), 100), [Access::ReadOnlyIndex, Access::Immutable]);
    }

    #[test]
    fn a_path_can_not_smuggle_in_options() {
        assert_eq!(uri(Path::new("/a b/c?mode=rwc#x%41.db"), "mode=ro"), "file:/a%20b/c%3Fmode%3Drwc%23x%2541.db?mode=ro");
    }

    #[test]
    fn pragmas_that_change_are_told_from_those_that_read() {
        assert!(pragma_reads("page_size", None) && pragma_reads("TABLE_XINFO", Some("t")));
        assert!(!pragma_reads("journal_mode", Some("wal")) && !pragma_reads("user_version", Some("3")));
    }

    /// A file with its log as a crash leaves them: copied while a writer has them open.
    fn crashed(with_index: bool) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let (live, dead) = (directory.path().join("live.db"), directory.path().join("dead.db"));
        let writer = Connection::open(&live).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x); PRAGMA wal_checkpoint(TRUNCATE); CREATE TABLE b (x);")
            .unwrap();
        for suffix in ["", "-wal", "-shm"].iter().filter(|suffix| with_index || **suffix != "-shm") {
            std::fs::copy(beside(&live, suffix), beside(&dead, suffix)).unwrap();
        }
        (directory, dead)
    }

    fn tables(path: &Path, limit: u64) -> (Access, u64) {
        let options = CollectOptions::at(dbwright_model::Timestamp::from_seconds(0));
        let reader = open_within(path, &options, &Arc::new(Control::default()), limit).unwrap();
        (reader.access, reader.count("SELECT count(*) FROM sqlite_schema").unwrap())
    }

    #[test]
    fn a_log_is_read_from_a_copy_else_through_its_index_else_not_at_all() {
        let (_keep, path) = crashed(true);
        assert_eq!(tables(&path, COPY_LIMIT_BYTES), (Access::Copy, 2));
        assert_eq!(tables(&path, 0), (Access::ReadOnlyIndex, 2));
        let (_keep, path) = crashed(false);
        assert_eq!(tables(&path, COPY_LIMIT_BYTES), (Access::Copy, 2));
        assert_eq!(tables(&path, 0), (Access::Immutable, 1), "the facts say aloud that the log was not read");
        assert!(!beside(&path, "-shm").exists());
    }

    #[test]
    fn a_file_written_meanwhile_is_noticed() {
        let (_keep, path) = crashed(false);
        std::fs::remove_file(beside(&path, "-wal")).unwrap();
        let options = CollectOptions::at(dbwright_model::Timestamp::from_seconds(0));
        let reader = open(&path, &options, &Arc::new(Control::default())).unwrap();
        assert!(reader.access == Access::Immutable && !reader.changed_meanwhile());
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE c (x)").unwrap();
        assert!(reader.changed_meanwhile());
    }
}
