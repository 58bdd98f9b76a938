//! What would bring the data back: backups, archives, drills. A backup that was never restored stays unproved here.

use serde::{Deserialize, Serialize};

use crate::drill::DrillRecord;
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
    /// Where and why the chain of the evidence file breaks; what stands behind is not among the drills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_broken: Option<String>,
    /// How long backups are kept, in the words of what keeps them, e.g. `repo1-retention-full=2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
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
    /// Tool that made it, where recognised: `pgBackRest`, `Barman`, `WAL-G`, `pg_dump`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Version of the server that it was taken from, e.g. `15` or `10.11.6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// The backup that this one needs, for differences and increments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// What is wrong with it: half written, missing files; empty when nothing was seen.
    pub faults: Vec<String>,
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
    /// Tool that the command belongs to, where recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Whether the log that is kept is encrypted, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// Seconds after which a segment is archived though it is not full; none when only full ones are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
    /// What is wrong with the archive that was looked at: gaps, foreign or short segments.
    pub faults: Vec<String>,
}
