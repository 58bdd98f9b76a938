//! A private copy of a database file, for the cases in which reading in place would write. It never outlives the
//! connection: the copy is unlinked as soon as it is open, so even a killed process leaves nothing.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::connect::{Stamp, beside, file_error};
use super::reader::{Control, Reader, engine_error};
use crate::error::{EngineError, ErrorKind};

/// How often a copy is begun anew because somebody wrote meanwhile.
const ATTEMPTS: usize = 4;

/// Copies file, log and journal to a private directory and opens the copy.
///
/// # Errors
/// When the disk is full, or when writers leave no moment of rest.
pub(super) fn open(path: &Path, control: &Arc<Control>) -> Result<Connection, EngineError> {
    let action = format!("copying {} to read it", path.display());
    let directory = tempfile::Builder::new().prefix("dbwright-copy-").tempdir().map_err(|error| file_error(&action, &error))?;
    let target = directory.path().join("copy.db");
    for _ in 0..ATTEMPTS {
        let before = Stamp::of(path);
        for suffix in ["", "-wal", "-journal"] {
            copy_file(&beside(path, suffix), &beside(&target, suffix), suffix.is_empty(), control)
                .map_err(|error| if control.cancelled() { interrupted(&action) } else { file_error(&action, &error) })?;
        }
        if Stamp::of(path) == before {
            let connection = open_copy(&target).map_err(|error| engine_error(path, &error))?;
            control.keep(directory);
            return Ok(connection);
        }
    }
    Err(EngineError::new(ErrorKind::Timeout, action, "it changed during each of four attempts")
        .hint("Review a backup (`VACUUM INTO`), or try again when fewer writes happen."))
}

/// Removes the copy's directory entries; the open connection keeps the files until it ends.
pub(super) fn forget(reader: &mut Reader) {
    reader.control.release();
}

fn interrupted(action: &str) -> EngineError {
    EngineError::new(ErrorKind::Interrupted, action, "interrupted")
}

/// With an exclusive lock SQLite keeps the log's index in memory, so no `-shm` is made even beside the copy.
fn open_copy(target: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    Ok(connection)
}

fn copy_file(from: &Path, to: &Path, required: bool, control: &Control) -> std::io::Result<()> {
    let mut source = match std::fs::File::open(from) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return remove(to),
        Err(error) => return Err(error),
    };
    let mut target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        if control.cancelled() {
            return Err(std::io::Error::other("interrupted"));
        }
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        target.write_all(&buffer[..read])?;
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
