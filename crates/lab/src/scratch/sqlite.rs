//! A scratch SQLite database: a file in a marked directory. It never opens any other file: ATTACH and extensions are
//! refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dbwright_engines::sqlite::{explain, facts, reader::Control, reader::quoted};
use dbwright_engines::{CollectOptions, Endpoint, EngineError};
use dbwright_model::catalog::Catalog;
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, Facts};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use super::digest::{Cell, Digest, Digester, OrderKey};
use super::directory::ScratchDirectory;
use super::{Run, STATEMENT_LIMIT, ScratchDatabase, ScratchOptions, StatementError};
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};

/// Name of the file.
const FILE: &str = "scratch.db";

/// Instructions of SQLite's virtual machine between two looks at the clock.
const INSTRUCTIONS_PER_LOOK: i32 = 20_000;

/// A scratch SQLite database.
pub struct SqliteScratch {
    connection: Option<Connection>,
    path: PathBuf,
    cancel: Cancel,
    limit: Duration,
    deadline: Arc<std::sync::Mutex<Option<Instant>>>,
    /// Whether the scripts switched the enforcement of references on.
    enforces_references: bool,
    disk_limit: u64,
    directory: ScratchDirectory,
}

impl SqliteScratch {
    /// Makes an empty database.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn create(options: &ScratchOptions) -> Result<Self, LabError> {
        Self::open_in(ScratchDirectory::create()?, options)
    }

    /// Makes a copy of a file, which is only read.
    ///
    /// # Errors
    /// When it can't be read, or there is no room for the copy.
    pub fn copy_of(path: &Path, options: &ScratchOptions) -> Result<Self, LabError> {
        let directory = ScratchDirectory::create()?;
        let needed = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let room = super::disk_limit(options, directory.path());
        if needed > room {
            return Err(LabError::new(
                LabErrorKind::File,
                format!("copying {}: it has {needed} bytes, and {room} are free for it", path.display()),
            )
            .hint("Free space, or set TMPDIR to another disk."));
        }
        let target = directory.path().join(FILE);
        let control = Arc::new(Control::default());
        let collect = CollectOptions::at(dbwright_model::Timestamp(0));
        let copied = std::thread::scope(|scope| {
            let work = scope.spawn(|| dbwright_engines::sqlite::blueprint::copy_to(path, &target, &collect, &control));
            while !work.is_finished() {
                if options.cancel.is_cancelled() {
                    control.cancel();
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            work.join()
        });
        copied.map_err(|_| LabError::new(LabErrorKind::File, "the copying thread ended"))??;
        Self::open_in(directory, options)
    }

    fn open_in(directory: ScratchDirectory, options: &ScratchOptions) -> Result<Self, LabError> {
        let mut scratch = Self {
            connection: None,
            path: directory.path().join(FILE),
            cancel: options.cancel.clone(),
            limit: options.statement_limit.unwrap_or(STATEMENT_LIMIT),
            deadline: Arc::default(),
            enforces_references: false,
            disk_limit: super::disk_limit(options, directory.path()),
            directory,
        };
        scratch.open().map_err(|error| LabError::new(LabErrorKind::Server, format!("making a scratch SQLite file: {}", error.message)))?;
        Ok(scratch)
    }

    fn open(&mut self) -> Result<(), StatementError> {
        let connect = || {
            let mut connection = Connection::open(&self.path)?;
            // What SQLite itself starts with; a script may say otherwise. Nothing here must survive a power cut.
            connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
            // Counted in pages of the smallest usual size, so that larger ones stop no later than the disk does.
            connection.execute_batch(&format!("PRAGMA max_page_count = {}", (self.disk_limit / 4096).clamp(1, 4_294_967_294)))?;
            connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DDL, true)?;
            connection.authorizer(Some(authorize))?;
            let (cancel, deadline) = (self.cancel.clone(), Arc::clone(&self.deadline));
            let over =
                move || cancel.is_cancelled() || deadline.lock().is_ok_and(|limit| limit.is_some_and(|limit| Instant::now() > limit));
            connection.progress_handler(INSTRUCTIONS_PER_LOOK, Some(over))?;
            Ok(connection)
        };
        self.connection = Some(connect().map_err(|error| failed(&error))?);
        Ok(())
    }

    fn connection(&mut self, limit: Duration) -> Result<&mut Connection, StatementError> {
        if self.connection.is_none() {
            self.open()?;
        }
        if let Ok(mut deadline) = self.deadline.lock() {
            *deadline = Instant::now().checked_add(limit);
        }
        self.connection.as_mut().ok_or_else(|| StatementError::new("the scratch file is closed"))
    }
}

pub(crate) fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => Authorization::Deny,
        // A file name of the script's choosing would be written to.
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) }
            if ["temp_store_directory", "data_store_directory"].iter().any(|name| pragma_name.eq_ignore_ascii_case(name)) =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

/// What failed, where SQLite says where.
pub(crate) fn failed(error: &rusqlite::Error) -> StatementError {
    let with = |message: String, offset: i32| StatementError { offset: usize::try_from(offset).ok(), ..StatementError::new(message) };
    match error {
        rusqlite::Error::SqlInputError { msg, offset, .. } => with(msg.clone(), *offset),
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == rusqlite::ErrorCode::OperationInterrupted => {
            StatementError::new("it took longer than its time limit")
        }
        rusqlite::Error::SqliteFailure(failure, message) => StatementError::new(message.clone().unwrap_or_else(|| failure.to_string())),
        other => StatementError::new(other.to_string()),
    }
}

/// Runs a statement to its end; gives the rows it returned, or else changed.
fn drain(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    if columns == 0 {
        return statement.execute([]).map(|changed| changed as u64);
    }
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        // A client takes each value, so overflow pages are read.
        for column in 0..columns {
            let _ = row.get_ref(column)?;
        }
    }
    Ok(count)
}

impl ScratchDatabase for SqliteScratch {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn execute(&mut self, sql: &str) -> Result<(), StatementError> {
        let limit = self.limit;
        let connection = self.connection(limit)?;
        drain(connection, sql).map_err(|error| failed(&error))?;
        if sql.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("pragma")) {
            let on = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap_or(false);
            self.enforces_references |= on;
        }
        Ok(())
    }

    fn insert(&mut self, table: &str, columns: &[String], rows: &[Vec<Option<String>>]) -> Result<(), StatementError> {
        let limit = self.limit;
        let connection = self.connection(limit)?;
        let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", quoted(table), names.join(", "));
        let insert = || {
            let transaction = connection.unchecked_transaction()?;
            {
                let mut statement = transaction.prepare(&sql)?;
                for row in rows {
                    statement.execute(params_from_iter(row.iter()))?;
                }
            }
            transaction.commit()
        };
        insert().map_err(|error| StatementError { offset: None, ..failed(&error) })
    }

    fn analyze(&mut self) -> Result<(), StatementError> {
        let limit = self.limit;
        // A script may have left a transaction open.
        if !self.connection(limit)?.is_autocommit() {
            self.execute("COMMIT")?;
        }
        self.execute("ANALYZE")
    }

    fn run(&mut self, sql: &str, limit: Duration) -> Result<Run, StatementError> {
        let connection = self.connection(limit)?;
        connection.execute_batch("SAVEPOINT dbwright").map_err(|error| failed(&error))?;
        let started = Instant::now();
        let outcome = drain(connection, sql);
        let elapsed = started.elapsed();
        undo(connection)?;
        Ok(Run { elapsed, rows: outcome.map_err(|error| failed(&error))? })
    }

    fn explain(&mut self, sql: &str, catalog: &Catalog, limit: Duration) -> Result<Plan, StatementError> {
        let connection = self.connection(limit)?;
        const SHIFT: usize = "EXPLAIN QUERY PLAN ".len();
        explain::explain(connection, sql, [], catalog).map_err(|error| {
            let error = failed(&error);
            StatementError { offset: error.offset.and_then(|offset| offset.checked_sub(SHIFT)), ..error }
        })
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Some(Endpoint::file(Engine::Sqlite, &self.path))
    }

    fn collect(&mut self, options: &CollectOptions) -> Result<Facts, EngineError> {
        // Two connections of one process share their locks; the reader gets the file for itself.
        self.connection = None;
        let control = Arc::new(Control::default());
        let options =
            CollectOptions { statement_timeout: options.statement_timeout.max(facts::SCRATCH_STATEMENT_LIMIT), ..options.clone() };
        let reading = std::thread::scope(|scope| {
            let watch = scope.spawn(|| facts::collect(&self.path, &options, &control));
            while !watch.is_finished() {
                if self.cancel.is_cancelled() {
                    control.cancel();
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            watch.join()
        });
        let mut facts = reading
            .map_err(|_| EngineError::new(dbwright_engines::ErrorKind::Protocol, "reading the scratch file", "the reader ended"))??;
        for reference in facts.catalog.collections.iter_mut().flat_map(|collection| &mut collection.references) {
            reference.enforced = self.enforces_references;
        }
        Ok(facts)
    }

    fn fork(&mut self) -> Result<Box<dyn ScratchDatabase>, LabError> {
        // Closed, so that what this connection still holds is in the file.
        self.connection = None;
        let options = ScratchOptions {
            cancel: self.cancel.clone(),
            statement_limit: Some(self.limit),
            disk_limit: Some(self.disk_limit),
            ..ScratchOptions::default()
        };
        let mut copy = Self::copy_of(&self.path, &options)?;
        copy.enforces_references = self.enforces_references;
        Ok(Box::new(copy))
    }

    fn chill(&mut self) -> Result<bool, LabError> {
        self.connection = None;
        super::forget_files(self.directory.path(), 0);
        Ok(true)
    }

    fn digest(&mut self, sql: &str, order: &[OrderKey], limit: Duration) -> Result<Digest, StatementError> {
        let connection = self.connection(limit)?;
        connection.execute_batch("SAVEPOINT dbwright").map_err(|error| failed(&error))?;
        let outcome = summarise(connection, sql, order);
        undo(connection)?;
        outcome.map_err(|error| failed(&error))
    }

    fn bytes(&self) -> Option<u64> {
        std::fs::metadata(&self.path).ok().map(|metadata| metadata.len())
    }
}

/// The answer of a statement in short.
fn summarise(connection: &Connection, sql: &str, order: &[OrderKey]) -> rusqlite::Result<Digest> {
    let mut statement = connection.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    if names.is_empty() {
        return statement.execute([]).map(|changed| Digest::changed(changed as u64));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut digester = Digester::new(&names, order);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells = (0..names.len()).map(|at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Integer(value),
                ValueRef::Real(value) => Cell::Float(value),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cell::Bytes(bytes),
            })
        });
        digester.row(&cells.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(digester.finish())
}

/// Undoes what a statement did, its own BEGIN or failed savepoint included.
fn undo(connection: &Connection) -> Result<(), StatementError> {
    if connection.is_autocommit() {
        return Ok(());
    }
    let undone = connection.execute_batch("ROLLBACK TO dbwright; RELEASE dbwright");
    if undone.is_err() || !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(|error| failed(&error))?;
    }
    Ok(())
}

impl Drop for SqliteScratch {
    fn drop(&mut self) {
        self.connection = None;
    }
}
