//! How to collect. The clock and the run's name come in from outside.

use std::time::Duration;

use dbwright_model::Timestamp;

/// Options of one collection.
#[derive(Debug, Clone)]
pub struct CollectOptions {
    /// The time of collecting.
    pub now: Timestamp,
    /// Application name shown to the server: `dbwright` and the run's id.
    pub application: String,
    /// Limit for one statement on the server.
    pub statement_timeout: Duration,
    /// Limit for waiting on a lock.
    pub lock_timeout: Duration,
    /// Limit for opening a connection.
    pub connect_timeout: Duration,
    /// Whether rows may be read (value profiles, orphan counts, uniqueness): costs time on the server.
    pub read_rows: ReadRows,
    /// Whether a password may be asked for on the terminal.
    pub prompt: bool,
    /// Whether the server may plan (never execute) the costliest statements of its workload.
    pub explain: bool,
    /// Whether to read all that the planner knows, for building a ghost from the facts: makes them several times as large.
    pub blueprint: bool,
}

/// How far rows may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadRows {
    /// Not at all: catalog and statistics only.
    Never,
    /// At most so many rows of a table.
    Sample(u64),
    /// All rows.
    All,
}

impl CollectOptions {
    /// Defaults of a production review at a given time: 5 s a statement, 500 ms a lock, 10 s to connect, no rows read.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            application: "dbwright".to_owned(),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            read_rows: ReadRows::Never,
            prompt: false,
            explain: true,
            blueprint: false,
        }
    }
}
