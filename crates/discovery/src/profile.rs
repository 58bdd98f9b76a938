//! Everything that the rows of one table say about dependencies between its columns: keys, what holds, what nearly holds.
//!
//! Never decides what is meant; it ranks, and shows rows.

use crate::attributes::AttributeSet;
use crate::evidence::{FdCheck, check_fd};
use crate::fd::{Fd, FdOptions, discover_fds};
use crate::rank::{RankOptions, Ranked, rank};
use crate::table::Table;
use crate::ucc::discover_uccs;

/// Rows that must be in groups of the left side before a near-miss says anything.
const FEWEST_TESTED: usize = 20;
/// Contradictions that remain of those that an empty left side would have: above it, knowing the left side tells little.
const MOST_REMAINING: f64 = 0.2;
/// Near-misses kept.
const KEPT: usize = 100;

/// What is searched.
#[derive(Clone, Debug, Default)]
pub struct ProfileOptions {
    /// Bounds of the exact search. Its `error` is not used.
    pub search: FdOptions,
    /// Share of rows that may contradict a near-miss; none searches no near-misses.
    pub near_error: Option<f64>,
    /// Most columns on the left side of a near-miss.
    pub near_max_lhs: usize,
    /// Contradictions shown of each near-miss.
    pub witnesses: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Smallest sets of columns that no two rows share.
    pub keys: Vec<AttributeSet>,
    /// Whether these are all keys asked for.
    pub keys_complete: bool,
    /// Minimal dependencies, the likeliest meant first.
    pub ranked: Vec<Ranked>,
    /// Dependencies that were found and not ranked, for lack of time.
    pub left_out: usize,
    /// Whether all dependencies asked for were found.
    pub complete: bool,
    /// Size of left sides up to which none is missing.
    pub complete_to: Option<usize>,
    /// What cut the search short, in words.
    pub limits: Vec<String>,
    /// What all rows but a few agree on, the fewest contradictions first.
    pub near_misses: Vec<NearMiss>,
}

/// A dependency that few rows contradict.
#[derive(Clone, Debug, PartialEq)]
pub struct NearMiss {
    /// The dependency.
    pub fd: Fd,
    /// How far it holds, with rows that contradict it.
    pub check: FdCheck,
}

/// Searches a table.
pub fn profile(table: &Table, options: &ProfileOptions) -> Profile {
    let search = FdOptions { error: 0.0, ..options.search.clone() };
    let keys = discover_uccs(table, &search);
    let found = discover_fds(table, &search);
    let ranking = RankOptions { threads: search.threads, cancel: search.cancel.clone(), ..RankOptions::default() };
    let ranking = rank(table, &found.dependencies, &ranking);
    let near_misses = match options.near_error.filter(|error| *error > 0.0) {
        Some(error) => near_misses(table, error, options),
        None => Vec::new(),
    };
    Profile {
        keys: keys.combinations,
        keys_complete: keys.complete,
        ranked: ranking.ranked,
        left_out: ranking.left_out,
        complete: found.complete,
        complete_to: found.complete_to,
        limits: found.limits,
        near_misses,
    }
}

/// Minimal approximate dependencies that do not hold, and that knowing the left side has to do with.
fn near_misses(table: &Table, error: f64, options: &ProfileOptions) -> Vec<NearMiss> {
    let near = FdOptions { error, max_lhs: Some(options.near_max_lhs), ..options.search.clone() };
    let found = discover_fds(table, &near).dependencies;
    let mut misses: Vec<NearMiss> = found
        .into_iter()
        .filter(|_| !options.search.cancel.is_set())
        .map(|fd| NearMiss { fd, check: check_fd(table, &fd, options.witnesses) })
        .filter(|miss| !miss.check.holds && tells(table, miss))
        .collect();
    misses.sort_by_key(|miss| (miss.check.violating_rows, miss.fd.left, miss.fd.right));
    misses.truncate(KEPT);
    misses
}

/// Whether the rows could have contradicted it far more often than they do.
fn tells(table: &Table, miss: &NearMiss) -> bool {
    if miss.fd.left.is_empty() || miss.check.tested_rows < FEWEST_TESTED {
        return false;
    }
    let Some(column) = table.columns().get(miss.fd.right as usize) else { return false };
    let usual = column.frequencies().into_iter().max().unwrap_or(0) as usize;
    let alone = (table.rows() - usual.min(table.rows())) as f64 * miss.check.tested_rows as f64 / table.rows().max(1) as f64;
    (miss.check.violating_rows as f64) < alone * MOST_REMAINING
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{NullRule, TableBuilder};

    fn table(rows: usize, wrong: usize) -> Table {
        let names = ["id", "zip", "city"].map(str::to_owned).to_vec();
        let mut builder = TableBuilder::new(names, NullRule::default(), None).expect("three columns");
        for row in 0..rows {
            let zip = row * 7919 % 97;
            let city = if row < wrong { "nowhere".to_owned() } else { format!("city {}", zip % 31) };
            let cells = [row.to_string(), zip.to_string(), city];
            builder.push_row(cells.iter().map(|cell| Some(cell.as_bytes()))).expect("it fits");
        }
        builder.finish()
    }

    fn options() -> ProfileOptions {
        ProfileOptions { near_error: Some(0.01), near_max_lhs: 1, witnesses: 2, ..ProfileOptions::default() }
    }

    #[test]
    fn what_few_rows_contradict_is_shown_with_them() {
        let found = profile(&table(2000, 3), &options());
        let zip_city = Fd::new([1], 2);
        assert!(found.ranked.iter().all(|one| one.fd != zip_city));
        let miss = found.near_misses.iter().find(|miss| miss.fd == zip_city).expect("three rows contradict");
        assert_eq!((miss.check.violating_rows, miss.check.witnesses.len()), (3, 2));
        assert_eq!(miss.check.witnesses[0].other, 0);
    }

    #[test]
    fn what_holds_is_no_near_miss_and_neither_is_a_key() {
        let found = profile(&table(2000, 0), &options());
        assert!(found.complete && found.keys.contains(&AttributeSet::single(0)));
        assert!(found.near_misses.is_empty(), "{:?}", found.near_misses);
        assert!(profile(&table(0, 0), &options()).near_misses.is_empty());
    }
}
