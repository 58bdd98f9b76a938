//! Load over time. Times are UTC; a log without a time zone is read in the zone that the reader was told, never guessed.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Load in slots of equal width.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeline {
    /// Width of a slot, seconds.
    pub slot_seconds: u32,
    /// Slots with anything in them, in order of time.
    pub slots: Vec<TimelineSlot>,
}

/// Load of a slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelineSlot {
    /// Beginning.
    pub at: Timestamp,
    /// Statements that ended in it.
    pub calls: u64,
    /// Those of them that write.
    pub writes: u64,
    /// Their durations, µs.
    pub total_us: u64,
    /// Longest, µs.
    pub max_us: u64,
    /// 95th percentile of durations, µs, within 7 %; none without durations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_us: Option<u64>,
    /// Errors.
    pub errors: u64,
    /// Connections opened.
    pub connections: u64,
}

/// Load by hour of the week, UTC: seven days from Monday, 24 hours each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Week {
    /// Statements that read.
    pub reads: [[u64; 24]; 7],
    /// Statements that write.
    pub writes: [[u64; 24]; 7],
    /// Durations, µs.
    pub total_us: [[u64; 24]; 7],
}
