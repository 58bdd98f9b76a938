//! Minimal hitting sets: the smallest choices of columns that meet every one of a family of sets.
//!
//! The method is MMCS (Murakami and Uno, "Efficient algorithms for dualizing large-scale hypergraphs", Discrete Applied
//! Mathematics 170, 2014): depth first, each set found exactly once, memory for one path only. What two rows differ in is
//! such a family for every column, and its minimal hitting sets are the left sides of the minimal dependencies.
//!
//! Never looks at data: whoever gives the family vouches for it.

use crate::attributes::Bits;
use crate::limits::{Budget, Cancel};

/// At most this many uncovered edges are compared when choosing where to branch; they are the smallest ones.
const BRANCH_CANDIDATES: usize = 32;
/// Nodes between two looks at the cancel flag.
const NODES_PER_CHECK: u32 = 4096;

/// What to enumerate, and when to stop.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// The largest hitting set wanted.
    pub(crate) max_size: usize,
    /// Sets smaller than this are known and not reported again.
    pub(crate) min_size: usize,
    /// Counts the sets found, those of searches on other threads too; when it is used up, all of them stop.
    pub(crate) budget: &'a Budget,
    pub(crate) cancel: &'a Cancel,
}

/// The sets found, and whether that is all.
#[derive(Debug, Default)]
pub(crate) struct Found<const W: usize> {
    pub(crate) sets: Vec<Bits<W>>,
    /// There may be hitting sets larger than the bound.
    pub(crate) truncated: bool,
    /// The search was stopped by the cancel flag or by the budget.
    pub(crate) stopped: bool,
}

/// All minimal hitting sets of `edges` within the bounds. Empty edges cannot be hit: the answer is none.
pub(crate) fn minimal_hitting_sets<const W: usize>(edges: &[Bits<W>], bounds: Bounds<'_>) -> Found<W> {
    let mut edges = edges.to_vec();
    edges.sort_unstable_by_key(|edge| (edge.len(), *edge));
    if edges.first().is_some_and(Bits::is_empty) {
        return Found::default();
    }
    let vertices = edges.iter().fold(Bits::EMPTY, |all, edge| all | *edge);
    let mut search = Search::new(edges, bounds);
    search.explore(0, Bits::EMPTY, vertices);
    search.found
}

struct Search<'a, const W: usize> {
    edges: Vec<Bits<W>>,
    /// Words of a set of edges.
    words: usize,
    /// For each vertex the edges that it hits.
    hits: Vec<u64>,
    /// For each depth a frame: the uncovered edges, then for each member the edges that only it hits.
    frames: Vec<Vec<u64>>,
    bounds: Bounds<'a>,
    nodes: u32,
    found: Found<W>,
}

impl<'a, const W: usize> Search<'a, W> {
    fn new(edges: Vec<Bits<W>>, bounds: Bounds<'a>) -> Self {
        let words = edges.len().div_ceil(64);
        let width = edges.iter().filter_map(|edge| edge.iter().last()).max().map_or(0, |last| last + 1);
        let mut hits = vec![0; width * words];
        let mut uncovered = vec![0; words];
        for (index, edge) in edges.iter().enumerate() {
            uncovered[index / 64] |= 1 << (index % 64);
            for vertex in edge {
                hits[vertex * words + index / 64] |= 1 << (index % 64);
            }
        }
        Self { edges, words, hits, frames: vec![uncovered], bounds, nodes: 0, found: Found::default() }
    }

    fn explore(&mut self, depth: usize, members: Bits<W>, candidates: Bits<W>) {
        if self.found.stopped || self.must_stop() {
            return;
        }
        let Some((edge, common)) = self.branch(depth, &candidates) else {
            return self.report(depth, members);
        };
        if depth == self.bounds.max_size {
            self.found.truncated = true;
            return;
        }
        let last = depth + 1 == self.bounds.max_size;
        let mut branches = edge & candidates;
        if last {
            self.found.truncated |= !branches.is_subset(&common);
            branches = branches & common;
        }
        let mut rest = candidates.minus(&branches);
        for vertex in &branches {
            if self.descend(depth, vertex) {
                self.explore(depth + 1, members.with(vertex), rest);
                rest.insert(vertex);
            }
        }
    }

    fn report(&mut self, depth: usize, members: Bits<W>) {
        if depth < self.bounds.min_size {
            return;
        }
        self.found.stopped |= !self.bounds.budget.take();
        if !self.found.stopped {
            self.found.sets.push(members);
        }
    }

    fn must_stop(&mut self) -> bool {
        self.nodes = self.nodes.wrapping_add(1);
        self.found.stopped |= self.nodes % NODES_PER_CHECK == 1 && (self.bounds.cancel.is_set() || self.bounds.budget.is_spent());
        self.found.stopped
    }

    /// The uncovered edge with the fewest candidates, and the candidates common to all uncovered edges if only one more
    /// member is allowed. Nothing when all edges are covered.
    fn branch(&self, depth: usize, candidates: &Bits<W>) -> Option<(Bits<W>, Bits<W>)> {
        let want_common = depth + 1 == self.bounds.max_size;
        let mut common = *candidates;
        let mut best = None;
        let mut least = usize::MAX;
        let mut seen = 0;
        for (index, word) in self.frames[depth][..self.words].iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                let edge = self.edges[index * 64 + word.trailing_zeros() as usize];
                word &= word - 1;
                common = common & edge;
                seen += 1;
                let size = if seen <= BRANCH_CANDIDATES { (edge & *candidates).len() } else { usize::MAX };
                if size < least {
                    least = size;
                    best = Some(edge);
                }
                if least == 0 || if want_common { common.is_empty() } else { seen >= BRANCH_CANDIDATES } {
                    return best.map(|edge| (edge, common));
                }
            }
        }
        best.map(|edge| (edge, common))
    }

    /// Fills the next frame with the vertex added; false if that makes some member superfluous.
    fn descend(&mut self, depth: usize, vertex: usize) -> bool {
        let words = self.words;
        let size = words * (depth + 2);
        if self.frames.len() == depth + 1 {
            self.frames.push(vec![0; size]);
        }
        let (before, after) = self.frames.split_at_mut(depth + 1);
        let (frame, next) = (&before[depth], &mut after[0]);
        let hit = &self.hits[vertex * words..][..words];
        // The newest members lose their last edge of their own most often.
        for member in (1..=depth).rev() {
            let mut any = 0;
            let own = member * words..(member + 1) * words;
            for ((to, from), hit) in next[own.clone()].iter_mut().zip(&frame[own]).zip(hit) {
                *to = from & !hit;
                any |= *to;
            }
            if any == 0 {
                return false;
            }
        }
        let (uncovered, members) = next.split_at_mut(words);
        let newest = &mut members[depth * words..][..words];
        for (((to, own), from), hit) in uncovered.iter_mut().zip(newest).zip(&frame[..words]).zip(hit) {
            *to = from & !hit;
            *own = from & hit;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn search(edges: &[Bits<1>], max_size: usize) -> Found<1> {
        minimal_hitting_sets(edges, Bounds { max_size, min_size: 0, budget: &Budget::new(usize::MAX), cancel: &Cancel::never() })
    }

    fn by_trying_all(edges: &[Bits<1>], max_size: usize) -> BTreeSet<Bits<1>> {
        let subset = |number: usize| (0..7).filter(|bit| number >> bit & 1 == 1).collect::<Bits<1>>();
        let hitting: Vec<Bits<1>> = (0..128).map(subset).filter(|set| edges.iter().all(|edge| edge.intersects(set))).collect();
        let minimal = |set: &&Bits<1>| set.len() <= max_size && !hitting.iter().any(|other| other != *set && other.is_subset(set));
        hitting.iter().filter(minimal).copied().collect()
    }

    proptest! {
        #[test]
        fn finds_each_minimal_set_once(families in prop::collection::vec(prop::collection::btree_set(0usize..7, 1..5), 0..70), max_size in 0usize..8) {
            let edges: Vec<Bits<1>> = families.iter().map(|edge| edge.iter().copied().collect()).collect();
            let found = search(&edges, max_size);
            let all = by_trying_all(&edges, 7);
            let sets: BTreeSet<_> = found.sets.iter().copied().collect();
            prop_assert_eq!(sets.len(), found.sets.len());
            prop_assert_eq!(&sets, &by_trying_all(&edges, max_size));
            prop_assert!(found.truncated || sets == all);
        }
    }

    #[test]
    fn an_empty_edge_cannot_be_hit_and_no_edge_needs_nothing() {
        assert_eq!(search(&[Bits::EMPTY], 3).sets, []);
        assert_eq!(search(&[], 3).sets, [Bits::EMPTY]);
    }

    #[test]
    fn stops_when_told() {
        let edges: Vec<Bits<1>> = (0..20).map(|pair| [2 * pair, 2 * pair + 1].into_iter().collect()).collect();
        let cancel = Cancel::default();
        cancel.set();
        let unlimited = Budget::new(usize::MAX);
        let found = minimal_hitting_sets(&edges, Bounds { max_size: 20, min_size: 0, budget: &unlimited, cancel: &cancel });
        assert!(found.stopped && found.sets.is_empty());
        let ten = Budget::new(10);
        let found = minimal_hitting_sets(&edges, Bounds { max_size: 20, min_size: 0, budget: &ten, cancel: &Cancel::never() });
        assert!(found.stopped && found.sets.len() == 10);
    }
}
