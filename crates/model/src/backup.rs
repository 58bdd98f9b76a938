//! What would bring the data back: backups, archives, drills. A backup that was never restored stays unproved here.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What is known of backup and recovery.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Backups {
    /// Backups found, newest first.
    pub backups: Vec<Backup>,
    /// Continuous archiving, where the engine has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archiving: Option<Archiving>,
    /// Records of drills, newest first.
    pub drills: Vec<DrillRecord>,
    /// Durability settings in force, `name=value`, those that decide whether an acknowledged commit survives.
    pub durability: Vec<(String, String)>,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Backup {
    /// Kind: `base backup`, `dump`, `snapshot`, `rdb`, …
    pub kind: String,
    /// Where it lies.
    pub location: String,
    /// When it was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// Size, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<f64>,
    /// Encrypted, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// What it does not hold: roles, grants, settings, …
    pub lacks: Vec<String>,
}

/// State of continuous archiving.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Archiving {
    /// Switched on.
    pub enabled: bool,
    /// The command or library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Segments archived since the counters were reset.
    pub archived: u64,
    /// Failures since the counters were reset.
    pub failed: u64,
    /// Last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_archived: Option<Timestamp>,
    /// Last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failed: Option<Timestamp>,
}

/// The record of a drill, as the drill wrote it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DrillRecord {
    /// `restore`, `point-in-time`, `crash`, `failover`.
    pub drill: String,
    /// When it ended.
    pub at: Timestamp,
    /// What was drilled: engine, name and identity of the source.
    pub subject: String,
    /// Whether all that it checks held.
    pub passed: bool,
    /// Time from start to the first validated query, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_seconds: Option<f64>,
    /// Acknowledged writes, and those of them that were lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<(u64, u64)>,
    /// Faults injected (kills, cuts); 0 losses in n bound the rate at about 3/n with 95 %.
    pub faults: u64,
    /// Differences found between source and copy.
    pub differences: Vec<String>,
    /// Hash of this record, over the record with this field empty; hexadecimal.
    pub hash: String,
    /// Hash of the record before.
    pub previous: String,
}
