//! The log of operations on shared registers, as clients saw them: JSON lines, the first of which is a [`Header`], each
//! further one an [`Event`]. Times are of one clock, the drill's own, so that "before" means before.
//!
//! ```json
//! {"schema":"dbwright.history/1","engine":"postgresql","seed":7}
//! {"at_us":1200,"process":0,"type":"invoke","op":"write","key":2,"value":5}
//! {"at_us":1900,"process":0,"type":"ok","op":"write","key":2,"value":5}
//! ```
//!
//! A process has at most one operation under way. `invoke` is followed by `ok` (done), `fail` (not done) or `unknown` (it
//! may have been done, now or at any later time); after `unknown` the process takes a new number. Reading: `read` gets its
//! value with `ok`. `update` reads and then writes depending on it: with `ok` it says `read`, what it saw, and `value`, what
//! it wrote. No two writes of a key use the same value; 0 is the value before all of them.

use serde::{Deserialize, Serialize};

/// The `schema` member of a history's first line.
pub const HISTORY_SCHEMA: &str = "dbwright.history/1";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always [`HISTORY_SCHEMA`].
    pub schema: String,
    /// Identifier of the engine.
    pub engine: String,
    /// Seed of the operations.
    pub seed: u64,
}

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// It is about to be sent.
    Invoke,
    /// It was done.
    Ok,
    /// It was not done.
    Fail,
    /// It may have been done.
    Unknown,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Reads a register.
    Read,
    /// Sets a register.
    Write,
    /// Reads a register and sets it in one transaction.
    Update,
}

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Time since the drill began, µs.
    pub at_us: u64,
    /// The client.
    pub process: u32,
    /// What happens to it.
    #[serde(rename = "type")]
    pub moment: Moment,
    /// The operation.
    #[serde(rename = "op")]
    pub function: Function,
    /// The register.
    pub key: u32,
    /// Value written, or read by a `read` that is `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// Value that an `update` saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<i64>,
}
