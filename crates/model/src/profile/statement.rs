//! Statements of a profile. A percentile comes from a histogram of single durations or is absent; it never comes from an
//! average.

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::time::Timestamp;
use crate::workload::Latency;

/// All executions of one statement shape in a profile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StatementProfile {
    /// Canonical fingerprint, 32 hexadecimal digits.
    pub fingerprint: String,
    /// Text with `?` for literals.
    pub text: String,
    /// Some text was cut by the server or the log.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// `select`, `insert`, `update`, `delete`, `merge`, `ddl`, `transaction`, `utility`, `other`.
    pub kind: String,
    /// Tables touched.
    pub tables: Vec<String>,
    /// Executions.
    pub calls: u64,
    /// Executions whose duration is known.
    pub timed_calls: u64,
    /// Their durations, µs.
    pub total_us: u64,
    /// Shortest, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_us: Option<u64>,
    /// Longest, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_us: Option<u64>,
    /// Standard deviation of durations, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation_us: Option<f64>,
    /// Share of the total duration of all statements, 0 to 1.
    pub share: f64,
    /// Share of this and all statements before it, 0 to 1.
    pub cumulative_share: f64,
    /// Percentiles, from single durations; with the histogram's buckets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Durations of parsing and of binding, µs, where the log tells them apart; not part of `total_us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preparing_us: Option<u64>,
    /// Rows returned or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Rows examined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_examined: Option<u64>,
    /// Time waited for locks, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_us: Option<u64>,
    /// Bytes of temporary files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporary_bytes: Option<u64>,
    /// Blocks found in cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_hit: Option<u64>,
    /// Blocks read from outside the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_read: Option<u64>,
    /// CPU time, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_us: Option<u64>,
    /// Executions without index, where the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_without_index: Option<u64>,
    /// Times that it ended in an error.
    pub errors: u64,
    /// When it ran first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When it ran last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Calls over time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
    /// Width of `slots`, seconds.
    pub slot_seconds: u32,
    /// The slowest calls and a typical one, with their parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Plans that were logged, most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlanGroup>,
    /// Runs of calls one after the other within a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition: Option<Repetition>,
    /// By whom; most calls first. Sampled where `limits` says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Count>,
    /// In which databases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<Count>,
    /// By which applications.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<Count>,
    /// Executions that may be missing, since the statement had lost its room for a while; 0 when the count is exact.
    pub calls_missing_at_most: u64,
    /// The engine's own identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_id: Option<String>,
}

impl StatementProfile {
    /// Mean duration, µs.
    #[must_use]
    pub fn mean_us(&self) -> Option<f64> {
        (self.timed_calls > 0).then(|| self.total_us as f64 / self.timed_calls as f64)
    }
}

/// A name with a number of calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Count {
    /// The name.
    pub name: String,
    /// Calls.
    pub calls: u64,
}

/// Calls of a statement within a slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// Beginning.
    pub at: Timestamp,
    /// Calls.
    pub calls: u64,
    /// Their durations, µs.
    pub total_us: u64,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Example {
    /// Complete text, cut at a bound.
    pub text: String,
    /// Parameter values as the log has them, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// Duration, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<u64>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// In which database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// Executions with one plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanGroup {
    /// Names the plan by its nodes, tables and indexes: equal for equal shapes.
    pub shape: String,
    /// Executions logged with it.
    pub calls: u64,
    /// Their durations, µs.
    pub total_us: u64,
    /// Longest, µs.
    pub max_us: u64,
    /// First time seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Last time seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The plan of the slowest execution.
    pub plan: Plan,
}

/// Runs of one statement within a session, nothing else between.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Repetition {
    /// Runs of at least ten calls.
    pub runs: u64,
    /// Calls in them.
    pub calls: u64,
    /// The longest run.
    pub longest: u64,
    /// Time that those calls took, µs.
    pub total_us: u64,
    /// Fingerprint of the statement before most of these runs, where that is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
