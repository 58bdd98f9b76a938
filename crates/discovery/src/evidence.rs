//! What the rows say about one dependency: how far it holds, which rows show where it does not, what it repeats.
//!
//! Never searches: the dependency is given.

use serde::{Deserialize, Serialize};

use crate::attributes::AttributeSet;
use crate::fd::Fd;
use crate::partition::{Partition, Scratch};
use crate::table::Table;

/// How far a dependency holds on a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FdCheck {
    /// Whether no two rows contradict it.
    pub holds: bool,
    /// Rows of the table.
    pub rows: usize,
    /// The fewest rows to remove for it to hold.
    pub violating_rows: usize,
    /// `violating_rows` over `rows`: g3.
    pub error: f64,
    /// Groups of two and more rows that agree on the left side: the only ones that can contradict.
    pub groups: usize,
    /// Groups that do.
    pub violating_groups: usize,
    /// Rows in groups of two and more.
    pub tested_rows: usize,
    /// Some contradictions, at most one a group.
    pub witnesses: Vec<Witness>,
}

/// Two rows that agree on the left side and differ on the right one, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// A row with the value that most of its group have.
    pub usual: usize,
    /// The first row of the group with another value.
    pub other: usize,
}

/// What a dependency on something that is no key repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redundancy {
    /// Groups of rows that agree on the left side.
    pub groups: u64,
    /// Rows that only repeat what an earlier row of their group says.
    pub repeating_rows: u64,
    /// Values, NULLs not counted, that these rows repeat.
    pub repeated_values: u64,
    /// Bytes of these values as text. What a storage engine takes for them differs.
    pub repeated_bytes: u64,
}

/// Checks a dependency on all rows; `max_witnesses` limits the rows shown. Columns beyond the table are ignored.
pub fn check_fd(table: &Table, fd: &Fd, max_witnesses: usize) -> FdCheck {
    let partition = partition_of(table, &fd.left);
    let mut check = FdCheck {
        holds: true,
        rows: table.rows(),
        violating_rows: 0,
        error: 0.0,
        groups: partition.cluster_count(),
        violating_groups: 0,
        tested_rows: partition.len(),
        witnesses: Vec::new(),
    };
    let Some(column) = table.columns().get(fd.right as usize) else { return check };
    let codes = column.codes();
    let mut counts = vec![0u32; column.cardinality()];
    for cluster in partition.clusters() {
        let code = |row: &u32| codes[*row as usize];
        cluster.iter().for_each(|row| counts[code(row) as usize] += 1);
        // Of equally frequent values the one that comes first is the usual one.
        let usual = cluster.iter().rev().max_by_key(|row| counts[code(row) as usize]).copied().unwrap_or_default();
        let extra = cluster.len() - counts[code(&usual) as usize] as usize;
        cluster.iter().for_each(|row| counts[code(row) as usize] = 0);
        if extra == 0 {
            continue;
        }
        check.violating_rows += extra;
        check.violating_groups += 1;
        if let Some(other) = cluster.iter().find(|row| code(row) != code(&usual)).filter(|_| check.witnesses.len() < max_witnesses) {
            let usual = cluster.iter().find(|row| code(row) == code(&usual)).unwrap_or(&usual);
            check.witnesses.push(Witness { usual: *usual as usize, other: *other as usize });
        }
    }
    check.holds = check.violating_rows == 0;
    check.error = check.violating_rows as f64 / check.rows.max(1) as f64;
    check
}

/// What storing `right` beside `left` repeats, where `left` determines it. Groups whose left side has a NULL are left out:
/// they refer to nothing that could be stored once.
pub fn redundancy(table: &Table, left: &AttributeSet, right: &AttributeSet) -> Redundancy {
    let columns = || right.minus(left).iter().filter_map(|column| table.columns().get(column)).collect::<Vec<_>>();
    let lengths: Vec<Vec<u64>> = columns()
        .iter()
        .map(|column| (0..column.distinct() as u32).map(|code| column.value(code).map_or(0, |value| value.bytes())).collect())
        .collect();
    let has_null =
        |row: u32| left.iter().filter_map(|column| table.columns().get(column)).any(|column| column.is_null(column.codes()[row as usize]));
    let mut sum = Redundancy::default();
    for cluster in partition_of(table, left).clusters().filter(|cluster| !has_null(cluster[0])) {
        sum.groups += 1;
        sum.repeating_rows += cluster.len() as u64 - 1;
        for (column, lengths) in columns().iter().zip(&lengths) {
            for row in &cluster[1..] {
                if let Some(bytes) = lengths.get(column.codes()[*row as usize] as usize) {
                    sum.repeated_values += 1;
                    sum.repeated_bytes += bytes;
                }
            }
        }
    }
    sum
}

/// The groups of rows that agree on the columns.
pub(crate) fn partition_of(table: &Table, columns: &AttributeSet) -> Partition {
    let mut chosen: Vec<_> = columns.iter().filter_map(|column| table.columns().get(column)).collect();
    chosen.sort_by_key(|column| std::cmp::Reverse(column.cardinality()));
    let Some((first, others)) = chosen.split_first() else { return Partition::whole(table.rows()) };
    let mut partition = Partition::of_column(first.codes(), first.cardinality());
    let mut refined = Partition::default();
    let mut scratch = Scratch::new(others.first().map_or(0, |column| column.cardinality()));
    for column in others {
        partition.refine(column.codes(), &mut scratch, &mut refined);
        std::mem::swap(&mut partition, &mut refined);
    }
    partition
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::CsvOptions;

    fn towns() -> Table {
        let text = "id,zip,town\n1,10,Ulm\n2,10,Ulm\n3,20,Bonn\n4,10,Neu-Ulm\n5,,Ulm\n6,,Ulm\n7,30,\n8,30,\n";
        Table::from_csv(text.as_bytes(), &CsvOptions::default()).unwrap()
    }

    #[test]
    fn contradictions_are_counted_and_shown() {
        let check = check_fd(&towns(), &Fd::new([1], 2), 5);
        assert_eq!((check.holds, check.violating_rows, check.groups, check.violating_groups, check.tested_rows), (false, 1, 3, 1, 7));
        assert_eq!(check.witnesses, [Witness { usual: 0, other: 3 }]);
        assert!((check.error - 0.125).abs() < 1e-12);
        assert!(check_fd(&towns(), &Fd::new([0], 2), 5).holds);
        assert!(check_fd(&towns(), &Fd::new([1], 2), 0).witnesses.is_empty());
        assert_eq!(check_fd(&towns(), &Fd::new([], 2), 5).violating_rows, 4);
    }

    #[test]
    fn redundancy_counts_what_is_repeated() {
        let both: AttributeSet = [2].into_iter().collect();
        let sum = redundancy(&towns(), &AttributeSet::single(1), &both);
        // Rows 2 and 4 repeat a town of zip 10, row 8 a NULL; the group without a zip does not count.
        assert_eq!(sum, Redundancy { groups: 2, repeating_rows: 3, repeated_values: 2, repeated_bytes: 3 + 7 });
        assert_eq!(redundancy(&towns(), &AttributeSet::single(0), &both), Redundancy::default());
    }
}
