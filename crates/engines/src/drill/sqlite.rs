//! SQLite, which has no server: a process of the lab's own writes to the file and takes its orders over a socket, so that it
//! can be killed like one. One statement script a line; an answer is a line `ok`, `refused …`, or rows and a final `ok`. It
//! never opens a file outside of a marked directory.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dbwright_model::ledger::{Action, Image};
use rusqlite::Connection;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

use super::{Address, Answer, Client, MARKER, Place, RegisterOperation, Told, check_marked, rows, statements};
use crate::error::{EngineError, ErrorKind};

/// What the writing process is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriterOptions {
    /// The marked directory that all lies in.
    pub directory: PathBuf,
    /// The database file.
    pub file: PathBuf,
    /// The socket to listen on.
    pub socket: PathBuf,
    /// `PRAGMA journal_mode`.
    pub journal_mode: String,
    /// `PRAGMA synchronous`.
    pub synchronous: String,
}

/// Version of the SQLite that is built in.
#[must_use]
pub fn version() -> &'static str {
    rusqlite::version()
}

/// Serves until it is killed: a thread a connection, one connection to the file behind a lock.
///
/// # Errors
/// When the directory is not marked, or file or socket can't be opened.
pub fn serve(options: &WriterOptions) -> Result<(), EngineError> {
    let action = format!("writing to {}", options.file.display());
    let place = Place { directory: options.directory.clone(), address: Address::Socket(options.socket.clone()), limit: Duration::MAX };
    check_marked(&action, &options.file, &place)?;
    let failed = |error: &dyn std::fmt::Display| EngineError::new(ErrorKind::Unreachable, action.clone(), error.to_string());
    let known = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !known(&options.journal_mode) || !known(&options.synchronous) {
        return Err(EngineError::new(ErrorKind::Target, action, "journal mode and synchronous level are single words"));
    }
    let database = Connection::open(&options.file).map_err(|error| failed(&error))?;
    let mode: String = database
        .query_row(&format!("PRAGMA journal_mode = {}", options.journal_mode), [], |row| row.get(0))
        .map_err(|error| failed(&error))?;
    if !mode.eq_ignore_ascii_case(&options.journal_mode) {
        return Err(failed(&format_args!("journal_mode is {mode}, not {}", options.journal_mode)));
    }
    database.execute_batch(&format!("PRAGMA synchronous = {}", options.synchronous)).map_err(|error| failed(&error))?;
    let listener = UnixListener::bind(&options.socket).map_err(|error| failed(&error))?;
    let database = Arc::new(Mutex::new(database));
    for stream in listener.incoming() {
        let stream = stream.map_err(|error| failed(&error))?;
        let database = Arc::clone(&database);
        std::thread::spawn(move || {
            // A client that goes away ends its thread and nothing else.
            let _ = converse(&stream, &database);
        });
    }
    Ok(())
}

fn converse(stream: &UnixStream, database: &Mutex<Connection>) -> std::io::Result<()> {
    let mut writer = BufWriter::new(stream);
    for line in BufReader::new(stream).lines() {
        let answer = answer(&database.lock().unwrap_or_else(PoisonError::into_inner), &line?);
        writer.write_all(answer.as_bytes())?;
        writer.flush()?;
    }
    Ok(())
}

fn answer(database: &Connection, script: &str) -> String {
    match run(database, script) {
        Ok(mut rows) => {
            rows.push_str("ok\n");
            rows
        }
        Err(error) => {
            if !database.is_autocommit() {
                let _ = database.execute_batch("ROLLBACK");
            }
            // Whether a failed read or write of the file undid the transaction is not for us to say.
            let word = match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                    "unknown"
                }
                _ => "refused",
            };
            format!("{word} {}\n", error.to_string().replace('\n', " "))
        }
    }
}

fn run(database: &Connection, script: &str) -> rusqlite::Result<String> {
    let mut text = String::new();
    let mut batch = rusqlite::Batch::new(database, script);
    while let Some(mut statement) = batch.next()? {
        let columns = statement.column_count();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Integer(number) => text.push_str(&number.to_string()),
                    ValueRef::Text(bytes) => text.push_str(&String::from_utf8_lossy(bytes).replace(['\n', '\t'], " ")),
                    _ => {}
                }
                text.push('\t');
            }
            text.push('\n');
        }
    }
    Ok(text)
}

struct Sqlite {
    reader: tokio::io::BufReader<tokio::net::unix::OwnedReadHalf>,
    writer: tokio::net::unix::OwnedWriteHalf,
    place: Place,
}

/// Connects to the writing process.
///
/// # Errors
/// When it does not listen; [`ErrorKind::Privilege`] when its directory is not marked.
pub async fn connect(place: &Place) -> Result<Box<dyn Client>, EngineError> {
    let action = format!("connecting to {place}");
    let Address::Socket(path) = &place.address else {
        return Err(EngineError::new(ErrorKind::Unsupported, action, "SQLite's writer listens on a socket only"));
    };
    let socket = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    check_marked(&action, &socket, place)?;
    let opened = tokio::net::UnixStream::connect(&socket).await;
    let opened = opened.map_err(|error| EngineError::new(ErrorKind::Unreachable, action, error.to_string()))?;
    let (reader, writer) = opened.into_split();
    debug_assert!(place.directory.join(MARKER).is_file());
    Ok(Box::new(Sqlite { reader: tokio::io::BufReader::new(reader), writer, place: place.clone() }))
}

impl Sqlite {
    /// Rows, then the last word of the answer.
    async fn converse(&mut self, script: &str) -> std::io::Result<(Vec<Vec<String>>, String)> {
        self.writer.write_all(format!("{script}\n").as_bytes()).await?;
        let mut rows = Vec::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).await? == 0 || rows.len() > super::MOST_ROWS {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end_matches('\n');
            match line.strip_suffix('\t') {
                Some(columns) => rows.push(columns.split('\t').map(str::to_owned).collect()),
                None => return Ok((rows, line.to_owned())),
            }
        }
    }

    async fn told(&mut self, script: &str) -> Told {
        match tokio::time::timeout(self.place.limit, self.converse(script)).await {
            Ok(Ok((rows, word))) if word == "ok" => Told::acknowledged(rows.last().and_then(|row| row.first()?.parse().ok())),
            Ok(Ok((_, word))) => match word.strip_prefix("refused ") {
                Some(words) => Told::refused(words),
                None => Told::unknown(word, false),
            },
            Ok(Err(error)) => Told::unknown(error.to_string(), true),
            Err(_) => Told::unknown("no answer within the limit", true),
        }
    }

    async fn query(&mut self, script: &str) -> Result<Vec<Vec<String>>, EngineError> {
        let failed = |detail: String| EngineError::new(ErrorKind::Protocol, "asking SQLite's writer", detail);
        let (rows, word) = self.converse(script).await.map_err(|error| failed(error.to_string()))?;
        if word == "ok" { Ok(rows) } else { Err(failed(word)) }
    }
}

impl Client for Sqlite {
    fn prepare(&mut self, writers: u32, registers: u32) -> Answer<'_, Result<(), EngineError>> {
        Box::pin(async move {
            let script = statements::prepare(writers, registers, "").join("; ");
            self.query(&format!("BEGIN IMMEDIATE; {script}; COMMIT")).await.map(|_| ())
        })
    }

    fn perform<'a>(&'a mut self, action: &'a Action) -> Answer<'a, Told> {
        Box::pin(async move {
            let script = statements::perform(action, "BEGIN IMMEDIATE");
            self.told(&script).await
        })
    }

    fn register(&mut self, key: u32, operation: RegisterOperation) -> Answer<'_, Told> {
        Box::pin(async move {
            let select = format!("SELECT value FROM dbwright_shared WHERE key_id = {key}");
            let update = |value: i64| format!("UPDATE dbwright_shared SET value = {value} WHERE key_id = {key}");
            match operation {
                RegisterOperation::Read => self.told(&select).await,
                RegisterOperation::Write(value) => self.told(&update(value)).await,
                RegisterOperation::Update(value) => self.told(&format!("BEGIN IMMEDIATE; {select}; {}; COMMIT", update(value))).await,
                RegisterOperation::CarelessUpdate(value) => {
                    let read = self.told(&select).await;
                    if read.saw.is_none() {
                        return read;
                    }
                    Told { saw: read.saw, ..self.told(&update(value)).await }
                }
            }
        })
    }

    fn image(&mut self) -> Answer<'_, Result<Image, EngineError>> {
        Box::pin(async move {
            let check = self.query("PRAGMA integrity_check(1)").await?;
            if check.first().and_then(|row| row.first()).is_none_or(|word| word != "ok") {
                return Err(EngineError::new(ErrorKind::Corrupt, "checking the file", format!("{check:?}")));
            }
            let mut tables = Vec::new();
            for table in statements::TABLES {
                tables.push(self.query(&statements::read(table)).await?);
            }
            Ok(Image {
                appends: rows::held(&tables[0])?,
                registers: rows::held(&tables[1])?,
                debits: rows::held(&tables[2])?,
                credits: rows::held(&tables[3])?,
                balances: rows::balances(&tables[4])?,
            })
        })
    }

    fn ask<'a>(&'a mut self, statement: &'a str) -> Answer<'a, Result<Vec<Vec<String>>, EngineError>> {
        Box::pin(self.query(statement))
    }
}
