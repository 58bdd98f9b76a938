//! How far the numbers of a column or sequence are used up, and how long the rest lasts. It never makes up a rate.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, Finding, Unit};

use super::shared::inserts_a_day;
use crate::context::Context;

/// Use of a range of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NumberUse {
    /// The last number given out, or the largest seen.
    pub last: f64,
    /// The largest that there is.
    pub limit: f64,
    source: &'static str,
}

/// Of a column: from the table's counter, the sequence that feeds it, or the values read.
pub(crate) fn of_column(context: &Context<'_>, table: &Collection, column: &str) -> Option<NumberUse> {
    let field = table.field(column)?;
    let by_counter = table.storage.counter.as_ref().filter(|counter| counter.column == column && counter.limit > 0.0);
    if let Some(counter) = by_counter {
        return Some(NumberUse { last: counter.last, limit: counter.limit, source: "counter of the table" });
    }
    let largest = largest(field.type_bytes?, field.unsigned);
    // Columns that nothing numbers are filled by people or programs: what they hold says nothing of a rate.
    if !field.identity && field.default.is_none() {
        return None;
    }
    let mut sequences = context.facts.catalog.sequences.iter();
    let owned = |owner: &(dbwright_model::ObjectName, String)| owner.0 == table.name && owner.1 == column;
    if let Some(sequence) = sequences.find(|sequence| sequence.owned_by.as_ref().is_some_and(owned)) {
        return Some(NumberUse { last: sequence.last?, limit: sequence.limit.min(largest), source: "last value of the sequence" });
    }
    let (_, highest) = field.values.as_ref()?.integer_range?;
    Some(NumberUse { last: highest as f64, limit: largest, source: "rows read" })
}

/// The largest number of an integer type.
pub(crate) fn largest(bytes: u32, unsigned: bool) -> f64 {
    let bits = (bytes * 8).clamp(8, 64) - u32::from(!unsigned);
    2_f64.powi(i32::try_from(bits).unwrap_or(63)) - 1.0
}

impl NumberUse {
    /// Of a sequence or counter whose last number and limit are known.
    pub(crate) fn new(last: f64, limit: f64, source: &'static str) -> Self {
        Self { last, limit, source }
    }

    /// Share used, 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        if self.limit > 0.0 { self.last / self.limit } else { 0.0 }
    }

    /// Days that the rest lasts at the rate of inserts since the statistics were reset; none when no rate is known or
    /// nothing was inserted.
    pub(crate) fn days_left(&self, context: &Context<'_>, table: &Collection) -> Option<f64> {
        let rate = inserts_a_day(context, table).filter(|rate| *rate > 0.0)?;
        Some(((self.limit - self.last) / rate).max(0.0))
    }

    /// Adds the numbers to a finding.
    pub(crate) fn evidence(&self, finding: Finding, days: Option<f64>) -> Finding {
        let finding = finding
            .evidence(Evidence::measured("last number", self.last, Unit::Count, self.source))
            .evidence(Evidence::measured("largest number", self.limit, Unit::Count, "type and sequence"));
        match days {
            Some(days) => {
                finding.evidence(Evidence::estimated("days left", days, Unit::Days, "rows inserted since the statistics were reset"))
            }
            None => finding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_hold_what_manuals_say() {
        assert_eq!([largest(2, false), largest(4, false), largest(4, true)], [32_767.0, 2_147_483_647.0, 4_294_967_295.0]);
    }
}
