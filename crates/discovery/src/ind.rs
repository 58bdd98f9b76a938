//! Inclusion dependencies: columns whose values all, or nearly all, occur in another column. Foreign keys are among them.
//!
//! A sort-merge of the columns' distinct values as in SPIDER (Bauckmann, Leser and Naumann, 2007), but by their hashes, so
//! that no text is sorted, and range of hashes by range of hashes (as in BINDER, Papenbrock et al., PVLDB 8, 2015), so that
//! memory is bounded. Equal hashes are compared byte by byte.
//!
//! Never counts NULL: a NULL refers to nothing.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::limits::Cancel;
use crate::pool::Pool;
use crate::table::{Column, Table};

/// Ranges of hashes that are merged at the same time.
const RANGES: usize = 64;
/// Bytes of a distinct value on its way through the merge.
const ENTRY_BYTES: usize = size_of::<Entry>();

/// A column of one of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnRef {
    /// The table's place in the list given.
    pub table: usize,
    /// The column's place in the table.
    pub column: usize,
}

/// The values of `dependent` and how many of them occur in `referenced`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ind {
    /// The column that may refer.
    pub dependent: ColumnRef,
    /// The column that may be referred to.
    pub referenced: ColumnRef,
    /// Distinct values of the dependent column.
    pub distinct: u64,
    /// Distinct values that the referenced column lacks.
    pub missing: u64,
    /// Rows of the dependent column that are not NULL.
    pub rows: u64,
    /// Rows whose value the referenced column lacks.
    pub orphans: u64,
    /// Some of the missing values, first in the order of the dependent column.
    pub samples: Vec<String>,
}

impl Ind {
    /// Whether every value occurs in the referenced column.
    pub fn is_exact(&self) -> bool {
        self.missing == 0
    }

    /// The share of distinct values that occur in the referenced column, 0 to 1.
    pub fn coverage(&self) -> f64 {
        (self.distinct - self.missing) as f64 / self.distinct.max(1) as f64
    }
}

/// What to search for and how much may be spent on it.
#[derive(Clone, Debug)]
pub struct IndOptions {
    /// The least share of distinct values that must be covered; 1 means exact dependencies only.
    pub min_coverage: f64,
    /// Missing values shown for each partial dependency.
    pub samples: usize,
    /// Threads; 0 means one for each processor.
    pub threads: usize,
    /// Bytes that the merge may take besides the tables; with less, the values are read more often.
    pub memory_bytes: u64,
    /// Stops the search from outside.
    pub cancel: Cancel,
}

impl Default for IndOptions {
    fn default() -> Self {
        Self { min_coverage: 1.0, samples: 5, threads: 1, memory_bytes: 256 << 20, cancel: Cancel::never() }
    }
}

/// The inclusion dependencies between columns of some tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndResult {
    /// By dependent, then referenced column. Columns without values are on no side.
    pub dependencies: Vec<Ind>,
    /// Whether these are all.
    pub complete: bool,
    /// What cut the search short, in words.
    pub limits: Vec<String>,
    /// Times that the values were read.
    pub passes: usize,
}

/// A distinct value: its hash and its code in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    code: u32,
}

/// Values shared by exactly one set of columns: how many, and how many rows each column has of them.
#[derive(Clone, Debug, Default)]
struct Shared {
    values: u64,
    rows: Vec<u64>,
}

type SharedBy = HashMap<Vec<u32>, Shared>;

/// All unary inclusion dependencies between columns of the tables, also within one table.
pub fn discover_inds(tables: &[&Table], options: &IndOptions) -> IndResult {
    let merge = Merge::new(tables, options);
    let passes = merge.passes();
    let mut shared = SharedBy::new();
    let mut lists = Vec::new();
    for pass in 0..passes {
        lists = merge.lists(pass, passes);
        for part in merge.pool.map(&(0..RANGES).collect::<Vec<_>>(), |range| merge.range(&lists, *range, pass, passes)) {
            add(&mut shared, part);
        }
        if options.cancel.is_set() {
            let limits = vec!["stopped before all values were compared, so nothing is known yet".to_owned()];
            return IndResult { limits, passes: pass + 1, ..IndResult::default() };
        }
    }
    let mut dependencies = merge.dependencies(&shared, options.min_coverage);
    if passes == 1 {
        merge.find_orphans(&mut dependencies, &lists, (0, 1), options.samples);
    } else {
        for pass in 0..passes {
            let lists = merge.lists(pass, passes);
            merge.find_orphans(&mut dependencies, &lists, (pass, passes), options.samples);
        }
    }
    let dependencies = dependencies.into_iter().map(|found| found.named(&merge)).collect();
    IndResult { dependencies, complete: true, limits: Vec::new(), passes }
}

struct Merge<'a> {
    columns: Vec<(ColumnRef, &'a Column)>,
    /// Rows of each value, by column and code.
    frequencies: Vec<Vec<u32>>,
    pool: Pool,
    memory_bytes: u64,
}

/// A dependency between columns of the merge, with codes for samples.
struct Pair {
    dependent: usize,
    referenced: usize,
    shared_values: u64,
    shared_rows: u64,
    samples: Vec<u32>,
}

impl Pair {
    fn named(self, merge: &Merge<'_>) -> Ind {
        let (dependent, column) = merge.columns[self.dependent];
        let rows = (column.codes().len() - column.nulls()) as u64;
        let text = |code: &u32| column.value(*code).map(|value| value.to_text());
        Ind {
            dependent,
            referenced: merge.columns[self.referenced].0,
            distinct: column.distinct() as u64,
            missing: column.distinct() as u64 - self.shared_values,
            rows,
            orphans: rows - self.shared_rows,
            samples: self.samples.iter().filter_map(text).collect(),
        }
    }
}

impl<'a> Merge<'a> {
    fn new(tables: &[&'a Table], options: &IndOptions) -> Self {
        let place = |(table, column)| ColumnRef { table, column };
        let all = tables
            .iter()
            .enumerate()
            .flat_map(|(table, columns)| columns.columns().iter().enumerate().map(move |(index, column)| (place((table, index)), column)));
        let columns: Vec<(ColumnRef, &Column)> = all.filter(|(_, column)| column.distinct() > 0).collect();
        let pool = Pool::new(options.threads);
        let frequencies = pool.map(&columns, |(_, column)| column.frequencies());
        Self { columns, frequencies, pool, memory_bytes: options.memory_bytes }
    }

    fn passes(&self) -> usize {
        let values: usize = self.columns.iter().map(|(_, column)| column.distinct()).sum();
        // The list and the copy of a range; a pass for fewer than 4,096 values would cost more than it saves.
        let bytes = (values * 2 * ENTRY_BYTES) as u64;
        (bytes.div_ceil(self.memory_bytes.max(1)) as usize).clamp(1, values.div_ceil(4096).max(1))
    }

    /// For each column its values with hashes of this pass, in the order of the hashes.
    fn lists(&self, pass: usize, passes: usize) -> Vec<Vec<Entry>> {
        self.pool.map(&self.columns, |(_, column)| {
            let codes = 0..column.distinct() as u32;
            let entries = codes.map(|code| Entry { hash: hash(column, code), code });
            let mut list: Vec<Entry> = entries.filter(|entry| scaled(entry.hash, passes) == pass).collect();
            list.sort_unstable();
            list
        })
    }

    /// Merges the columns' values of one range of hashes.
    fn range(&self, lists: &[Vec<Entry>], range: usize, pass: usize, passes: usize) -> SharedBy {
        let inside = |entry: &Entry| scaled(entry.hash, passes * RANGES) - pass * RANGES;
        let mut merged: Vec<(Entry, u32)> = Vec::new();
        for (column, list) in lists.iter().enumerate() {
            let begin = list.partition_point(|entry| inside(entry) < range);
            let end = begin + list[begin..].partition_point(|entry| inside(entry) == range);
            merged.extend(list[begin..end].iter().map(|entry| (*entry, column as u32)));
        }
        // Runs that ascend are merged, not sorted anew.
        merged.sort_by_key(|(entry, _)| entry.hash);
        let mut shared = SharedBy::new();
        for group in merged.chunk_by(|(left, _), (right, _)| left.hash == right.hash).filter(|group| group.len() > 1) {
            self.group(group, &mut shared);
        }
        shared
    }

    /// Values with the same hash: nearly always one value in several columns.
    fn group(&self, group: &[(Entry, u32)], shared: &mut SharedBy) {
        let first = self.key(group[0]);
        if group.iter().all(|entry| self.key(*entry) == first) {
            return self.count(group, shared);
        }
        let mut by_value: BTreeMap<_, Vec<(Entry, u32)>> = BTreeMap::new();
        for entry in group {
            by_value.entry(self.key(*entry)).or_default().push(*entry);
        }
        by_value.values().filter(|group| group.len() > 1).for_each(|group| self.count(group, shared));
    }

    fn count(&self, group: &[(Entry, u32)], shared: &mut SharedBy) {
        let columns: Vec<u32> = group.iter().map(|(_, column)| *column).collect();
        let entry = shared.entry(columns).or_default();
        entry.values += 1;
        entry.rows.resize(group.len(), 0);
        for (sum, (value, column)) in entry.rows.iter_mut().zip(group) {
            *sum += u64::from(self.frequencies[*column as usize][value.code as usize]);
        }
    }

    fn key(&self, (entry, column): (Entry, u32)) -> (bool, &[u8]) {
        stored(self.columns[column as usize].1, entry.code)
    }

    /// The pairs of columns that share enough values.
    fn dependencies(&self, shared: &SharedBy, min_coverage: f64) -> Vec<Pair> {
        let mut sums: HashMap<(u32, u32), (u64, u64)> = HashMap::new();
        for (columns, shared) in shared {
            for (dependent, rows) in columns.iter().zip(&shared.rows) {
                for referenced in columns.iter().filter(|referenced| *referenced != dependent) {
                    let sum = sums.entry((*dependent, *referenced)).or_default();
                    sum.0 += shared.values;
                    sum.1 += rows;
                }
            }
        }
        let enough = |dependent: u32, values: u64| values as f64 >= min_coverage * self.columns[dependent as usize].1.distinct() as f64;
        let mut pairs: Vec<Pair> = sums
            .into_iter()
            .filter(|((dependent, _), (values, _))| enough(*dependent, *values))
            .map(|((dependent, referenced), (shared_values, shared_rows))| Pair {
                dependent: dependent as usize,
                referenced: referenced as usize,
                shared_values,
                shared_rows,
                samples: Vec::new(),
            })
            .collect();
        pairs.sort_unstable_by_key(|pair| (pair.dependent, pair.referenced));
        pairs
    }

    /// Adds the first missing values of this pass to the samples of partial dependencies, and keeps the first of all.
    fn find_orphans(&self, pairs: &mut [Pair], lists: &[Vec<Entry>], (pass, passes): (usize, usize), samples: usize) {
        let found = self.pool.map(pairs, |pair| {
            let (_, column) = self.columns[pair.dependent];
            if pair.shared_values == column.distinct() as u64 {
                return Vec::new();
            }
            let codes = (0..column.distinct() as u32).map(|code| Entry { hash: hash(column, code), code });
            let here = codes.filter(|entry| scaled(entry.hash, passes) == pass);
            let orphans = here.filter(|entry| !self.has(pair.referenced, &lists[pair.referenced], (*entry, pair.dependent as u32)));
            orphans.map(|entry| entry.code).take(samples).collect()
        });
        for (pair, codes) in pairs.iter_mut().zip(found) {
            pair.samples.extend(codes);
            pair.samples.sort_unstable();
            pair.samples.truncate(samples);
        }
    }

    fn has(&self, referenced: usize, list: &[Entry], entry: (Entry, u32)) -> bool {
        let begin = list.partition_point(|known| known.hash < entry.0.hash);
        let same = list[begin..].iter().take_while(|known| known.hash == entry.0.hash);
        same.into_iter().any(|known| self.key((*known, referenced as u32)) == self.key(entry))
    }
}

fn hash(column: &Column, code: u32) -> u64 {
    xxh3_64(stored(column, code).1)
}

/// The bytes that stand for a value; a stub of a long value equals no whole one.
fn stored(column: &Column, code: u32) -> (bool, &[u8]) {
    (column.dictionary.is_long(code), column.dictionary.stored(code).unwrap_or_default())
}

/// Which of `parts` equal ranges a hash is in.
fn scaled(hash: u64, parts: usize) -> usize {
    ((u128::from(hash) * parts as u128) >> 64) as usize
}

fn add(shared: &mut SharedBy, part: SharedBy) {
    for (columns, more) in part {
        let sum = shared.entry(columns).or_default();
        sum.values += more.values;
        sum.rows.resize(more.rows.len(), 0);
        for (sum, rows) in sum.rows.iter_mut().zip(more.rows) {
            *sum += rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::fd::tests::table;
    use crate::table::{CsvOptions, NullSemantics};

    fn by_comparing(tables: &[(Vec<Vec<u8>>, usize)], min_coverage: f64) -> Vec<Ind> {
        let mut columns = Vec::new();
        for (index, (rows, width)) in tables.iter().enumerate() {
            for column in 0..*width {
                let values: Vec<u8> = rows.iter().map(|row| row[column]).filter(|value| *value != 0).collect();
                columns.push((ColumnRef { table: index, column }, values));
            }
        }
        let mut found = Vec::new();
        for (dependent, values) in &columns {
            for (referenced, others) in columns.iter().filter(|(other, others)| other != dependent && !others.is_empty()) {
                let distinct: BTreeSet<u8> = values.iter().copied().collect();
                let missing: BTreeSet<u8> = distinct.iter().copied().filter(|value| !others.contains(value)).collect();
                let covered = distinct.len() - missing.len();
                if covered == 0 || (covered as f64) < min_coverage * distinct.len() as f64 {
                    continue;
                }
                let mut samples: Vec<String> = Vec::new();
                for value in
                    values.iter().filter(|value| missing.contains(value)).map(|value| String::from_utf8_lossy(&[*value]).into_owned())
                {
                    if !samples.contains(&value) && samples.len() < 2 {
                        samples.push(value);
                    }
                }
                found.push(Ind {
                    dependent: *dependent,
                    referenced: *referenced,
                    distinct: distinct.len() as u64,
                    missing: missing.len() as u64,
                    rows: values.len() as u64,
                    orphans: values.iter().filter(|value| missing.contains(value)).count() as u64,
                    samples,
                });
            }
        }
        found
    }

    proptest! {
        #[test]
        fn counts_what_comparing_each_with_each_counts(
            first in prop::collection::vec(prop::collection::vec(0u8..12, 3), 0..20),
            second in prop::collection::vec(prop::collection::vec(0u8..30, 2), 0..40), percent in 1u8..=100, threads in 1usize..3
        ) {
            let tables = [(first, 3), (second, 2)];
            let built: Vec<Table> = tables.iter().map(|(rows, width)| table(rows, *width, NullSemantics::Equal)).collect();
            let min_coverage = f64::from(percent) / 100.0;
            let options = IndOptions { min_coverage, samples: 2, threads, ..Default::default() };
            let result = discover_inds(&built.iter().collect::<Vec<_>>(), &options);
            prop_assert_eq!(&result.dependencies, &by_comparing(&tables, min_coverage));
            prop_assert!(result.complete);
        }
    }

    fn numbers(name: &str, range: std::ops::Range<u32>) -> Table {
        let text: String = range.map(|number| format!("{number}\n")).collect();
        Table::from_csv(format!("{name}\n{text}").as_bytes(), &CsvOptions::default()).unwrap()
    }

    #[test]
    fn little_memory_means_more_passes_and_the_same_answer() {
        let tables = [numbers("a", 0..20_000), numbers("b", 5_000..30_000)];
        let tables: Vec<&Table> = tables.iter().collect();
        let mut result = [256 << 20, 200_000]
            .map(|memory_bytes| discover_inds(&tables, &IndOptions { min_coverage: 0.1, memory_bytes, ..Default::default() }));
        assert!(result[0].passes == 1 && result[1].passes > 3, "{}", result[1].passes);
        result[1].passes = 1;
        assert_eq!(result[0], result[1]);
        let first = &result[0].dependencies[0];
        assert_eq!((first.distinct, first.missing, first.orphans), (20_000, 5_000, 5_000));
        assert_eq!(first.samples, ["0", "1", "2", "3", "4"]);
        assert!((first.coverage() - 0.75).abs() < 1e-9 && !first.is_exact());
    }

    #[test]
    fn a_cancelled_search_claims_nothing() {
        let options = IndOptions::default();
        options.cancel.set();
        let table = numbers("a", 0..10);
        let result = discover_inds(&[&table, &table], &options);
        assert!(!result.complete && result.dependencies.is_empty() && !result.limits.is_empty());
    }
}
