//! What a log shows of access beyond single statements: transactions, and how unevenly keys are asked for. It never holds
//! every key: a sketch keeps the heavy ones and says its error.

use serde::{Deserialize, Serialize};

/// Transactions of equal statements between begin and end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TransactionShape {
    /// The statements in order; repetitions folded.
    pub phrases: Vec<Phrase>,
    /// Transactions of this shape.
    pub count: u64,
    /// Those that were rolled back.
    pub rolled_back: u64,
    /// Time from begin to end, µs, over all.
    pub total_us: u64,
    /// The longest, µs.
    pub max_us: u64,
    /// Time of that in statements, µs: the rest was spent by the client while locks were held.
    pub statements_us: u64,
}

/// A statement of a transaction's shape.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phrase {
    /// Fingerprint.
    pub fingerprint: String,
    /// It came several times in a row.
    pub repeated: bool,
}

/// How unevenly the values at one place of a statement are asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeySkew {
    /// Fingerprint of the statement.
    pub fingerprint: String,
    /// The place: number of the literal or parameter in the text, from 1.
    pub place: u32,
    /// The table whose column is compared, where the text tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// That column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Calls looked at.
    pub samples: u64,
    /// Calls of the statement that these stand for.
    pub calls: u64,
    /// The heaviest values, heaviest first.
    pub heaviest: Vec<KeyValue>,
    /// Different values, estimated.
    pub distinct: u64,
    /// A value that is not listed has at most this many of the samples.
    pub unlisted_at_most: u64,
    /// Exponent of the Zipf law that fits best, where there are enough values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponent: Option<f64>,
    /// 95 % confidence interval of the exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponent_interval: Option<(f64, f64)>,
}

/// A value and how often it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValue {
    /// The value as written; a hash where it was made anonymous.
    pub value: String,
    /// Samples with it: never less than the truth.
    pub samples: u64,
    /// By how many samples that can be too high.
    pub too_high_by_at_most: u64,
}
