use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::table::{NullRule, NullSemantics, TableBuilder};

/// A table of small numbers; 0 is NULL.
pub(crate) fn table(rows: &[Vec<u8>], width: usize, semantics: NullSemantics) -> Table {
    let names = (0..width).map(|column| format!("c{column}")).collect();
    let mut builder = TableBuilder::new(names, NullRule { semantics, texts: Vec::new() }, None).unwrap();
    for row in rows {
        builder.push_row(row[..width].iter().map(|value| (*value > 0).then_some(std::slice::from_ref(value)))).unwrap();
    }
    builder.finish()
}

fn equal(left: u8, right: u8, semantics: NullSemantics) -> bool {
    left == right && (left != 0 || semantics == NullSemantics::Equal)
}

/// Whether a dependency holds, by comparing each row with each.
fn holds(rows: &[Vec<u8>], left: &AttributeSet, right: usize, semantics: NullSemantics) -> bool {
    rows.iter().enumerate().all(|(index, row)| {
        rows[index + 1..].iter().all(|other| {
            let agree = left.iter().all(|column| equal(row[column], other[column], semantics));
            !agree || equal(row[right], other[right], semantics)
        })
    })
}

/// The fewest rows to remove for a dependency to hold.
fn removed(rows: &[Vec<u8>], left: &AttributeSet, right: usize) -> usize {
    let mut groups: BTreeMap<Vec<u8>, BTreeMap<u8, usize>> = BTreeMap::new();
    for row in rows {
        *groups.entry(left.iter().map(|column| row[column]).collect()).or_default().entry(row[right]).or_default() += 1;
    }
    groups.values().map(|counts| counts.values().sum::<usize>() - counts.values().max().unwrap_or(&0)).sum()
}

fn minimal(width: usize, max_lhs: usize, holds: impl Fn(&AttributeSet, usize) -> bool) -> Vec<Fd> {
    let mut found: Vec<Fd> = Vec::new();
    for right in 0..width {
        let mut left_sides: Vec<AttributeSet> = (0..1usize << width)
            .map(|number| (0..width).filter(|column| number >> column & 1 == 1).collect())
            .filter(|left: &AttributeSet| !left.contains(right) && left.len() <= max_lhs)
            .collect();
        left_sides.sort_by_key(|left| (left.len(), *left));
        for left in left_sides {
            let known = found.iter().any(|fd| fd.right as usize == right && fd.left.is_subset(&left));
            if !known && holds(&left, right) {
                found.push(Fd { left, right: right as u16 });
            }
        }
    }
    found
}

fn by_trying_all(rows: &[Vec<u8>], width: usize, max_lhs: usize, semantics: NullSemantics) -> Vec<Fd> {
    minimal(width, max_lhs, |left, right| holds(rows, left, right, semantics))
}

fn some_rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
    (1u8..6).prop_flat_map(|most| prop::collection::vec(prop::collection::vec(0u8..=most, 6), 0..40))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn finds_exactly_the_minimal_dependencies(
        rows in some_rows(), width in 1usize..=6, max_lhs in 0usize..=6, threads in 1usize..3, hybrid in any::<bool>(), distinct in any::<bool>()
    ) {
        let semantics = if distinct { NullSemantics::Distinct } else { NullSemantics::Equal };
        let method = if hybrid { Method::Hybrid } else { Method::AllPairs };
        let options = FdOptions { max_lhs: Some(max_lhs), threads, method, ..Default::default() };
        let result = discover_fds(&table(&rows, width, semantics), &options);
        prop_assert_eq!(&result.dependencies, &by_trying_all(&rows, width, max_lhs, semantics));
        prop_assert!(result.complete);
    }

    #[test]
    fn finds_exactly_the_minimal_approximate_dependencies(
        rows in some_rows(), width in 1usize..=5, max_lhs in 0usize..=5, percent in 1u8..60, threads in 1usize..3
    ) {
        let error = f64::from(percent) / 100.0;
        let options = FdOptions { max_lhs: Some(max_lhs), error, threads, ..Default::default() };
        let result = discover_fds(&table(&rows, width, NullSemantics::Equal), &options);
        let near = |left: &AttributeSet, right: usize| removed(&rows, left, right) <= (error * rows.len() as f64) as usize;
        prop_assert_eq!(&result.dependencies, &minimal(width, max_lhs, near));
    }

    #[test]
    fn wide_tables_are_searched_like_narrow_ones(rows in some_rows(), offset in prop::sample::select(vec![0usize, 62, 120, 500]), hybrid in any::<bool>()) {
        let width = 6;
        let wide: Vec<Vec<u8>> = rows.iter().map(|row| [vec![7; offset], row.clone()].concat()).collect();
        let method = if hybrid { Method::Hybrid } else { Method::AllPairs };
        let options = FdOptions { max_lhs: Some(2), method, ..Default::default() };
        let result = discover_fds(&table(&wide, offset + width, NullSemantics::Equal), &options);
        let shifted: BTreeSet<(Vec<usize>, usize)> = result.dependencies.iter()
            .filter(|fd| fd.right as usize >= offset)
            .map(|fd| (fd.left.iter().map(|column| column - offset).collect(), fd.right as usize - offset)).collect();
        let expected: BTreeSet<(Vec<usize>, usize)> = by_trying_all(&rows, width, 2, NullSemantics::Equal).iter()
            .map(|fd| (fd.left.iter().collect(), fd.right as usize)).collect();
        prop_assert_eq!(shifted, expected);
    }
}

#[test]
fn tables_without_rows_or_with_one_have_constant_columns() {
    for rows in [vec![], vec![vec![1, 2, 3]]] {
        let result = discover_fds(&table(&rows, 3, NullSemantics::Equal), &FdOptions::default());
        assert_eq!(result.dependencies, [Fd::new([], 0), Fd::new([], 1), Fd::new([], 2)]);
    }
    let none = discover_fds(&table(&[], 0, NullSemantics::Equal), &FdOptions::default());
    assert!(none.complete && none.dependencies.is_empty());
}

#[test]
fn a_column_of_nulls_is_constant_or_a_key() {
    let rows = vec![vec![0, 1], vec![0, 2], vec![0, 1]];
    let equal = discover_fds(&table(&rows, 2, NullSemantics::Equal), &FdOptions::default());
    assert_eq!(equal.dependencies, [Fd::new([], 0)]);
    let distinct = discover_fds(&table(&rows, 2, NullSemantics::Distinct), &FdOptions::default());
    assert_eq!(distinct.dependencies, [Fd::new([0], 1)]);
}

fn pseudo_random(rows: usize, width: usize) -> Vec<Vec<u8>> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 60) as u8 + 1
    };
    (0..rows).map(|_| (0..width).map(|_| next()).collect()).collect()
}

#[test]
fn too_little_memory_limits_the_left_sides_and_says_so() {
    let table = table(&pseudo_random(300, 12), 12, NullSemantics::Equal);
    let full = discover_fds(&table, &FdOptions::default()).dependencies;
    let smallest = full.iter().map(|fd| fd.left.len()).min().unwrap();
    let fitting: Vec<Fd> = full.iter().filter(|fd| fd.left.len() == smallest).copied().collect();
    assert!(fitting.len() < full.len());
    for method in [Method::AllPairs, Method::Hybrid] {
        let bytes = (4 * 300 * (12 + 4) + 3 * size_of::<Fd>() * (fitting.len() + 1)) as u64;
        let result = discover_fds(&table, &FdOptions { memory_bytes: Some(bytes), method, ..Default::default() });
        assert_eq!((result.complete, result.complete_to, result.limits.len()), (false, Some(smallest), 1), "{method:?}");
        assert_eq!(result.dependencies, fitting, "{method:?}");
    }
}

#[test]
fn a_cancelled_search_says_that_it_is_not_complete() {
    for method in [Method::AllPairs, Method::Hybrid] {
        let options = FdOptions { method, ..Default::default() };
        options.cancel.set();
        let result = discover_fds(&table(&pseudo_random(100, 8), 8, NullSemantics::Equal), &options);
        assert!(!result.complete && result.complete_to.is_none() && !result.limits.is_empty());
    }
}

#[test]
fn only_wanted_targets_are_searched() {
    let table = table(&pseudo_random(200, 6), 6, NullSemantics::Equal);
    let all = discover_fds(&table, &FdOptions::default()).dependencies;
    let options = FdOptions { targets: Some(AttributeSet::single(3)), ..Default::default() };
    let expected: Vec<Fd> = all.into_iter().filter(|fd| fd.right == 3).collect();
    assert_eq!(discover_fds(&table, &options).dependencies, expected);
}

#[test]
fn longer_tables_give_the_same_by_both_ways() {
    let mut rows = pseudo_random(2500, 7);
    for row in &mut rows {
        row[6] = row[0] % 4 + 4 * (row[1] % 3);
    }
    let table = table(&rows, 7, NullSemantics::Equal);
    let results =
        [Method::AllPairs, Method::Hybrid].map(|method| discover_fds(&table, &FdOptions { method, ..Default::default() }).dependencies);
    assert_eq!(results[0], results[1]);
    assert!(results[0].contains(&Fd::new([0, 1], 6)) && results[0].len() > 1);
}
