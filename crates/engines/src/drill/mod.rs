//! Clients of drills: they write to servers that the lab started itself, read back what those hold, and tell an
//! acknowledgement from an answer that promises nothing. One file a system. None of them talks to a server whose data lie
//! outside a directory that the lab has marked.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use dbwright_model::ledger::{Action, Image, Outcome};

use crate::error::{EngineError, ErrorKind};

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;

/// File that marks a directory as made by the lab.
pub const MARKER: &str = ".dbwright-scratch";

/// Rows that are read back at most of one kind.
pub const MOST_ROWS: usize = 20_000_000;

/// An answer under way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a server of the lab is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The marked directory that its data lie in.
    pub directory: PathBuf,
    /// How it is reached.
    pub address: Address,
    /// Limit for one answer; what takes longer is broken off.
    pub limit: Duration,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket file; of PostgreSQL its directory.
    Socket(PathBuf),
    /// A network of the lab's own, or loopback.
    Network(std::net::IpAddr, u16),
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            Address::Socket(path) => write!(formatter, "the scratch server at {}", path.display()),
            Address::Network(host, port) => write!(formatter, "the scratch server at {host}:{port}"),
        }
    }
}

/// What a writer was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The outcome.
    pub outcome: Outcome,
    /// The server's words where it did not simply agree.
    pub words: String,
    /// Value that a read or update of a register saw.
    pub saw: Option<i64>,
    /// Whether the connection can't be used any more.
    pub lost: bool,
}

impl Told {
    /// Done.
    #[must_use]
    pub fn acknowledged(saw: Option<i64>) -> Self {
        Self { outcome: Outcome::Acknowledged, words: String::new(), saw, lost: false }
    }

    /// The server said that it was not done.
    #[must_use]
    pub fn refused(words: impl Into<String>) -> Self {
        Self { outcome: Outcome::Refused, words: words.into(), saw: None, lost: false }
    }

    /// Done or not.
    #[must_use]
    pub fn unknown(words: impl Into<String>, lost: bool) -> Self {
        Self { outcome: Outcome::Unknown, words: words.into(), saw: None, lost }
    }
}

/// An operation on a register that all clients share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterOperation {
    /// Reads it.
    Read,
    /// Sets it.
    Write(i64),
    /// Reads and sets it in one transaction that locks.
    Update(i64),
    /// Reads it, then sets it without a lock: what a careless application does.
    CarelessUpdate(i64),
}

/// A connection of a drill.
pub trait Client: Send {
    /// Makes the tables for so many writers and registers, durably, and empties them.
    fn prepare(&mut self, writers: u32, registers: u32) -> Answer<'_, Result<(), EngineError>>;

    /// Does a planned write.
    fn perform<'a>(&'a mut self, action: &'a Action) -> Answer<'a, Told>;

    /// Operates on a shared register.
    fn register(&mut self, key: u32, operation: RegisterOperation) -> Answer<'_, Told>;

    /// Reads back all that the writers wrote.
    fn image(&mut self) -> Answer<'_, Result<Image, EngineError>>;

    /// Sends a command or statement of the lab's; rows as texts, an empty text for NULL.
    fn ask<'a>(&'a mut self, statement: &'a str) -> Answer<'a, Result<Vec<Vec<String>>, EngineError>>;
}

/// Refuses servers whose data lie outside of the marked directory.
fn check_marked(action: &str, reported: &Path, place: &Place) -> Result<(), EngineError> {
    let inside = |directory: &Path| {
        let directory = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        reported.is_absolute() && reported.starts_with(directory)
    };
    if inside(&place.directory) && place.directory.join(MARKER).is_file() {
        return Ok(());
    }
    let detail = format!("{} does not lie in a directory marked as scratch", reported.display());
    Err(EngineError::new(ErrorKind::Privilege, action, detail).hint("Drills change only servers that dbwright started itself."))
}

/// The rows of an image from texts.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis", feature = "sqlite"))]
mod rows {
    use dbwright_model::ledger::{Balance, Held, WriteId};

    use crate::error::{EngineError, ErrorKind};

    fn numbers<const COUNT: usize>(row: &[String]) -> Result<[i64; COUNT], EngineError> {
        let found: Vec<i64> = row.iter().filter_map(|text| text.parse().ok()).collect();
        found
            .try_into()
            .map_err(|_| EngineError::new(ErrorKind::Protocol, "reading back a drill's rows", format!("unexpected row {row:?}")))
    }

    fn id(worker: i64, number: i64) -> WriteId {
        WriteId { worker: u32::try_from(worker).unwrap_or(u32::MAX), number: u32::try_from(number).unwrap_or(u32::MAX) }
    }

    pub(super) fn held(rows: &[Vec<String>]) -> Result<Vec<Held>, EngineError> {
        rows.iter().map(|row| numbers::<3>(row).map(|[worker, number, value]| Held { id: id(worker, number), value })).collect()
    }

    pub(super) fn balances(rows: &[Vec<String>]) -> Result<Vec<Balance>, EngineError> {
        let balance = |[worker, given, taken]: [i64; 3]| Balance { worker: id(worker, 0).worker, given, taken };
        rows.iter().map(|row| numbers::<3>(row).map(balance)).collect()
    }
}

/// The statements that all SQL systems share.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod statements {
    use dbwright_model::ledger::{Action, ActionKind};

    /// Tables in the order of an image's fields.
    pub(super) const TABLES: [&str; 5] = ["dbwright_append", "dbwright_register", "dbwright_debit", "dbwright_credit", "dbwright_balance"];

    /// Makes the tables; `suffix` ends each CREATE TABLE.
    pub(super) fn prepare(writers: u32, registers: u32, suffix: &str) -> Vec<String> {
        let mut script = Vec::new();
        for table in TABLES.iter().chain(&["dbwright_shared"]) {
            script.push(format!("DROP TABLE IF EXISTS {table}"));
        }
        for table in ["dbwright_append", "dbwright_debit", "dbwright_credit"] {
            script.push(format!(
                "CREATE TABLE {table} (worker INTEGER NOT NULL, number INTEGER NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (worker, number)){suffix}"
            ));
        }
        script.push(format!(
            "CREATE TABLE dbwright_register (worker INTEGER NOT NULL PRIMARY KEY, number INTEGER NOT NULL, value BIGINT NOT NULL){suffix}"
        ));
        script.push(format!(
            "CREATE TABLE dbwright_balance (worker INTEGER NOT NULL PRIMARY KEY, given BIGINT NOT NULL, taken BIGINT NOT NULL){suffix}"
        ));
        script.push(format!("CREATE TABLE dbwright_shared (key_id INTEGER NOT NULL PRIMARY KEY, value BIGINT NOT NULL){suffix}"));
        for worker in 0..writers {
            script.push(format!("INSERT INTO dbwright_register VALUES ({worker}, 0, 0)"));
            script.push(format!("INSERT INTO dbwright_balance VALUES ({worker}, 0, 0)"));
        }
        for key in 0..registers {
            script.push(format!("INSERT INTO dbwright_shared VALUES ({key}, 0)"));
        }
        script
    }

    /// A write; a transfer is a transaction that starts with `begin`.
    pub(super) fn perform(action: &Action, begin: &str) -> String {
        let (worker, number, value) = (action.id.worker, action.id.number, action.value);
        match action.kind {
            ActionKind::Append => format!("INSERT INTO dbwright_append VALUES ({worker}, {number}, {value})"),
            ActionKind::Update => {
                format!("UPDATE dbwright_register SET number = {number}, value = {value} WHERE worker = {worker}")
            }
            ActionKind::Transfer => format!(
                "{begin}; INSERT INTO dbwright_debit VALUES ({worker}, {number}, {value}); \
                 UPDATE dbwright_balance SET given = given - {value}, taken = taken + {value} WHERE worker = {worker}; \
                 INSERT INTO dbwright_credit VALUES ({worker}, {number}, {value}); COMMIT"
            ),
        }
    }

    /// Reads a table whole.
    pub(super) fn read(table: &str) -> String {
        format!("SELECT * FROM {table} LIMIT {}", super::MOST_ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_a_marked_directory_is_written_to() {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let address = Address::Socket(root.join("s"));
        let place = Place { directory: root.clone(), address, limit: Duration::from_secs(1) };
        assert!(check_marked("trying", &root.join("data"), &place).is_err(), "no marker");
        std::fs::write(root.join(MARKER), "").unwrap();
        assert!(check_marked("trying", &root.join("data"), &place).is_ok());
        assert!(check_marked("trying", Path::new("/var/lib/postgresql"), &place).is_err());
        assert!(check_marked("trying", Path::new("data"), &place).is_err());
    }
}
