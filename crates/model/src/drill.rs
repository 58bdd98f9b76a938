//! The record of a drill: what was broken or restored, what was seen afterwards, and what the drill's own checks caught
//! when they were lied to. One value for all drills; the evidence file, the gates and the reports read nothing else. It
//! never holds a row's value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::gate::Verdict;
use crate::time::Timestamp;

/// The `schema` member of a record.
pub const DRILL_SCHEMA: &str = "dbwright.drill/1";

/// The record of a drill, as the drill wrote it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DrillRecord {
    /// [`DRILL_SCHEMA`]; empty in records that people wrote.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub schema: String,
    /// `restore`, `point-in-time`, `crash`, `failover`.
    pub drill: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    pub at: Timestamp,
    /// What was drilled: engine, name and identity of the source.
    pub subject: String,
    /// Engine of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Identity of the source that survives renaming, as in [`crate::facts::TargetFacts::identity`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Who drilled, on which machine, with which dbwright.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Performer>,
    /// Versions by what they are of: `source`, `scratch`, `pg_dump`, …
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, String>,
    /// Settings that the drill ran with and that decide its outcome, e.g. `fsync`, `appendfsync`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Seed of everything random in it: the same seed makes the same choices again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The backup that was restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupUsed>,
    /// What it went through, in order of their start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// Whether all that it checks held, and nothing that it must check was left unchecked.
    pub passed: bool,
    /// What it looked at, each with its outcome.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<DrillCheck>,
    /// Time from start to the first validated query, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_seconds: Option<f64>,
    /// Bytes of data that were brought back in that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered_bytes: Option<f64>,
    /// Bytes of data that the source holds, when they differ from what the drill brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_bytes: Option<f64>,
    /// Acknowledged writes, and those of them that were lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<(u64, u64)>,
    /// Faults injected (kills, cuts); 0 losses in n bound the rate at about 3/n with 95 %.
    pub faults: u64,
    /// What else was counted, by name: `rows`, `tables`, `pages`, `phantom`, `torn`, `unknown`, `never-attempted`, …
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Loss and downtime, one entry a fault and setting.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<FaultOutcome>,
    /// Differences found between source and copy, or other reasons why it failed.
    pub differences: Vec<String>,
    /// What it could not check, with the reason. Not empty: the drill does not pass, even if nothing failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
    /// Remarks that change no verdict: unlogged tables are empty by design, sequences stand ahead, …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Faults planted to try the drill's own checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// BLAKE3 of this record as JSON with sorted keys and this field empty; hexadecimal.
    pub hash: String,
    /// Hash of the record before; empty in the first of a file.
    pub previous: String,
}

impl DrillRecord {
    /// Its verdict: undecided when nothing failed but something could not be checked.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.passed {
            true => Verdict::Pass,
            false if self.differences.is_empty() && !self.undecided.is_empty() => Verdict::Undecided,
            false => Verdict::Fail,
        }
    }

    /// Planted faults that its checks did not notice: each makes the whole drill worthless.
    pub fn missed_controls(&self) -> impl Iterator<Item = &Control> {
        self.controls.iter().filter(|control| control.detected == Some(false))
    }
}

/// Who drilled.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Performer {
    /// Program and version.
    pub tool: String,
    /// Account on the machine.
    pub user: String,
    /// The machine's name.
    pub machine: String,
}

/// The backup that a drill restored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupUsed {
    /// Kind: `base backup`, `dump`, `file copy`, `rdb`, `aof`.
    pub kind: String,
    /// Where it lies; `made by this drill` when the drill took it itself.
    pub location: String,
    /// When it was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// Its size, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<f64>,
    /// BLAKE3 of its names and contents; hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A stretch of a drill.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phase {
    /// Its name: `backup`, `verify`, `restore`, `start`, `compare`, …
    pub phase: String,
    /// Its start after the drill's, seconds.
    pub from_seconds: f64,
    /// How long it took, seconds.
    pub seconds: f64,
    /// Bytes that went through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<f64>,
    /// Whether it belongs to the time to recover.
    pub recovery: bool,
    /// What was done, in a few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Something that a drill looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillCheck {
    /// What: `manifest`, `page checksums`, `rows`, `grants`, …
    pub check: String,
    /// Outcome.
    pub verdict: Verdict,
    /// Numbers and methods, or why it is undecided.
    #[serde(default)]
    pub detail: String,
}

/// Loss and downtime under one fault and setting, over all its runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultOutcome {
    /// The fault: `kill`, `power cut`, `freeze`, `link down`, …
    pub fault: String,
    /// The setting it was met with: `synchronous_commit=on`, `appendfsync=always`, …
    pub setting: String,
    /// Whether that setting promises to keep what was acknowledged: if not, loss is expected and fails nothing.
    pub durable: bool,
    /// How often it was injected.
    pub runs: u64,
    /// Writes acknowledged.
    pub acknowledged: u64,
    /// Writes whose outcome the client does not know: neither lost nor kept.
    pub unknown: u64,
    /// Acknowledged and missing afterwards.
    pub lost: u64,
    /// Present and never attempted.
    pub never_attempted: u64,
    /// Transactions of which a part is there.
    pub torn: u64,
    /// Values that no write could have made.
    pub phantom: u64,
    /// Acknowledged by a side that was given up.
    pub doomed: u64,
    /// Age of the oldest lost acknowledgement at the fault, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_lost_ms: Option<f64>,
    /// Downtime as clients saw it, the longest of all runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime: Option<Downtime>,
    /// Remarks on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Downtime as clients saw it: last acknowledgement before to first after, and its parts; seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Downtime {
    /// From the last acknowledgement before the fault to the first after it.
    pub total: f64,
    /// Until the fault was noticed.
    pub detect: f64,
    /// Until it was decided what to do.
    pub decide: f64,
    /// Until the new primary took writes, or the old one had recovered.
    pub promote: f64,
    /// Until clients had found it.
    pub reconnect: f64,
}

/// A fault planted to see whether the drill's own checks notice it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Control {
    /// The fault: `a row changed`, `fsync off`, …
    pub fault: String,
    /// Whether the drill turned red; none when it could not be tried here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<bool>,
    /// What noticed it, or why it could not be tried.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_checked_does_not_pass_and_does_not_fail() {
        let record = DrillRecord { undecided: vec!["power cut not tested".into()], ..DrillRecord::default() };
        assert_eq!(record.verdict(), Verdict::Undecided);
        let failed = DrillRecord { differences: vec!["3 rows less".into()], ..record.clone() };
        assert_eq!(failed.verdict(), Verdict::Fail);
        assert_eq!(DrillRecord { passed: true, ..DrillRecord::default() }.verdict(), Verdict::Pass);
    }
}
