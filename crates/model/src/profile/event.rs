//! What else a server logs, and what sessions wait for. Messages are kept in a form without numbers and literals, with
//! one example of each; never all of them.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The server stopped itself or was stopped by a fault.
    Panic,
    /// A session ended by an error.
    Fatal,
    /// A statement failed.
    Error,
    /// Two transactions waited for each other.
    Deadlock,
    /// A session waited long for a lock.
    LockWait,
    /// A statement was cancelled: by a limit or a user.
    Cancel,
    /// Work went to a temporary file.
    TemporaryFile,
    /// A checkpoint.
    Checkpoint,
    /// Automatic vacuum of a table.
    Autovacuum,
    /// Automatic analyze of a table.
    Autoanalyze,
    /// A client came.
    Connection,
    /// A client went; durations are those of its session.
    Disconnection,
    /// A warning.
    Warning,
    /// The server started, stopped or recovered.
    Lifecycle,
    /// Anything else.
    #[default]
    Other,
}

impl EventKind {
    /// The identifier used in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Deadlock => "deadlock",
            Self::LockWait => "lock-wait",
            Self::Cancel => "cancel",
            Self::TemporaryFile => "temporary-file",
            Self::Checkpoint => "checkpoint",
            Self::Autovacuum => "autovacuum",
            Self::Autoanalyze => "autoanalyze",
            Self::Connection => "connection",
            Self::Disconnection => "disconnection",
            Self::Warning => "warning",
            Self::Lifecycle => "lifecycle",
            Self::Other => "other",
        }
    }
}

/// Events of one kind that read alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EventGroup {
    /// The kind.
    pub kind: EventKind,
    /// What they have in common: the message without its numbers and names, or the table, or the user and database.
    pub subject: String,
    /// SQLSTATE or the engine's number of the error, where logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many.
    pub count: u64,
    /// Durations named in them, µs; 0 when none are.
    pub total_us: u64,
    /// Longest such duration, µs.
    pub max_us: u64,
    /// Bytes named in them.
    pub bytes: u64,
    /// First time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// One message in full, cut at a bound.
    pub example: String,
    /// What the message adds: detail, hint, context, cut at a bound.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Fingerprint of the statement of the example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// Sampled waits of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WaitGroup {
    /// Class, as the engine names it, e.g. `Lock`, `IO`; `CPU` when a session worked without waiting.
    pub class: String,
    /// Event, as the engine names it.
    pub event: String,
    /// Samples in which a session waited so.
    pub samples: u64,
    /// Fingerprint of the statement that waited, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Who blocked whom, as text, for the longest chain seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
}
