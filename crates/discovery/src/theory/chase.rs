//! Proofs that a decomposition loses nothing: neither rows' connections nor dependencies.
//!
//! Never trusts how a decomposition was made: only its tables and the dependencies count.

use std::collections::BTreeMap;

use super::closure::Closure;
use crate::attributes::AttributeSet;
use crate::fd::Fd;

/// Whether the natural join of the tables gives back every instance that obeys the dependencies and nothing more: the chase
/// of Aho, Beeri and Ullman (TODS 4, 1979) on a tableau with a row for each table.
pub fn is_lossless(universe: &AttributeSet, tables: &[AttributeSet], fds: &[Fd]) -> bool {
    let columns: Vec<usize> = universe.iter().collect();
    let place: BTreeMap<usize, usize> = columns.iter().enumerate().map(|(place, column)| (*column, place)).collect();
    let closure = Closure::new(fds);
    // Symbol 0 is the distinguished one of each column; the others belong to a row.
    let symbol = |row: usize, column: usize| if tables[row].contains(column) { 0 } else { row as u32 + 1 };
    let mut rows: Vec<Vec<u32>> = (0..tables.len()).map(|row| columns.iter().map(|column| symbol(row, *column)).collect()).collect();
    let places = |set: &AttributeSet| -> Vec<usize> { set.iter().filter_map(|column| place.get(&column).copied()).collect() };
    let rules: Vec<(Vec<usize>, Vec<usize>)> =
        closure.rules().iter().filter(|(left, _)| left.is_subset(universe)).map(|(left, right)| (places(left), places(right))).collect();
    while rules.iter().map(|(left, right)| equate(&mut rows, left, right)).fold(false, |any, changed| any | changed) {}
    rows.iter().any(|row| row.iter().all(|symbol| *symbol == 0))
}

/// Makes rows that agree on `left` agree on `right`, with the smaller symbol everywhere in the column; whether any changed.
fn equate(rows: &mut [Vec<u32>], left: &[usize], right: &[usize]) -> bool {
    let mut first: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let mut changed = false;
    for row in 0..rows.len() {
        let key = left.iter().map(|place| rows[row][*place]).collect();
        let other = *first.entry(key).or_insert(row);
        for place in right {
            let (a, b) = (rows[other][*place], rows[row][*place]);
            if a == b {
                continue;
            }
            changed = true;
            for cell in rows.iter_mut().map(|row| &mut row[*place]).filter(|cell| **cell == a.max(b)) {
                *cell = a.min(b);
            }
        }
    }
    changed
}

/// The dependencies that no longer follow from those within the single tables: to check them takes a join (Beeri and
/// Honeyman, SIAM Journal on Computing 10, 1981).
pub fn lost_dependencies(tables: &[AttributeSet], fds: &[Fd]) -> Vec<Fd> {
    let closure = Closure::new(fds);
    fds.iter().filter(|fd| !follows_within(tables, &closure, fd)).copied().collect()
}

fn follows_within(tables: &[AttributeSet], closure: &Closure, fd: &Fd) -> bool {
    let mut known = fd.left;
    loop {
        let before = known;
        for table in tables {
            known = known | (closure.of(&(known & *table)) & *table);
        }
        if known == before || known.contains(fd.right as usize) {
            return known.contains(fd.right as usize);
        }
    }
}
