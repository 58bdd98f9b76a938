//! Unique column combinations: the candidate keys that the data allow.
//!
//! Never reports a combination that is not minimal, or one that two rows share.

use serde::{Deserialize, Serialize};

use crate::agree::Target;
use crate::attributes::AttributeSet;
use crate::fd::{FdOptions, Numbering, Work, describe, run};
use crate::table::Table;

/// The unique column combinations of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UccResult {
    /// Minimal combinations by size, then columns. The empty one says that the table has at most one row.
    pub combinations: Vec<AttributeSet>,
    /// Whether these are all that were asked for.
    pub complete: bool,
    /// The size up to which nothing is missing.
    pub complete_to: Option<usize>,
    /// What cut the search short, in words.
    pub limits: Vec<String>,
    /// What the search did.
    pub work: Work,
}

/// All minimal unique column combinations. Of the options `targets` and `error` play no part; `max_lhs` is the most columns
/// of a combination.
pub fn discover_uccs(table: &Table, options: &FdOptions) -> UccResult {
    let numbering = Numbering::of(table);
    let found = run(table, &numbering, vec![Target::Row], options);
    let mut combinations: Vec<AttributeSet> = found.proved.iter().map(|(left, _)| numbering.original(left)).collect();
    combinations.sort_unstable_by_key(|combination| (combination.len(), *combination));
    let (complete, limits) = describe(&found, options);
    UccResult { combinations, complete, complete_to: found.complete_to, limits, work: found.counts.into() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::fd::Method;
    use crate::fd::tests::table;
    use crate::table::NullSemantics;

    fn by_trying_all(rows: &[Vec<u8>], width: usize, max: usize) -> Vec<AttributeSet> {
        let mut sets: Vec<AttributeSet> =
            (0..1usize << width).map(|number| (0..width).filter(|bit| number >> bit & 1 == 1).collect()).collect();
        sets.sort_by_key(|set| (set.len(), *set));
        let mut found: Vec<AttributeSet> = Vec::new();
        for set in sets.into_iter().filter(|set| set.len() <= max) {
            let projected: BTreeSet<Vec<u8>> = rows.iter().map(|row| set.iter().map(|column| row[column]).collect()).collect();
            if projected.len() == rows.len() && !found.iter().any(|known| known.is_subset(&set)) {
                found.push(set);
            }
        }
        found
    }

    proptest! {
        #[test]
        fn finds_exactly_the_minimal_combinations(
            rows in prop::collection::vec(prop::collection::vec(0u8..6, 6), 0..30), width in 1usize..=6, max in 0usize..7, hybrid in any::<bool>()
        ) {
            let method = if hybrid { Method::Hybrid } else { Method::AllPairs };
            let options = FdOptions { max_lhs: Some(max), method, ..Default::default() };
            let result = discover_uccs(&table(&rows, width, NullSemantics::Equal), &options);
            prop_assert_eq!(result.combinations, by_trying_all(&rows, width, max));
            prop_assert!(result.complete);
        }
    }

    #[test]
    fn a_table_with_two_equal_rows_has_no_key() {
        let rows = vec![vec![1, 2], vec![1, 3], vec![1, 2]];
        assert_eq!(discover_uccs(&table(&rows, 2, NullSemantics::Equal), &FdOptions::default()).combinations, []);
    }
}
