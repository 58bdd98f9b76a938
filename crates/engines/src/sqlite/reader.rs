//! A connection that reads within limits: each statement has a deadline, each answer a bound, and all of it can be
//! cancelled. It never prepares text that came from outside other than expressions of the file's own schema.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Params, Row};

use super::connect::{Access, Stamp};
use super::header::{DAMAGED, Header};
use crate::error::{EngineError, ErrorKind};

/// Rows of one answer that are read at most; a schema of more objects is cut there, aloud.
pub const MAX_ROWS: usize = 2_000_000;

/// Instructions of SQLite's virtual machine between two looks at the clock.
const INSTRUCTIONS_PER_LOOK: i32 = 20_000;

/// What the caller holds to cancel a reading, and what must be cleaned up after it.
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    deadline: Mutex<Option<Instant>>,
    directory: Mutex<Option<tempfile::TempDir>>,
}

impl Control {
    /// Cancels: the statement under way ends at the next look.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn keep(&self, directory: tempfile::TempDir) {
        if let Ok(mut held) = self.directory.lock() {
            *held = Some(directory);
        }
    }

    pub(super) fn release(&self) {
        if let Ok(mut held) = self.directory.lock() {
            *held = None;
        }
    }

    fn set_deadline(&self, after: Duration) {
        if let Ok(mut deadline) = self.deadline.lock() {
            *deadline = Instant::now().checked_add(after);
        }
    }

    fn must_stop(&self) -> bool {
        self.cancelled() || self.deadline.lock().is_ok_and(|deadline| deadline.is_some_and(|deadline| Instant::now() > deadline))
    }
}

/// A connection for reading.
pub struct Reader {
    pub(super) connection: Connection,
    /// The file.
    pub path: PathBuf,
    /// How it is read.
    pub access: Access,
    /// Its header.
    pub header: Option<Header>,
    pub(super) control: Arc<Control>,
    stamp: Option<Stamp>,
    timeout: Duration,
    queries: Cell<u64>,
    cut: Cell<bool>,
}

impl Reader {
    pub(super) fn new(connection: Connection, path: &Path, access: Access, stamp: Option<Stamp>, control: &Arc<Control>) -> Self {
        Self {
            connection,
            path: path.to_owned(),
            access,
            header: None,
            control: Arc::clone(control),
            stamp,
            timeout: Duration::from_secs(5),
            queries: Cell::new(0),
            cut: Cell::new(false),
        }
    }

    pub(super) fn limit_time(&mut self, timeout: Duration) -> rusqlite::Result<()> {
        self.timeout = timeout;
        self.control.set_deadline(timeout);
        let control = Arc::clone(&self.control);
        self.connection.progress_handler(INSTRUCTIONS_PER_LOOK, Some(move || control.must_stop()))
    }

    /// The connection, for explaining.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Statements run so far.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.queries.get()
    }

    /// Whether an answer was cut at [`MAX_ROWS`].
    #[must_use]
    pub fn was_cut(&self) -> bool {
        self.cut.get()
    }

    /// Whether a file that is read without locks was written meanwhile.
    #[must_use]
    pub fn changed_meanwhile(&self) -> bool {
        self.stamp.as_ref().is_some_and(|stamp| Stamp::of(&self.path) != *stamp)
    }

    /// All rows of a statement, at most [`MAX_ROWS`].
    ///
    /// # Errors
    /// As SQLite reports them; an interrupt means the time limit or a cancelling.
    pub fn all<T>(&self, sql: &str, params: impl Params, mut map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Vec<T>> {
        let mut values = Vec::new();
        self.each(sql, params, |row| {
            if values.len() >= MAX_ROWS {
                self.cut.set(true);
                return Ok(false);
            }
            values.push(map(row)?);
            Ok(true)
        })?;
        Ok(values)
    }

    /// Calls a function with each row until it answers false.
    ///
    /// # Errors
    /// As [`Reader::all`].
    pub fn each(&self, sql: &str, params: impl Params, mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>) -> rusqlite::Result<()> {
        self.queries.set(self.queries.get() + 1);
        self.control.set_deadline(self.timeout);
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if !take(row)? {
                break;
            }
        }
        Ok(())
    }

    /// The one row of a statement.
    ///
    /// # Errors
    /// As [`Reader::all`], and when there is no row.
    pub fn one<T>(&self, sql: &str, params: impl Params, map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.queries.set(self.queries.get() + 1);
        self.control.set_deadline(self.timeout);
        self.connection.query_row(sql, params, map)
    }

    /// A count.
    ///
    /// # Errors
    /// As [`Reader::one`].
    pub fn count(&self, sql: &str) -> rusqlite::Result<u64> {
        self.one(sql, [], |row| row.get::<_, Option<i64>>(0)).map(|count| u64::try_from(count.unwrap_or(0)).unwrap_or(0))
    }
}

/// The text of a column, whatever its bytes.
pub(super) fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    Ok(optional_text(row, index)?.unwrap_or_default())
}

/// The text of a column that may be NULL.
pub(super) fn optional_text(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(value.to_string()),
        ValueRef::Real(value) => Some(value.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

/// A name in double quotes.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a failure says that a time limit ran out or the reading was cancelled.
pub(super) fn interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// Whether a failure says that pages are damaged.
pub(super) fn damaged(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The class and hint of a failure.
pub(super) fn engine_error(path: &Path, error: &rusqlite::Error) -> EngineError {
    let action = format!("reading {}", path.display());
    let (kind, hint) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (ErrorKind::Timeout, "Another process is writing to it: try again when it has committed, or review a backup.")
        }
        Some(ErrorCode::OperationInterrupted) => (ErrorKind::Timeout, "Raise --statement-timeout."),
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::Corrupt, DAMAGED),
        Some(ErrorCode::NotADatabase) => (ErrorKind::NotADatabase, "It is encrypted, or damaged in its first page."),
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => (ErrorKind::Privilege, "Run as a user who may read the file."),
        Some(ErrorCode::CannotOpen) => (ErrorKind::Privilege, "Run as a user who may read the file and enter its directory."),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DiskFull) => (ErrorKind::Unreachable, "Check the disk."),
        _ => (ErrorKind::Protocol, ""),
    };
    EngineError::new(kind, action, plain(error)).hint(hint)
}

/// What happened, in SQLite's words.
pub(super) fn plain(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => message.clone().unwrap_or_else(|| failure.to_string()),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
