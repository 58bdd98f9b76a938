//! Checks candidate dependencies on the rows: the second half of the hybrid search.
//!
//! Never believes a sample: a candidate holds when every cluster of its left side's partition was seen.

use crate::agree::{AgreeSets, View};
use crate::attributes::Bits;
use crate::limits::Cancel;
use crate::partition::{Partition, Scratch};

/// A left side and what it may determine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<const W: usize> {
    pub(crate) left: Bits<W>,
    /// Columns that it may determine.
    pub(crate) columns: Bits<W>,
    /// It may also be unique.
    pub(crate) unique: bool,
}

/// What the check of a chunk of candidates gave.
#[derive(Debug, Default)]
pub(crate) struct Checked<const W: usize> {
    /// The candidates, each reduced to what holds.
    pub(crate) proved: Vec<Candidate<W>>,
    /// Agree sets of the rows that refuted the others.
    pub(crate) agree: AgreeSets<W>,
    /// Left sides for which rows were read.
    pub(crate) validations: u64,
}

/// Checks candidates one after the other. Those with a common beginning share its partition.
pub(crate) struct Validator<'a, const W: usize> {
    view: &'a View<'a>,
    partitions: &'a [Partition],
    scratch: Scratch,
    /// Partitions of the first 2, 3, … columns of `prefix`.
    stack: Vec<Partition>,
    prefix: Vec<usize>,
    /// Partitions of single clusters, one per level below the stack.
    levels: Vec<Partition>,
    agree: AgreeSets<W>,
}

/// What is still possible for a left side while its clusters are read.
struct Alive<'a> {
    columns: Vec<(usize, &'a [u32])>,
    unique: bool,
    /// Rows that agree on the left side and not on something that was alive.
    refuting: Vec<(u32, u32)>,
}

impl Alive<'_> {
    fn is_empty(&self) -> bool {
        self.columns.is_empty() && !self.unique
    }

    /// Two rows agree on the left side: what they differ in is not determined.
    #[inline]
    fn meet(&mut self, first: u32, second: u32) {
        let agree = |(_, codes): &(usize, &[u32])| codes[first as usize] == codes[second as usize];
        if !self.unique && self.columns.iter().all(agree) {
            return;
        }
        self.columns.retain(agree);
        self.unique = false;
        self.refuting.push((first, second));
    }
}

impl<'a, const W: usize> Validator<'a, W> {
    /// `partitions` are those of the single columns of `view`.
    pub(crate) fn new(view: &'a View<'a>, partitions: &'a [Partition]) -> Self {
        let largest = view.cardinality.iter().copied().max().unwrap_or(0);
        Self {
            view,
            partitions,
            scratch: Scratch::new(largest),
            stack: Vec::new(),
            prefix: Vec::new(),
            levels: Vec::new(),
            agree: AgreeSets::default(),
        }
    }

    /// Checks candidates, which are sorted by their left sides.
    pub(crate) fn check(mut self, candidates: &[Candidate<W>], cancel: &Cancel) -> Checked<W> {
        let mut proved = Vec::new();
        let mut validations = 0;
        for (index, candidate) in candidates.iter().enumerate() {
            if cancel.is_set() {
                break;
            }
            let candidate = self.less_refuted(*candidate);
            if candidate.columns.is_empty() && !candidate.unique {
                continue;
            }
            let next = candidates.get(index + 1).map(|next| next.left);
            let left = self.holds(candidate, next);
            validations += 1;
            if !left.columns.is_empty() || left.unique {
                proved.push(left);
            }
        }
        Checked { proved, agree: self.agree, validations }
    }

    /// What rows that were met on the way already refute needs no reading.
    fn less_refuted(&self, mut candidate: Candidate<W>) -> Candidate<W> {
        for set in self.agree.as_slice() {
            if candidate.left.is_subset(set) {
                candidate.columns = candidate.columns & *set;
                candidate.unique = false;
            }
        }
        candidate
    }

    fn holds(&mut self, candidate: Candidate<W>, next: Option<Bits<W>>) -> Candidate<W> {
        let view = self.view;
        let left: Vec<usize> = candidate.left.iter().collect();
        let shared = next.map_or(0, |next| left.iter().zip(next.iter()).take_while(|(a, b)| **a == *b).count());
        let depth = self.prepare(&left, shared);
        let columns = candidate.columns.iter().map(|column| (column, view.columns[column])).collect();
        let mut alive = Alive { columns, unique: candidate.unique, refuting: Vec::new() };
        let rest: Vec<&[u32]> = left[depth..].iter().map(|column| view.columns[*column]).collect();
        if self.levels.len() < rest.len() {
            self.levels.resize_with(rest.len(), Partition::default);
        }
        let whole;
        let base = match depth {
            0 => {
                whole = Partition::whole(view.rows);
                &whole
            }
            1 => &self.partitions[left[0]],
            _ => &self.stack[depth - 2],
        };
        for cluster in base.clusters() {
            descend(cluster, &rest, &mut self.levels, &mut self.scratch, &mut alive);
            if alive.is_empty() {
                break;
            }
        }
        self.learn(&alive.refuting);
        let columns = alive.columns.iter().map(|(column, _)| *column).collect();
        Candidate { left: candidate.left, columns, unique: alive.unique }
    }

    /// Makes the partition of the first columns, as far as the next candidate shares them or they are there already; gives
    /// their number.
    fn prepare(&mut self, left: &[usize], shared: usize) -> usize {
        let kept = self.prefix.iter().zip(left).take_while(|(a, b)| a == b).count();
        self.prefix.truncate(kept);
        let wanted = shared.min(left.len().saturating_sub(1)).max(1).min(left.len());
        while self.prefix.len() < wanted {
            let column = left[self.prefix.len()];
            self.prefix.push(column);
            let depth = self.prefix.len();
            if depth < 2 {
                continue;
            }
            if self.stack.len() < depth - 1 {
                self.stack.push(Partition::default());
            }
            let (before, after) = self.stack.split_at_mut(depth - 2);
            let from = before.last().unwrap_or(&self.partitions[left[0]]);
            from.refine(self.view.columns[column], &mut self.scratch, &mut after[0]);
        }
        self.prefix.len().min(left.len())
    }

    fn learn(&mut self, pairs: &[(u32, u32)]) {
        let mut sets = Vec::new();
        self.view.compare(pairs, &mut sets);
        for set in sets {
            self.agree.insert(set);
        }
    }
}

/// Splits a cluster by the remaining columns of the left side and looks at the rows that then still agree.
fn descend(cluster: &[u32], rest: &[&[u32]], levels: &mut [Partition], scratch: &mut Scratch, alive: &mut Alive<'_>) {
    match (rest, levels) {
        ([], _) | (_, []) => meet_all(cluster, alive),
        ([codes], _) => meet_by(cluster, codes, scratch, alive),
        ([codes, rest @ ..], [level, levels @ ..]) => {
            level.clear();
            level.append_refined(cluster, codes, scratch);
            for cluster in level.clusters() {
                descend(cluster, rest, levels, scratch, alive);
                if alive.is_empty() {
                    return;
                }
            }
        }
    }
}

fn meet_all(cluster: &[u32], alive: &mut Alive<'_>) {
    let Some((first, others)) = cluster.split_first() else { return };
    for row in others {
        alive.meet(*first, *row);
        if alive.is_empty() {
            return;
        }
    }
}

/// Lets each row meet the first one of the cluster with the same code.
fn meet_by(cluster: &[u32], codes: &[u32], scratch: &mut Scratch, alive: &mut Alive<'_>) {
    if let [first, second] = cluster {
        if codes[*first as usize] == codes[*second as usize] {
            alive.meet(*first, *second);
        }
        return;
    }
    let Scratch { slots, touched } = scratch;
    touched.clear();
    for row in cluster {
        let code = codes[*row as usize];
        let slot = &mut slots[code as usize];
        if *slot == 0 {
            *slot = *row + 1;
            touched.push(code);
            continue;
        }
        alive.meet(*slot - 1, *row);
        if alive.is_empty() {
            break;
        }
    }
    for code in touched.iter() {
        slots[*code as usize] = 0;
    }
}
