//! Multi-valued dependencies on data, for fourth normal form: X ↠ Y holds when, for each value of X, every Y that occurs goes
//! with every Z that occurs.
//!
//! Never searches all of them: only splits of the columns that a single column or none leaves independent.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::attributes::AttributeSet;
use crate::table::Table;

/// A multi-valued dependency; it always holds with the rest of the columns in place of `right` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mvd {
    /// The determining columns.
    pub left: AttributeSet,
    /// The columns whose values are independent of the rest.
    pub right: AttributeSet,
}

/// What the rows say about a multi-valued dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MvdCheck {
    /// Whether it holds.
    pub holds: bool,
    /// Groups of rows that agree on the left side.
    pub groups: usize,
    /// Groups with several right sides and several rests: those where holding means something.
    pub meaningful: usize,
    /// Two rows whose combination is missing.
    pub witness: Option<(usize, usize)>,
}

/// Checks X ↠ Y on all rows: in each group the number of different combinations must be that of right sides times that of
/// rests. NULLs compare as the table's rule says.
pub fn check_mvd(table: &Table, mvd: &Mvd) -> MvdCheck {
    let rest = table.attributes().minus(&mvd.left).minus(&mvd.right);
    let (rights, rests) = (ids(table, &mvd.right), ids(table, &rest));
    let mut check = MvdCheck { holds: true, groups: 0, meaningful: 0, witness: None };
    for group in groups(table, &mvd.left) {
        check.groups += 1;
        let (product, pairs) = combinations(&group, &rights, &rests);
        check.meaningful += usize::from(product > pairs.0.max(pairs.1));
        if product != pairs.2 {
            check.holds = false;
            check.witness = missing(&group, &rights, &rests);
            return check;
        }
    }
    check
}

/// The multi-valued dependencies of single columns, or of none, on parts of the others that no functional dependency
/// explains. Sound, not complete: columns count as connected when a pair of them is.
///
/// `max_rows_per_group` bounds the work: a column with a larger group is not tried as a left side.
pub fn discover_mvds(table: &Table, max_rows_per_group: usize) -> Vec<Mvd> {
    let lefts = std::iter::once(AttributeSet::EMPTY).chain((0..table.width()).map(AttributeSet::single));
    lefts.flat_map(|left| splits(table, left, max_rows_per_group)).collect()
}

fn splits(table: &Table, left: AttributeSet, max_rows_per_group: usize) -> Vec<Mvd> {
    let groups = groups(table, &left);
    if groups.iter().any(|group| group.len() > max_rows_per_group) {
        return Vec::new();
    }
    let varies = |column: &usize| {
        let codes = table.columns()[*column].codes();
        groups.iter().any(|group| group.iter().any(|row| codes[*row] != codes[group[0]]))
    };
    let free: Vec<usize> = table.attributes().minus(&left).iter().filter(varies).collect();
    let parts = components(table, &groups, &free);
    if parts.len() < 2 {
        return Vec::new();
    }
    let candidates = parts.iter().map(|part| Mvd { left, right: *part });
    let mut found: Vec<Mvd> = candidates.filter(|mvd| check_mvd(table, mvd).holds).collect();
    if parts.len() == 2 {
        found.truncate(1);
    }
    found
}

/// Columns that some group does not show in all combinations, connected pair by pair.
fn components(table: &Table, groups: &[Vec<usize>], free: &[usize]) -> Vec<AttributeSet> {
    let mut parts: Vec<AttributeSet> = free.iter().map(|column| AttributeSet::single(*column)).collect();
    for (index, first) in free.iter().enumerate() {
        for second in &free[index + 1..] {
            let (a, b) = (part_of(&parts, *first), part_of(&parts, *second));
            let (left, right) = (table.columns()[*first].codes(), table.columns()[*second].codes());
            let dependent = |group: &Vec<usize>| {
                let (product, pairs) = combinations(group, left, right);
                product != pairs.2
            };
            if a != b && groups.iter().any(dependent) {
                let merged = parts[a] | parts[b];
                parts[a.min(b)] = merged;
                parts.remove(a.max(b));
            }
        }
    }
    parts
}

fn part_of(parts: &[AttributeSet], column: usize) -> usize {
    parts.iter().position(|part| part.contains(column)).unwrap_or(0)
}

/// Rows that agree on the columns, groups by first row.
fn groups(table: &Table, columns: &AttributeSet) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, id) in ids(table, columns).into_iter().enumerate() {
        groups.entry(id).or_default().push(row);
    }
    groups.into_values().collect()
}

/// A number for each row, equal where the rows agree on the columns.
fn ids(table: &Table, columns: &AttributeSet) -> Vec<u32> {
    let mut ids = vec![0; table.rows()];
    for column in columns {
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        for (id, code) in ids.iter_mut().zip(table.columns()[column].codes()) {
            let next = known.len() as u32;
            *id = *known.entry((*id, *code)).or_insert(next);
        }
    }
    ids
}

/// The number of different lefts times that of rights, and the numbers of lefts, rights and pairs.
fn combinations(group: &[usize], left: &[u32], right: &[u32]) -> (usize, (usize, usize, usize)) {
    let lefts: HashSet<u32> = group.iter().map(|row| left[*row]).collect();
    let rights: HashSet<u32> = group.iter().map(|row| right[*row]).collect();
    let pairs: HashSet<(u32, u32)> = group.iter().map(|row| (left[*row], right[*row])).collect();
    (lefts.len() * rights.len(), (lefts.len(), rights.len(), pairs.len()))
}

fn missing(group: &[usize], left: &[u32], right: &[u32]) -> Option<(usize, usize)> {
    let pairs: HashSet<(u32, u32)> = group.iter().map(|row| (left[*row], right[*row])).collect();
    let others = |row: usize| group.iter().copied().find(|other| !pairs.contains(&(left[row], right[*other])));
    group.iter().find_map(|row| Some((*row, others(*row)?)))
}
