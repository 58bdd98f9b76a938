//! What a drill's writers asked of a database, what they were told, and what the database holds afterwards. Plain values:
//! `analysis::ledger` plans and judges, the lab writes them down outside the database.

use serde::{Deserialize, Serialize};

/// One write of one writer. No two attempts share worker and number: an ambiguous write is never tried again under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WriteId {
    /// The writer.
    pub worker: u32,
    /// Its how many-th write, from 1.
    pub number: u32,
}

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// Adds a row with a key of its own.
    Append,
    /// Sets the writer's register to this write's number and value.
    Update,
    /// Moves an amount between the writer's two accounts: two rows and two balances, all or nothing.
    Transfer,
}

/// A planned write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its name.
    pub id: WriteId,
    /// What it does.
    pub kind: ActionKind,
    /// The value appended, set or moved; above 0, and hardly ever the same for two writes.
    pub value: i64,
}

/// What became of an attempt, as far as the writer was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The database said that it was done.
    Acknowledged,
    /// The database said that it was not done.
    Refused,
    /// No answer, or one that promises nothing: it may be there or not.
    Unknown,
}

/// A line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The write.
    pub id: WriteId,
    /// None when it is about to be sent, else what became of it.
    pub outcome: Option<Outcome>,
    /// Time since the drill began, µs.
    pub at_us: u64,
}

/// A row of a writer: name and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// The write that made it, by its own account.
    pub id: WriteId,
    /// Its value.
    pub value: i64,
}

/// The two balances of a writer's accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The writer.
    pub worker: u32,
    /// What it gave away: 0 less all that its transfers moved.
    pub given: i64,
    /// What it got.
    pub taken: i64,
}

/// What the database holds afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Image {
    /// Rows appended.
    pub appends: Vec<Held>,
    /// Registers, one a writer; number 0 when it was never set.
    pub registers: Vec<Held>,
    /// Rows of the giving side of transfers.
    pub debits: Vec<Held>,
    /// Rows of the taking side.
    pub credits: Vec<Held>,
    /// Balances, one a writer.
    pub balances: Vec<Balance>,
}
