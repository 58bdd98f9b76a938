//! What is asked of a database: statements, how often, how long. An average is never called a percentile here.

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::time::Timestamp;

/// The statements that a database answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// Where it comes from.
    pub source: WorkloadSource,
    /// Start of the time that it covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// One entry a fingerprint, most total time first where times are known.
    pub statements: Vec<Statement>,
    /// Fingerprints that the source dropped for lack of room since `since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evicted: Option<u64>,
    /// Largest number of fingerprints that the source keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// Statement texts that the source cut short.
    pub truncated: u64,
    /// Whether the source hides literals.
    pub literals_hidden: bool,
}

/// Where a workload comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadSource {
    /// There is none.
    #[default]
    None,
    /// The engine's statistics view.
    Statistics,
    /// Log files.
    Log,
    /// `workload.sql` of a project, as text.
    File,
    /// `workload.sql` of a project, executed and timed in a scratch server.
    Measured,
}

/// All executions of one statement shape.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Statement {
    /// Canonical fingerprint, 32 hexadecimal digits; empty until computed from `text`.
    pub fingerprint: String,
    /// The engine's own identifier of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_id: Option<String>,
    /// Name given by `-- name:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text, with placeholders where the source hides literals.
    pub text: String,
    /// Texts with real parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Whether the source cut the text short.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Relative frequency given by `-- weight:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Times executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<f64>,
    /// Total execution time, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<f64>,
    /// Longest execution, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<f64>,
    /// Standard deviation of execution times, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation_ms: Option<f64>,
    /// Rows returned or changed, total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<f64>,
    /// Blocks found in cache, total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_hit: Option<f64>,
    /// Blocks read from outside the cache, total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_read: Option<f64>,
    /// Temporary blocks written, total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_blocks: Option<f64>,
    /// Latency distribution, only from real samples or histograms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// The plan: of the slowest sample when there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Role or account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where the text stands, in a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Why the statement could not be run or planned, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Statement {
    /// Mean execution time, ms.
    #[must_use]
    pub fn mean_ms(&self) -> Option<f64> {
        Some(self.total_ms? / self.calls.filter(|calls| *calls > 0.0)?)
    }
}

/// A statement with real parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// Complete text.
    pub text: String,
    /// Parameter values as SQL literals, where given apart from the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
}

/// A latency distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Executions measured.
    pub samples: u64,
    /// Median, ms.
    pub p50_ms: f64,
    /// 95th percentile, ms.
    pub p95_ms: f64,
    /// Lower end of the 95 % confidence interval of the 95th percentile, ms (order statistics).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_low_ms: Option<f64>,
    /// Upper end of the 95 % confidence interval of the 95th percentile, ms; none when there are too few samples
    /// (59 for a one-sided bound, since 0.95^59 < 0.05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_high_ms: Option<f64>,
    /// 99th percentile, ms.
    pub p99_ms: f64,
    /// Longest, ms.
    pub max_ms: f64,
    /// How it was measured: `histogram`, `log`, `scratch, closed loop`, `scratch, open loop at 50/s`, …
    pub method: String,
    /// Counts per bucket for charts: upper bound in ms and number of executions; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<(f64, u64)>,
}

/// A place in a file of a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Path relative to the project directory, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}
