//! Numbers that say what they are: value, unit, exactness and source. A number shown to a user is never bare.

use serde::{Deserialize, Serialize};

/// Units of measure; times are milliseconds unless the unit says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Rows of a table or records of a collection.
    Rows,
    /// A plain count of things.
    Count,
    /// Milliseconds.
    Ms,
    /// Seconds.
    Seconds,
    /// Days.
    Days,
    /// A share between 0 and 1.
    Share,
    /// A ratio of two numbers of one unit; may exceed 1.
    Ratio,
    /// Planner cost units of the engine.
    Cost,
    /// Calls of a statement.
    Calls,
    /// Database pages.
    Pages,
    /// Events per second.
    PerSecond,
}

impl Unit {
    /// The unit as it is written behind a value.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Rows => "rows",
            Self::Count => "",
            Self::Ms => "ms",
            Self::Seconds => "s",
            Self::Days => "days",
            Self::Share => "share",
            Self::Ratio => "×",
            Self::Cost => "cost",
            Self::Calls => "calls",
            Self::Pages => "pages",
            Self::PerSecond => "/s",
        }
    }
}

/// Whether a number was measured or estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exactness {
    /// Counted or measured: exact at the time of reading.
    Measured,
    /// From a sample, a statistic or a model.
    Estimated,
}

/// A number with its exactness and source. Its unit is fixed by the field that holds it and named there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The value, in the unit that the field's documentation names.
    pub value: f64,
    /// Measured or estimated.
    pub exactness: Exactness,
    /// Lower end of the interval, where an estimate has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the interval, where an estimate has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Where it comes from: a catalog view and column, a file, a method.
    pub source: String,
}

impl Quantity {
    /// A measured number.
    #[must_use]
    pub fn measured(value: f64, source: impl Into<String>) -> Self {
        Self { value, exactness: Exactness::Measured, low: None, high: None, source: source.into() }
    }

    /// An estimate without interval.
    #[must_use]
    pub fn estimated(value: f64, source: impl Into<String>) -> Self {
        Self { value, exactness: Exactness::Estimated, low: None, high: None, source: source.into() }
    }

    /// An estimate between two bounds.
    #[must_use]
    pub fn between(low: f64, value: f64, high: f64, source: impl Into<String>) -> Self {
        Self { value, exactness: Exactness::Estimated, low: Some(low), high: Some(high), source: source.into() }
    }
}
