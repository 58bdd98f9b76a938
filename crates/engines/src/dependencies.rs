//! Searching the rows of a table for dependencies between columns, within bounds of rows, memory and time. It never reads
//! a database: a driver hands it rows, and it hands back what they show.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use dbwright_discovery::theory::{check_mvd, discover_mvds};
use dbwright_discovery::{
    Cancel, FdOptions, NullRule, RankOptions, Ranked, Table, TableBuilder, TableError, discover_fds, discover_uccs, rank,
};
use dbwright_discovery::{Fd, Likelihood as Likely, check_fd, redundancy};
use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::facts::{DependencySearch, Likelihood, MinedDependency, MinedMultivalued, WitnessRow};

/// Bytes that the rows of one table may take here.
const MEMORY_BYTES: u64 = 256 << 20;
/// Time for searching one table.
const SEARCH_TIME: Duration = Duration::from_secs(10);
/// Columns on a left side: a dependency on more is seldom meant, and next to never acted upon.
const MAX_LEFT: usize = 3;
/// Dependencies kept of one table.
const KEPT: usize = 200;
/// Keys kept of one table.
const KEPT_KEYS: usize = 20;
/// Longest value kept as a witness, letters.
const WITNESS_LETTERS: usize = 60;

/// The columns of a table that take part: not documents, bytes and the like, which no other column is a function of.
pub(crate) fn columns(table: &Collection) -> Vec<&Field> {
    let compared = |field: &&Field| {
        let opaque = matches!(
            field.family,
            TypeFamily::Json | TypeFamily::Binary | TypeFamily::Array | TypeFamily::Geometry | TypeFamily::TextSearch | TypeFamily::Vector
        );
        !opaque && field.generated.is_none()
    };
    table.fields.iter().filter(compared).collect()
}

/// Takes the rows of one table.
pub(crate) struct Miner {
    table: dbwright_model::ObjectName,
    names: Vec<String>,
    builder: Option<TableBuilder>,
    gap: String,
}

impl Miner {
    /// For the columns that take part.
    pub(crate) fn new(table: &Collection, columns: &[&Field]) -> Self {
        let names: Vec<String> = columns.iter().map(|field| field.name.clone()).collect();
        let builder = TableBuilder::new(names.clone(), NullRule::default(), Some(MEMORY_BYTES));
        let gap = builder.as_ref().err().map(ToString::to_string).unwrap_or_default();
        Self { table: table.name.clone(), names, builder: builder.ok(), gap }
    }

    /// Adds a row; false when no more are wanted.
    pub(crate) fn push<'a>(&mut self, row: impl IntoIterator<Item = Option<&'a [u8]>>) -> bool {
        let Some(builder) = self.builder.as_mut() else { return false };
        match builder.push_row(row) {
            Ok(()) => true,
            Err(error) => {
                self.gap = match error {
                    TableError::Memory { rows, limit, .. } => {
                        format!("its rows take more than {} MB: the first {rows} were searched", limit >> 20)
                    }
                    other => other.to_string(),
                };
                false
            }
        }
    }

    /// Notes that the rows are not all there.
    pub(crate) fn cut_short(&mut self, why: impl Into<String>) {
        self.gap = why.into();
    }

    /// Searches the rows.
    pub(crate) fn finish(self) -> DependencySearch {
        let Some(builder) = self.builder else {
            return DependencySearch { table: self.table, columns: self.names, gap: self.gap, ..DependencySearch::default() };
        };
        let mut found = search(&builder.finish());
        found.table = self.table;
        if !self.gap.is_empty() {
            (found.complete, found.gap) = (false, self.gap);
        }
        found
    }
}

/// Keys and ranked dependencies of a table, stopped when the time is up.
fn search(table: &Table) -> DependencySearch {
    let cancel = Cancel::never();
    let _timer = Timer::start(cancel.clone(), SEARCH_TIME);
    let options =
        FdOptions { max_lhs: Some(MAX_LEFT), threads: 0, memory_bytes: Some(MEMORY_BYTES), cancel: cancel.clone(), ..FdOptions::default() };
    let keys = discover_uccs(table, &options);
    let found = discover_fds(table, &options);
    let ranking = rank(table, &found.dependencies, &RankOptions { threads: 0, cancel, ..RankOptions::default() });
    let mut limits = found.limits.clone();
    if !found.complete && limits.is_empty() {
        limits.push(format!("the search ended after {} s", SEARCH_TIME.as_secs()));
    }
    let told: Vec<MinedDependency> = ranking.ranked.iter().filter_map(|one| mined(table, one)).take(KEPT).collect();
    DependencySearch {
        rows: table.rows() as u64,
        complete: found.complete && ranking.left_out == 0,
        columns: table.columns().iter().map(|column| column.name().to_owned()).collect(),
        max_left: MAX_LEFT as u64,
        duplicate_rows: duplicate_rows(table, &keys.combinations),
        keys: keys.combinations.iter().take(KEPT_KEYS).map(|key| names(table, key)).collect(),
        dependencies: told,
        gap: limits.join("; "),
        multivalued_searched: may_search_multivalued(table),
        multivalued: multivalued(table),
        ..DependencySearch::default()
    }
}

/// Columns and rows up to which multi-valued dependencies are searched, rows of one group, and groups that must show one.
const MULTIVALUED: (usize, usize, usize, usize) = (6, 100_000, 1000, 5);

fn may_search_multivalued(table: &Table) -> bool {
    (3..=MULTIVALUED.0).contains(&table.width()) && table.rows() <= MULTIVALUED.1
}

/// Those of single columns: a table that is a product of others as a whole shows itself in no group.
fn multivalued(table: &Table) -> Vec<MinedMultivalued> {
    if !may_search_multivalued(table) {
        return Vec::new();
    }
    let found = discover_mvds(table, MULTIVALUED.2).into_iter().filter(|mvd| !mvd.left.is_empty());
    let shown = found.map(|mvd| (check_mvd(table, &mvd).meaningful, mvd)).filter(|(groups, _)| *groups >= MULTIVALUED.3);
    shown
        .map(|(groups, mvd)| MinedMultivalued { left: names(table, &mvd.left), right: names(table, &mvd.right), groups: groups as u64 })
        .collect()
}

/// Rows beyond the first of each that are the same in all columns: none when some columns are unique.
fn duplicate_rows(table: &Table, keys: &[dbwright_discovery::AttributeSet]) -> u64 {
    if !keys.is_empty() || table.width() == 0 {
        return 0;
    }
    let check = check_fd(table, &Fd { left: table.attributes(), right: 0 }, 0);
    (check.tested_rows - check.groups) as u64
}

fn names(table: &Table, set: &dbwright_discovery::AttributeSet) -> Vec<String> {
    set.iter().filter_map(|column| table.columns().get(column)).map(|column| column.name().to_owned()).collect()
}

/// A dependency worth telling: on something that is no key, and not empty.
fn mined(table: &Table, ranked: &Ranked) -> Option<MinedDependency> {
    let likelihood = match ranked.likelihood {
        Likely::Meant => Likelihood::Meant,
        Likely::Possible => Likelihood::Possible,
        Likely::Accidental => Likelihood::Accidental,
        Likely::FollowsFromKey | Likely::Constant => return None,
    };
    let right = usize::from(ranked.fd.right);
    let repeats = redundancy(table, &ranked.fd.left, &dbwright_discovery::AttributeSet::single(right));
    Some(MinedDependency {
        left: names(table, &ranked.fd.left),
        right: table.columns().get(right)?.name().to_owned(),
        likelihood,
        accidental_probability: ranked.accidental_probability,
        groups: repeats.groups,
        repeating_rows: repeats.repeating_rows,
        repeated_bytes: repeats.repeated_bytes,
        distinct: ranked.distinct_right as u64,
        left_nulls: left_nulls(table, ranked),
        witnesses: if likelihood == Likelihood::Accidental { Vec::new() } else { witnesses(table, ranked) },
    })
}

fn left_nulls(table: &Table, ranked: &Ranked) -> u64 {
    let columns: Vec<_> =
        ranked.fd.left.iter().filter_map(|column| table.columns().get(column)).filter(|column| column.nulls() > 0).collect();
    if columns.is_empty() {
        return 0;
    }
    (0..table.rows()).filter(|row| columns.iter().any(|column| column.is_null(column.codes()[*row]))).count() as u64
}

/// The first two rows that agree on the left side, without NULLs.
fn witnesses(table: &Table, ranked: &Ranked) -> Vec<WitnessRow> {
    let left: Vec<usize> = ranked.fd.left.iter().collect();
    let mut seen: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for row in 0..table.rows().min(100_000) {
        let codes: Vec<u32> = left.iter().map(|column| table.columns()[*column].codes()[row]).collect();
        if left.iter().zip(&codes).any(|(column, code)| table.columns()[*column].is_null(*code)) {
            continue;
        }
        if let Some(first) = seen.insert(codes, row) {
            return [first, row].into_iter().map(|row| witness(table, &left, usize::from(ranked.fd.right), row)).collect();
        }
    }
    Vec::new()
}

fn witness(table: &Table, left: &[usize], right: usize, row: usize) -> WitnessRow {
    let all = table.row(row);
    let cut = |text: &String| text.chars().take(WITNESS_LETTERS).collect::<String>();
    let values = left.iter().chain([&right]).map(|column| all.get(*column).cloned().flatten().as_ref().map(cut)).collect();
    WitnessRow { row: row as u64 + 1, values }
}

/// Sets a flag when the time is up, unless dropped before.
struct Timer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Timer {
    fn start(cancel: Cancel, after: Duration) -> Self {
        let (stop, stopped) = mpsc::channel();
        let wait = move || {
            if stopped.recv_timeout(after) == Err(mpsc::RecvTimeoutError::Timeout) {
                cancel.set();
            }
        };
        Self { stop: Some(stop), thread: std::thread::Builder::new().name("search limit".to_owned()).spawn(wait).ok() }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It ends as soon as the channel is gone; that it panicked would change nothing here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use dbwright_model::ObjectName;

    use super::*;

    fn table() -> Collection {
        let field = |name: &str, family| Field { name: name.to_owned(), family, ..Field::default() };
        let fields = vec![
            field("id", TypeFamily::Integer),
            field("zip", TypeFamily::Text),
            field("city", TypeFamily::Text),
            field("photo", TypeFamily::Binary),
        ];
        Collection { name: ObjectName::bare("customer"), fields, ..Collection::default() }
    }

    fn mine(rows: usize) -> DependencySearch {
        let table = table();
        let columns = columns(&table);
        let mut miner = Miner::new(&table, &columns);
        for row in 0..rows {
            let zip = row * 7919 % 97;
            let cells = [row.to_string(), format!("{zip:05}"), format!("city {}", zip % 31)];
            assert!(miner.push(cells.iter().map(|cell| Some(cell.as_bytes()))));
        }
        miner.finish()
    }

    #[test]
    fn finds_what_repeats_with_two_rows_that_show_it() {
        let found = mine(2000);
        assert!(found.complete, "{found:?}");
        assert_eq!(found.keys, [vec!["id".to_owned()]]);
        let one = found.dependencies.iter().find(|one| one.left == ["zip"] && one.right == "city").expect("zip → city");
        assert_eq!((one.likelihood, one.groups, one.repeating_rows, one.left_nulls), (Likelihood::Meant, 97, 1903, 0));
        assert_eq!(one.witnesses.len(), 2);
        assert_eq!(one.witnesses[0].values, one.witnesses[1].values);
        assert!(!found.columns.contains(&"photo".to_owned()));
    }

    #[test]
    fn few_rows_prove_nothing() {
        assert!(mine(3).dependencies.iter().all(|one| one.likelihood != Likelihood::Meant));
        assert!(mine(0).dependencies.is_empty());
    }
}
