//! Decompositions: third normal form by synthesis, Boyce-Codd normal form by splitting.
//!
//! Never claims what it did not check: every result says whether the chase found it lossless, and what it lost.

use serde::{Deserialize, Serialize};

use super::chase::{is_lossless, lost_dependencies};
use super::closure::{Closure, minimal_cover};
use super::keys::shrink_to_key;
use crate::attributes::AttributeSet;
use crate::fd::Fd;

/// Subsets tried when looking for a violation that no given left side shows.
const MAX_SUBSETS: usize = 20_000;

/// One table of a decomposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relation {
    /// Its columns.
    pub attributes: AttributeSet,
    /// A key of it.
    pub key: AttributeSet,
}

/// Tables that together hold what one held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decomposition {
    /// The tables by columns.
    pub relations: Vec<Relation>,
    /// Whether the chase proves that joining them gives back the table.
    pub lossless: bool,
    /// Dependencies of the minimal cover that can only be checked across tables.
    pub lost: Vec<Fd>,
}

/// Third normal form by synthesis (Bernstein, TODS 1, 1976; with a key added by Biskup, Dayal and Bernstein, SIGMOD 1979):
/// lossless and dependency-preserving by construction, and checked nevertheless.
pub fn synthesize_3nf(fds: &[Fd], universe: &AttributeSet) -> Decomposition {
    let cover = minimal_cover(fds);
    let closure = Closure::new(&cover);
    let mut relations: Vec<Relation> =
        closure.rules().iter().map(|(left, right)| Relation { attributes: *left | *right, key: *left }).collect();
    let key = shrink_to_key(&closure, universe, universe);
    if !relations.iter().any(|relation| universe.is_subset(&closure.of(&relation.attributes))) {
        relations.push(Relation { attributes: key, key });
    }
    finish(relations, &cover, universe)
}

/// Boyce-Codd normal form by splitting along violations: lossless always, dependency-preserving where that is possible along
/// the way taken.
pub fn decompose_bcnf(fds: &[Fd], universe: &AttributeSet) -> Decomposition {
    let cover = minimal_cover(fds);
    let closure = Closure::new(&cover);
    let mut open = vec![*universe];
    let mut relations = Vec::new();
    while let Some(table) = open.pop() {
        match violation(&closure, &table) {
            None => relations.push(Relation { attributes: table, key: shrink_to_key(&closure, &table, &table) }),
            Some((left, determined)) => {
                open.push(table.minus(&determined) | left);
                open.push(determined);
            }
        }
    }
    finish(relations, &cover, universe)
}

fn finish(mut relations: Vec<Relation>, cover: &[Fd], universe: &AttributeSet) -> Decomposition {
    relations.sort_unstable();
    relations.dedup_by_key(|relation| relation.attributes);
    let all = relations.clone();
    relations.retain(|relation| !all.iter().any(|other| other != relation && relation.attributes.is_subset(&other.attributes)));
    let tables: Vec<AttributeSet> = relations.iter().map(|relation| relation.attributes).collect();
    Decomposition { lossless: is_lossless(universe, &tables, cover), lost: lost_dependencies(&tables, cover), relations }
}

/// A set of columns that determines some but not all of the others of the table, and with them what it determines; nothing
/// if the table is in BCNF.
fn violation(closure: &Closure, table: &AttributeSet) -> Option<(AttributeSet, AttributeSet)> {
    let determined = |left: &AttributeSet| closure.of(left) & *table;
    let violates = |left: &AttributeSet| determined(left) != *left && determined(left) != *table;
    let given = closure.rules().iter().map(|(left, _)| left).filter(|left| left.is_subset(table) && violates(left));
    // What determines most is split off last, so that it stays together.
    if let Some(left) = given.min_by_key(|left| (determined(left).len(), **left)) {
        return Some((*left, determined(left)));
    }
    // No given left side shows one. If no pair of columns has one determined by all the others, there is none (Tsou and
    // Fischer, SIGACT News 14, 1982); else a left side that follows from several dependencies may.
    let pair = determined_pair(closure, table)?;
    match small_violation(table, violates) {
        Subsets::Violating(left) => Some((left, determined(&left))),
        Subsets::Clean => None,
        Subsets::TooMany => Some(forced_split(closure, table, pair)),
    }
}

/// What the subsets of a table showed.
enum Subsets {
    Violating(AttributeSet),
    Clean,
    TooMany,
}

/// A column of the table that all columns but another one determine.
fn determined_pair(closure: &Closure, table: &AttributeSet) -> Option<(usize, usize)> {
    table.iter().find_map(|column| {
        let rest = table.without(column);
        let other = rest.iter().find(|other| closure.of(&rest.without(*other)).contains(column))?;
        Some((column, other))
    })
}

/// The smallest violating subset among the first ones by size.
fn small_violation(table: &AttributeSet, violates: impl Fn(&AttributeSet) -> bool) -> Subsets {
    let columns: Vec<usize> = table.iter().collect();
    let mut level = vec![(AttributeSet::EMPTY, 0)];
    let mut tried = 0;
    while !level.is_empty() {
        let mut next = Vec::new();
        for (set, begin) in level {
            tried += 1;
            if tried > MAX_SUBSETS {
                return Subsets::TooMany;
            }
            if violates(&set) {
                return Subsets::Violating(set);
            }
            next.extend((begin..columns.len()).map(|index| (set.with(columns[index]), index + 1)));
        }
        level = next;
    }
    Subsets::Clean
}

/// The split of Tsou and Fischer: always lossless, and its smaller side is in BCNF, though the table may not have needed it.
fn forced_split(closure: &Closure, table: &AttributeSet, pair: (usize, usize)) -> (AttributeSet, AttributeSet) {
    let (mut column, mut other) = pair;
    let mut part = *table;
    loop {
        part = part.without(other);
        match determined_pair(closure, &part) {
            Some(pair) => (column, other) = pair,
            None => return (part.without(column), part),
        }
    }
}
