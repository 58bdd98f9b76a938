//! What the selection has to decide on, in numbers alone. It never knows names, texts or engines.

/// The candidates, the statements and what writing costs.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// The candidates.
    pub candidates: Vec<Item>,
    /// The statements that could gain.
    pub statements: Vec<Asker>,
    /// What writes cost under a set.
    pub writes: Vec<TableWrites>,
}

/// A candidate, as the selection sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Bytes on disk.
    pub bytes: f64,
    /// Its table, a number.
    pub table: usize,
}

/// A statement, as the selection sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asker {
    /// How often it runs; costs are multiplied by it.
    pub weight: f64,
    /// The candidates that it could use, each with the one that stands for it.
    pub relevant: Vec<Relevant>,
}

/// A candidate that a statement could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relevant {
    /// The candidate.
    pub candidate: usize,
    /// The position in [`Asker::relevant`] of the smallest candidate that serves the statement in the same way: itself, or
    /// one with the same leading columns as far as this statement cares.
    pub stands_for: usize,
}

/// What writes of one table cost, in the planner's units, over the whole workload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableWrites {
    /// The table.
    pub table: usize,
    /// Per candidate of the table: its own upkeep, whatever else is chosen.
    pub upkeep: Vec<(usize, f64)>,
    /// Updates that stay on their page as long as no index holds a column that they change.
    pub updates: Vec<HotUpdate>,
}

/// An update that leaves indexes alone as long as none of some candidates exists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HotUpdate {
    /// Candidates that hold a changed column.
    pub touched: Vec<usize>,
    /// Cost of entries in the indexes that exist already, once one of `touched` is there.
    pub existing: f64,
    /// Cost of an entry in each candidate of the table, once one of `touched` is there.
    pub each: Vec<(usize, f64)>,
}

impl Problem {
    /// What writes cost with these candidates; `chosen` says of each whether it is there.
    #[must_use]
    pub fn write_cost(&self, chosen: &[bool]) -> f64 {
        self.writes.iter().map(|table| table.cost(chosen)).sum()
    }
}

impl TableWrites {
    /// What writes of the table cost with these candidates.
    #[must_use]
    pub fn cost(&self, chosen: &[bool]) -> f64 {
        let sum = |costs: &[(usize, f64)]| -> f64 { costs.iter().filter(|(at, _)| chosen[*at]).map(|(_, cost)| cost).sum() };
        let lost = |update: &&HotUpdate| update.touched.iter().any(|at| chosen[*at]);
        sum(&self.upkeep) + self.updates.iter().filter(lost).map(|update| update.existing + sum(&update.each)).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_index_on_a_changed_column_makes_all_others_pay() {
        let update = HotUpdate { touched: vec![0], existing: 5.0, each: vec![(0, 2.0), (1, 3.0)] };
        let writes = TableWrites { table: 0, upkeep: vec![(0, 1.0), (1, 1.0)], updates: vec![update] };
        assert_eq!(writes.cost(&[false, true]), 1.0);
        assert_eq!(writes.cost(&[true, false]), 1.0 + 5.0 + 2.0);
        assert_eq!(writes.cost(&[true, true]), 2.0 + 5.0 + 5.0);
    }
}
