//! Functional dependencies: which columns are a function of which others.
//!
//! Never reports a dependency that is not minimal, or one that some rows contradict.

use serde::{Deserialize, Serialize};

use crate::agree::{Target, View};
use crate::approximate;
use crate::attributes::{AttributeSet, Bits};
use crate::limits::Cancel;
use crate::pool::Pool;
pub use crate::search::Method;
use crate::search::{Counts, End, Outcome, Request, search};
use crate::table::Table;

/// Rows that agree on all of `left` agree on `right`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fd {
    /// The determining columns.
    pub left: AttributeSet,
    /// The determined column, not one of `left`.
    pub right: u16,
}

impl Fd {
    /// The dependency of a column on others.
    pub fn new(left: impl IntoIterator<Item = usize>, right: usize) -> Self {
        Self { left: left.into_iter().collect(), right: right as u16 }
    }
}

/// What to search for and how much may be spent on it.
#[derive(Clone, Debug)]
pub struct FdOptions {
    /// The most columns on the left side; nothing means no limit.
    pub max_lhs: Option<usize>,
    /// The share of rows that may be left out for a dependency to hold on the others (g3 of Kivinen and Mannila); 0 is exact.
    pub error: f64,
    /// The columns whose determinants are wanted; nothing means all.
    pub targets: Option<AttributeSet>,
    /// How pairs of rows are chosen.
    pub method: Method,
    /// Threads; 0 means one for each processor. The result does not depend on it.
    pub threads: usize,
    /// Bytes that the search may take besides the table. When results do not fit, the left sides are limited and `limits` says so.
    pub memory_bytes: Option<u64>,
    /// Stops the search from outside; what was proved until then is given.
    pub cancel: Cancel,
}

impl Default for FdOptions {
    fn default() -> Self {
        Self {
            max_lhs: None,
            error: 0.0,
            targets: None,
            method: Method::Automatic,
            threads: 1,
            memory_bytes: None,
            cancel: Cancel::never(),
        }
    }
}

/// The dependencies of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FdResult {
    /// Minimal dependencies by right side, then size and columns of the left side.
    pub dependencies: Vec<Fd>,
    /// Whether these are all that were asked for.
    pub complete: bool,
    /// The size of left sides up to which nothing is missing; none if not even that of constant columns was finished.
    pub complete_to: Option<usize>,
    /// What cut the search short, in words.
    pub limits: Vec<String>,
    /// What the search did.
    pub work: Work,
}

/// Work done by a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Pairs of rows compared up front.
    pub pairs: u64,
    /// Different sets of columns in which pairs of rows agreed.
    pub agree_sets: u64,
    /// Left sides checked on all rows, or until a row refuted them.
    pub validations: u64,
    /// Turns of proposing and validating.
    pub rounds: u64,
}

impl From<Counts> for Work {
    fn from(counts: Counts) -> Self {
        Self { pairs: counts.pairs, agree_sets: counts.agree_sets, validations: counts.validations, rounds: counts.rounds }
    }
}

/// All minimal functional dependencies of a table within the options.
pub fn discover_fds(table: &Table, options: &FdOptions) -> FdResult {
    let columns = table.width();
    let wanted = options.targets.unwrap_or_else(|| table.attributes()) & table.attributes();
    let numbering = Numbering::of(table);
    let targets = (0..columns).filter(|column| wanted.contains(numbering.order[*column])).map(|column| Target::Column(column as u16));
    let found = if options.error > 0.0 {
        run_approximate(table, &numbering, targets.collect(), options)
    } else {
        run(table, &numbering, targets.collect(), options)
    };
    let mut dependencies: Vec<Fd> = found
        .proved
        .iter()
        .filter_map(|(left, target)| match target {
            Target::Column(column) => Some(Fd { left: numbering.original(left), right: numbering.order[*column as usize] as u16 }),
            Target::Row => None,
        })
        .collect();
    dependencies.sort_unstable_by_key(|fd| (fd.right, fd.left.len(), fd.left));
    let (complete, limits) = describe(&found, options);
    FdResult { dependencies, complete, complete_to: found.complete_to, limits, work: found.counts.into() }
}

/// Columns in the order of the search: those with the smallest partitions first.
pub(crate) struct Numbering {
    pub(crate) order: Vec<usize>,
}

impl Numbering {
    pub(crate) fn of(table: &Table) -> Self {
        let mut order: Vec<usize> = (0..table.width()).collect();
        order.sort_by_key(|column| (std::cmp::Reverse(table.columns()[*column].cardinality()), *column));
        Self { order }
    }

    pub(crate) fn view<'a>(&self, table: &'a Table) -> View<'a> {
        View {
            columns: self.order.iter().map(|column| table.columns()[*column].codes()).collect(),
            cardinality: self.order.iter().map(|column| table.columns()[*column].cardinality()).collect(),
            rows: table.rows(),
        }
    }

    pub(crate) fn original<const W: usize>(&self, set: &Bits<W>) -> AttributeSet {
        set.iter().map(|column| self.order[column]).collect()
    }
}

/// A search's outcome with the sets in full width.
pub(crate) struct Found {
    pub(crate) proved: Vec<(AttributeSet, Target)>,
    pub(crate) complete_to: Option<usize>,
    pub(crate) end: End,
    pub(crate) counts: Counts,
}

/// Searches with as few words per set as the table allows.
pub(crate) fn run(table: &Table, numbering: &Numbering, targets: Vec<Target>, options: &FdOptions) -> Found {
    let view = numbering.view(table);
    let pool = Pool::new(options.threads);
    let max_results = options.memory_bytes.map_or(usize::MAX, |bytes| max_results(table, bytes));
    let max_left = options.max_lhs.unwrap_or(usize::MAX);
    let request = Request { targets, max_left, method: options.method, max_results, cancel: &options.cancel, pool: &pool };
    match table.width() {
        0..=64 => widen(search::<1>(&view, &request)),
        65..=128 => widen(search::<2>(&view, &request)),
        _ => widen(search::<8>(&view, &request)),
    }
}

/// The same for dependencies that may leave rows out.
fn run_approximate(table: &Table, numbering: &Numbering, targets: Vec<Target>, options: &FdOptions) -> Found {
    let columns = targets.iter().filter_map(|target| match target {
        Target::Column(column) => Some(*column as usize),
        Target::Row => None,
    });
    let request = approximate::Request {
        targets: columns.collect(),
        max_left: options.max_lhs.unwrap_or(usize::MAX),
        removable: (options.error.min(1.0) * table.rows() as f64) as usize,
        max_results: options.memory_bytes.map_or(usize::MAX, |bytes| max_results(table, bytes)),
        cancel: &options.cancel,
        pool: &Pool::new(options.threads),
    };
    let outcome = approximate::search(&numbering.view(table), &request);
    let proved = outcome.found.into_iter().map(|(left, target)| (left, Target::Column(target as u16))).collect();
    Found { proved, complete_to: outcome.complete_to, end: outcome.end, counts: outcome.counts }
}

fn widen<const W: usize>(outcome: Outcome<W>) -> Found {
    let proved = outcome.proved.into_iter().map(|(left, target)| (left.resized(), target)).collect();
    Found { proved, complete_to: outcome.complete_to, end: outcome.end, counts: outcome.counts }
}

/// How many results fit beside the partitions: each is held about three times on its way.
fn max_results(table: &Table, bytes: u64) -> usize {
    let partitions = 4 * table.rows() as u64 * (table.width() as u64 + 4);
    (bytes.saturating_sub(partitions) / (3 * size_of::<Fd>() as u64)) as usize
}

pub(crate) fn describe(found: &Found, options: &FdOptions) -> (bool, Vec<String>) {
    let upto =
        found.complete_to.map_or("nothing is complete".to_owned(), |size| format!("complete for left sides of up to {size} columns"));
    match found.end {
        End::Exhausted => (true, Vec::new()),
        End::MaxLeft => {
            let limit = options.max_lhs.unwrap_or_default();
            (true, vec![format!("left sides of more than {limit} columns were not searched, as asked")])
        }
        End::Memory => (false, vec![format!("the results no longer fitted into the memory allowed; {upto}")]),
        End::Cancelled => (false, vec![format!("stopped before the end; {upto}")]),
    }
}

#[cfg(test)]
pub(crate) mod tests;
