//! Approximate functional dependencies: those that hold when a small share of the rows is left out.
//!
//! The share is g3 (Kivinen and Mannila, Theoretical Computer Science 149, 1995): the fewest rows to remove over all rows. It
//! never grows with the left side, so left sides are searched by size as in TANE (Huhtala et al., 1999).
//!
//! Never estimates: every error reported was counted on all rows.

use std::collections::HashMap;

use crate::agree::View;
use crate::attributes::AttributeSet;
use crate::limits::Cancel;
use crate::partition::{Partition, Scratch};
use crate::pool::Pool;
use crate::search::{Counts, End};

/// What is searched for, and within which limits.
pub(crate) struct Request<'a> {
    /// Columns, numbered as in the view, whose determinants are wanted.
    pub(crate) targets: AttributeSet,
    pub(crate) max_left: usize,
    /// The most rows that may be left out.
    pub(crate) removable: usize,
    /// Left sides and results that fit into memory.
    pub(crate) max_results: usize,
    pub(crate) cancel: &'a Cancel,
    pub(crate) pool: &'a Pool,
}

/// What was found.
pub(crate) struct Outcome {
    pub(crate) found: Vec<(AttributeSet, usize)>,
    pub(crate) complete_to: Option<usize>,
    pub(crate) end: End,
    pub(crate) counts: Counts,
}

/// Left sides of one size with the targets that no smaller one determines.
type Level = Vec<(AttributeSet, AttributeSet)>;

/// All minimal left sides whose error is small enough.
pub(crate) fn search(view: &View<'_>, request: &Request<'_>) -> Outcome {
    let columns: Vec<usize> = (0..view.columns.len()).collect();
    let partitions = request.pool.map(&columns, |column| Partition::of_column(view.columns[*column], view.cardinality[*column]));
    let mut outcome = Outcome { found: Vec::new(), complete_to: None, end: End::Exhausted, counts: Counts::default() };
    let mut level: Level = vec![(AttributeSet::EMPTY, request.targets)];
    for size in 0..=columns.len() {
        if level.is_empty() {
            return outcome;
        }
        if size > request.max_left {
            outcome.end = End::MaxLeft;
            return outcome;
        }
        let valid = determined(view, &partitions, &level, request);
        if request.cancel.is_set() {
            outcome.end = End::Cancelled;
            return outcome;
        }
        outcome.counts.rounds += 1;
        outcome.counts.validations += level.len() as u64;
        for ((left, targets), valid) in level.iter_mut().zip(valid) {
            outcome.found.extend(valid.iter().map(|target| (*left, target)));
            *targets = targets.minus(&valid);
        }
        outcome.complete_to = Some(size);
        level.retain(|(_, targets)| !targets.is_empty());
        match next_level(&level, columns.len(), request.max_results.saturating_sub(outcome.found.len())) {
            Some(next) => level = next,
            None => {
                outcome.end = End::Memory;
                return outcome;
            }
        }
    }
    outcome
}

/// Left sides of one column more, all of whose parts leave some target open; nothing if there are too many.
fn next_level(level: &Level, width: usize, room: usize) -> Option<Level> {
    let open: HashMap<AttributeSet, AttributeSet> = level.iter().copied().collect();
    let mut next = Level::new();
    for (left, targets) in level {
        let begin = left.iter().last().map_or(0, |last| last + 1);
        for column in begin..width {
            let larger = left.with(column);
            let mut targets = targets.minus(&larger);
            for part in &larger {
                targets = targets & open.get(&larger.without(part)).copied().unwrap_or_default();
            }
            if !targets.is_empty() {
                next.push((larger, targets));
            }
        }
        if next.len() > room {
            return None;
        }
    }
    Some(next)
}

/// For each left side the targets that it determines well enough.
fn determined(view: &View<'_>, partitions: &[Partition], level: &Level, request: &Request<'_>) -> Vec<AttributeSet> {
    let chunks: Vec<&[(AttributeSet, AttributeSet)]> = level.chunks(level.len().div_ceil(16).clamp(1, 256)).collect();
    let valid = request.pool.map(&chunks, |chunk| {
        let mut counter = Counter::new(view, partitions, request.removable);
        let work = chunk.iter().take_while(|_| !request.cancel.is_set());
        work.map(|(left, targets)| counter.determined(left, targets)).collect::<Vec<_>>()
    });
    valid.into_iter().flatten().collect()
}

/// Counts the rows to leave out, keeping the partitions of the last left side's beginnings.
struct Counter<'a> {
    view: &'a View<'a>,
    partitions: &'a [Partition],
    removable: usize,
    scratch: Scratch,
    prefix: Vec<usize>,
    stack: Vec<Partition>,
}

impl<'a> Counter<'a> {
    fn new(view: &'a View<'a>, partitions: &'a [Partition], removable: usize) -> Self {
        let largest = view.cardinality.iter().copied().max().unwrap_or(0);
        Self { view, partitions, removable, scratch: Scratch::new(largest), prefix: Vec::new(), stack: vec![Partition::whole(view.rows)] }
    }

    fn determined(&mut self, left: &AttributeSet, targets: &AttributeSet) -> AttributeSet {
        let left: Vec<usize> = left.iter().collect();
        let kept = self.prefix.iter().zip(&left).take_while(|(a, b)| a == b).count();
        self.prefix.truncate(kept);
        while self.prefix.len() < left.len() {
            let column = left[self.prefix.len()];
            self.prefix.push(column);
            let depth = self.prefix.len();
            if self.stack.len() <= depth {
                self.stack.push(Partition::default());
            }
            let (before, after) = self.stack.split_at_mut(depth);
            let from = if depth == 2 { &self.partitions[left[0]] } else { &before[depth - 1] };
            if depth > 1 {
                from.refine(self.view.columns[column], &mut self.scratch, &mut after[0]);
            }
        }
        let partition = if left.len() == 1 { &self.partitions[left[0]] } else { &self.stack[left.len()] };
        let enough = |target: &usize| removed(partition, self.view.columns[*target], &mut self.scratch, self.removable) <= self.removable;
        targets.iter().filter(enough).collect()
    }
}

/// The fewest rows to remove so that the rows of each cluster agree; counting stops past `most`.
pub(crate) fn removed(partition: &Partition, codes: &[u32], scratch: &mut Scratch, most: usize) -> usize {
    let Scratch { slots, touched } = scratch;
    let mut removed = 0;
    for cluster in partition.clusters() {
        touched.clear();
        let mut largest = 0;
        for row in cluster {
            let code = codes[*row as usize];
            let slot = &mut slots[code as usize];
            if *slot == 0 {
                touched.push(code);
            }
            *slot += 1;
            largest = largest.max(*slot);
        }
        for code in touched.iter() {
            slots[*code as usize] = 0;
        }
        removed += cluster.len() - largest as usize;
        if removed > most {
            break;
        }
    }
    removed
}
