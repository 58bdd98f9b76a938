//! The digest of a source of workload: log files, statistics views, samples of what sessions do. Counts and times are
//! exact integers unless a field says otherwise. It never holds a whole log, only what fits a bounded room.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::time::Timestamp;

pub mod access;
pub mod event;
pub mod statement;
pub mod timeline;

pub use access::{KeySkew, KeyValue, Phrase, TransactionShape};
pub use event::{EventGroup, EventKind, WaitGroup};
pub use statement::{Count, Example, PlanGroup, Repetition, Slot, StatementProfile};
pub use timeline::{Timeline, TimelineSlot, Week};

/// The `schema` member of a profile as JSON.
pub const PROFILE_SCHEMA: &str = "dbwright.profile/1";

/// What was asked of a database during a time, how long it took, and what else happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Always [`PROFILE_SCHEMA`].
    pub schema: String,
    /// The engine whose statements these are.
    pub engine: Engine,
    /// What was read, in order of time.
    pub sources: Vec<Source>,
    /// Time of the earliest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Time of the latest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Sums over everything that was understood.
    pub totals: Totals,
    /// One entry a fingerprint, most total time first.
    pub statements: Vec<StatementProfile>,
    /// Calls and times over time.
    pub timeline: Timeline,
    /// Calls and times by hour of the week, UTC.
    pub week: Week,
    /// Errors, locks, checkpoints and the like, grouped; most frequent first within a kind.
    pub events: Vec<EventGroup>,
    /// What sessions waited for, where that was sampled.
    pub waits: Vec<WaitGroup>,
    /// Transactions by the statements in them, most frequent first.
    pub transactions: Vec<TransactionShape>,
    /// Values that statements ask for, by statement and place.
    pub keys: Vec<KeySkew>,
    /// What the numbers can't say: sketches with their error, fields that the source lacks. One sentence each.
    pub limits: Vec<String>,
}

impl Default for Profile {
    fn default() -> Self {
        Self::empty(Engine::Postgresql)
    }
}

impl Profile {
    /// A profile of nothing.
    #[must_use]
    pub fn empty(engine: Engine) -> Self {
        Self {
            schema: PROFILE_SCHEMA.to_owned(),
            engine,
            sources: Vec::new(),
            since: None,
            until: None,
            totals: Totals::default(),
            statements: Vec::new(),
            timeline: Timeline::default(),
            week: Week::default(),
            events: Vec::new(),
            waits: Vec::new(),
            transactions: Vec::new(),
            keys: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// The statement of a fingerprint.
    #[must_use]
    pub fn statement(&self, fingerprint: &str) -> Option<&StatementProfile> {
        self.statements.iter().find(|statement| statement.fingerprint == fingerprint)
    }

    /// Length of the time covered, seconds; none when there is no time at all.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        Some((self.until?.0 - self.since?.0) as f64 / 1e6)
    }
}

/// Sums of a profile. `calls`, `timed_calls` and `total_us` are exact, whatever the number of fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Executions.
    pub calls: u64,
    /// Executions whose duration is known.
    pub timed_calls: u64,
    /// Their durations, µs.
    pub total_us: u64,
    /// Entries of level error and worse.
    pub errors: u64,
    /// Different fingerprints kept.
    pub statements: u64,
    /// Executions of fingerprints that found no room.
    pub calls_without_room: u64,
    /// Their durations, µs.
    pub us_without_room: u64,
    /// Sessions seen.
    pub sessions: u64,
}

/// A file or view that was read, and how far it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// Path or name as given; `-` for standard input.
    pub name: String,
    /// The form that was recognised, e.g. `postgresql stderr log`.
    pub format: String,
    /// How it was told apart, e.g. the `log_line_prefix` that the lines have.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Those of entries that were understood.
    pub bytes_understood: u64,
    /// Entries understood.
    pub entries: u64,
    /// Lines that belong to no entry that was understood.
    pub lines_not_understood: u64,
    /// The first such lines, cut.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples_not_understood: Vec<String>,
    /// Entries of another time than asked for.
    pub entries_outside: u64,
    /// Time of the earliest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Time of the latest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Times that the clock went back by more than a second.
    pub clock_steps_back: u64,
    /// Time within the covered one about which nothing can be said, µs: unreadable stretches between two times.
    pub us_not_understood: u64,
    /// What went wrong: cut short, vanished, damaged archive. One sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<String>,
}

impl Source {
    /// Share of the bytes that was understood, 0 to 1; 1 for an empty source.
    #[must_use]
    pub fn share_understood(&self) -> f64 {
        if self.bytes == 0 { 1.0 } else { self.bytes_understood as f64 / self.bytes as f64 }
    }
}
