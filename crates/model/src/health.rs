//! How the server is doing: connections, caches, errors, settings. It never judges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;
use crate::time::Timestamp;

/// A configuration setting.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Value in force, in the engine's base unit.
    pub value: String,
    /// The unit, as the engine names it (`8kB`, `ms`), where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Where it was set (`default`, `configuration file`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Whether the value waits for a restart.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pending_restart: bool,
}

/// The state of the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// When the server started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the cumulative statistics were last reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistics_since: Option<Timestamp>,
    /// Connections open, and the most allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<Usage>,
    /// Share of block reads answered from the server's cache, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_hit_share: Option<Quantity>,
    /// Deadlocks since `statistics_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadlocks: Option<u64>,
    /// Bytes of temporary files since `statistics_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporary_bytes: Option<f64>,
    /// Checkpoints or flushes: by schedule and on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<(u64, u64)>,
    /// Pages found corrupt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupt_pages: Option<u64>,
    /// Result of an integrity check that was run read-only: the messages, empty when clean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity_check: Option<Vec<String>>,
    /// Oldest open transaction, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_transaction_seconds: Option<f64>,
    /// Age of the oldest unfrozen transaction id in the database, and the limit at which writes stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_age: Option<Usage>,
    /// Sessions that wait for locks, with the blocker, in words.
    pub blocked: Vec<String>,
    /// Disk of the data directory, bytes used and total, where visible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<Usage>,
    /// Memory used and the most allowed, bytes (in-memory engines).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Usage>,
    /// Collation versions recorded and provided, where they differ: object, recorded, provided.
    pub collation_mismatches: Vec<(String, String, String)>,
    /// Prepared (two-phase) transactions waiting: identifier and age in seconds.
    pub prepared_transactions: Vec<(String, f64)>,
    /// Further numbers in the engine's own words.
    pub counters: BTreeMap<String, f64>,
    /// Further texts in the engine's own words.
    pub notes: BTreeMap<String, String>,
}

/// An amount used of an amount there is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Used.
    pub used: f64,
    /// Limit.
    pub limit: f64,
}

impl Usage {
    /// Share used, 0 to 1 and above.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.limit > 0.0 { self.used / self.limit } else { 0.0 }
    }
}
