//! The hybrid search for minimal left sides: pairs of rows refute, hitting sets of the refutations propose, partitions decide.
//!
//! Left sides are searched by size. A size is finished when every proposal of that size held on all rows, so at any time
//! the answer is exact and minimal up to the last finished size. Related work: HyFD (Papenbrock and Naumann, SIGMOD 2016)
//! switches in the same way between sampling and validation; that minimal dependencies are hitting sets of difference sets
//! is from Mannila and Räihä (1987), and HPIValid (Birnick et al., PVLDB 13, 2020) and FDHits (Bleifuß et al., SIGMOD 2024)
//! searched with such hitting sets before.
//!
//! Never reports what only a sample supports.

use std::collections::BTreeMap;

use crate::agree::{AgreeSets, Family, Target, View, largest_first};
use crate::attributes::Bits;
use crate::hitting::{Bounds, minimal_hitting_sets};
use crate::limits::{Budget, Cancel};
use crate::partition::Partition;
use crate::pool::Pool;
use crate::sample;
use crate::validate::{Candidate, Checked, Validator};

/// How pairs of rows are chosen. The result does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// All pairs when they are few, else hybrid.
    #[default]
    Automatic,
    /// Compare each row with each: no validation is needed then.
    AllPairs,
    /// Sample pairs, then validate on partitions.
    Hybrid,
}

/// Comparisons of two codes that all pairs may cost before sampling is the better way.
const ALL_PAIRS_COMPARISONS: usize = 12_000_000;

/// What is searched for, and within which limits.
pub(crate) struct Request<'a> {
    pub(crate) targets: Vec<Target>,
    pub(crate) max_left: usize,
    pub(crate) method: Method,
    /// Results that fit into memory.
    pub(crate) max_results: usize,
    pub(crate) cancel: &'a Cancel,
    pub(crate) pool: &'a Pool,
}

/// Work done, for those who want to know where the time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) pairs: u64,
    pub(crate) agree_sets: u64,
    pub(crate) validations: u64,
    pub(crate) rounds: u64,
}

/// What was proved.
pub(crate) struct Outcome<const W: usize> {
    /// Minimal left sides with their targets.
    pub(crate) proved: Vec<(Bits<W>, Target)>,
    /// The largest size of left sides up to which nothing is missing; none if not even the empty one was finished.
    pub(crate) complete_to: Option<usize>,
    pub(crate) end: End,
    pub(crate) counts: Counts,
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There are no larger minimal left sides.
    Exhausted,
    /// There may be larger ones than were asked for.
    MaxLeft,
    /// The results did not fit into memory.
    Memory,
    Cancelled,
}

/// The minimal left sides of each target.
pub(crate) fn search<const W: usize>(view: &View<'_>, request: &Request<'_>) -> Outcome<W> {
    let pairs = view.rows * view.rows.saturating_sub(1) / 2;
    let few = pairs.saturating_mul(view.columns.len()) <= ALL_PAIRS_COMPARISONS;
    let all_pairs = request.method == Method::AllPairs || (request.method == Method::Automatic && few);
    let mut state = State::new(view, request);
    if all_pairs {
        state.compare_all_pairs()
    } else {
        state.sample()
    }
    state.by_size(all_pairs)
}

struct State<'a, const W: usize> {
    view: &'a View<'a>,
    request: &'a Request<'a>,
    universe: Bits<W>,
    families: Vec<Family<W>>,
    /// Families whose proposals may have changed since they were last made.
    stale: Vec<bool>,
    /// Families that may have larger left sides than those of the current size.
    truncated: Vec<bool>,
    agree: AgreeSets<W>,
    partitions: Vec<Partition>,
    proved: Vec<(Bits<W>, Target)>,
    counts: Counts,
}

impl<'a, const W: usize> State<'a, W> {
    fn new(view: &'a View<'a>, request: &'a Request<'a>) -> Self {
        let families: Vec<Family<W>> = request.targets.iter().map(|target| Family::new(*target)).collect();
        Self {
            view,
            request,
            universe: Bits::below(view.columns.len()),
            stale: vec![true; families.len()],
            truncated: vec![true; families.len()],
            families,
            agree: AgreeSets::default(),
            partitions: Vec::new(),
            proved: Vec::new(),
            counts: Counts::default(),
        }
    }

    fn compare_all_pairs(&mut self) {
        let mut sets = Vec::new();
        for row in 0..self.view.rows {
            self.view.compare_with_later(row, &mut sets);
            for set in &sets {
                self.agree.insert(*set);
            }
        }
        self.counts.pairs = (self.view.rows * self.view.rows.saturating_sub(1) / 2) as u64;
        let all = std::mem::take(&mut self.agree);
        self.learn(all.as_slice().to_vec());
    }

    fn sample(&mut self) {
        let columns: Vec<usize> = (0..self.view.columns.len()).collect();
        let (view, pool) = (self.view, self.request.pool);
        self.partitions = pool.map(&columns, |column| Partition::of_column(view.columns[*column], view.cardinality[*column]));
        let partitions = &self.partitions;
        let sampled = pool.map(&columns, |column| sample::neighbours::<W>(view, &partitions[*column]));
        let mut fresh = Vec::new();
        for sample in sampled {
            self.counts.pairs += sample.pairs;
            fresh.extend(sample.agree.as_slice().iter().filter(|set| self.agree.insert(**set)));
        }
        self.learn(fresh);
    }

    /// Passes agree sets on to the families.
    fn learn(&mut self, mut sets: Vec<Bits<W>>) {
        self.counts.agree_sets += sets.len() as u64;
        largest_first(&mut sets);
        let universe = self.universe;
        let families = std::mem::take(&mut self.families);
        let slots: Vec<std::sync::Mutex<Family<W>>> = families.into_iter().map(std::sync::Mutex::new).collect();
        let changed = self.request.pool.map(&slots, |family| family.lock().is_ok_and(|mut family| family.learn(&sets, &universe)));
        self.families = slots.into_iter().filter_map(|family| family.into_inner().ok()).collect();
        for (stale, changed) in self.stale.iter_mut().zip(changed) {
            *stale |= changed;
        }
    }

    fn by_size(mut self, all_pairs: bool) -> Outcome<W> {
        let max_left = self.request.max_left.min(self.view.columns.len());
        if all_pairs && let Some(end) = self.all_sizes(max_left) {
            return self.finish(Some(max_left), end);
        }
        let mut complete_to = None;
        for size in 0..=max_left {
            if let Err(end) = self.one_size(size, all_pairs) {
                return self.finish(complete_to, end);
            }
            complete_to = Some(size);
            if !self.truncated.contains(&true) {
                return self.finish(complete_to, End::Exhausted);
            }
            self.stale.clone_from(&self.truncated);
        }
        self.finish(complete_to, End::MaxLeft)
    }

    /// With all refutations known one search gives every size; nothing if the results are too many or it was cancelled.
    fn all_sizes(&mut self, max_left: usize) -> Option<End> {
        let budget = Budget::new(self.request.max_results);
        let cancel = self.request.cancel;
        let bounds = Bounds { max_size: max_left, min_size: 0, budget: &budget, cancel };
        let found = self.request.pool.map(&self.families, |family| minimal_hitting_sets(&family.edges, bounds));
        if found.iter().any(|found| found.stopped) {
            return None;
        }
        let truncated = found.iter().any(|found| found.truncated);
        self.proved.reserve_exact(found.iter().map(|found| found.sets.len()).sum());
        for (family, found) in self.families.iter().zip(found) {
            self.proved.extend(found.sets.into_iter().map(|set| (set, family.target)));
        }
        Some(if truncated { End::MaxLeft } else { End::Exhausted })
    }

    /// Proposes and validates left sides of one size until every proposal holds.
    fn one_size(&mut self, size: usize, certain: bool) -> Result<(), End> {
        let begin = self.proved.len();
        let mut held: Vec<Vec<Bits<W>>> = vec![Vec::new(); self.families.len()];
        loop {
            self.counts.rounds += 1;
            let (proposed, too_many) = self.propose(size, begin).inspect_err(|_| self.proved.truncate(begin))?;
            if certain && !too_many {
                self.proved.extend(proposed.iter().map(|(set, family)| (*set, self.families[*family].target)));
                return Ok(());
            }
            let open: Vec<(Bits<W>, usize)> =
                proposed.into_iter().filter(|(set, family)| held[*family].binary_search(set).is_err()).collect();
            if open.is_empty() && !too_many {
                return Ok(());
            }
            let known = self.agree.len();
            for (set, family) in if certain { Vec::new() } else { self.validate(&open) } {
                held[family].push(set);
                self.proved.push((set, self.families[family].target));
            }
            held.iter_mut().for_each(|sets| sets.sort_unstable());
            if self.request.cancel.is_set() {
                return Err(End::Cancelled);
            }
            // Proposals that rows refute make room; when none was refuted, there is too much that holds.
            if too_many && self.agree.len() == known {
                self.proved.truncate(begin);
                return Err(End::Memory);
            }
        }
    }

    /// The possible left sides of the stale families, and whether there are more of them than fit beside the `smaller` ones.
    fn propose(&mut self, size: usize, smaller: usize) -> Result<(Vec<(Bits<W>, usize)>, bool), End> {
        let stale: Vec<usize> = (0..self.families.len()).filter(|family| self.stale[*family]).collect();
        let cancel = self.request.cancel;
        let budget = Budget::new(self.request.max_results.saturating_sub(smaller));
        let bounds = Bounds { max_size: size, min_size: size, budget: &budget, cancel };
        let found = self.request.pool.map(&stale, |family| minimal_hitting_sets(&self.families[*family].edges, bounds));
        if cancel.is_set() {
            return Err(End::Cancelled);
        }
        let too_many = found.iter().any(|found| found.stopped);
        let mut proposed = Vec::new();
        for (family, found) in stale.into_iter().zip(found) {
            self.stale[family] = too_many;
            self.truncated[family] = found.truncated;
            proposed.extend(found.sets.into_iter().map(|set| (set, family)));
        }
        Ok((proposed, too_many))
    }

    /// Reads rows; gives what holds and learns from what does not.
    fn validate(&mut self, open: &[(Bits<W>, usize)]) -> Vec<(Bits<W>, usize)> {
        let candidates = self.candidates(open);
        let chunk = candidates.len().div_ceil(16).clamp(4, 256);
        let chunks: Vec<&[Candidate<W>]> = candidates.chunks(chunk).collect();
        let (view, partitions, cancel) = (self.view, &self.partitions, self.request.cancel);
        let checked: Vec<Checked<W>> = self.request.pool.map(&chunks, |chunk| Validator::new(view, partitions).check(chunk, cancel));
        let family_of: BTreeMap<Target, usize> = self.families.iter().enumerate().map(|(index, family)| (family.target, index)).collect();
        let mut held = Vec::new();
        let mut fresh = Vec::new();
        for chunk in checked {
            self.counts.validations += chunk.validations;
            for candidate in chunk.proved {
                let columns = candidate.columns.iter().map(|column| Target::Column(column as u16));
                let targets = columns.chain(candidate.unique.then_some(Target::Row));
                held.extend(targets.filter_map(|target| Some((candidate.left, *family_of.get(&target)?))));
            }
            fresh.extend(chunk.agree.as_slice().iter().filter(|set| self.agree.insert(**set)));
        }
        self.learn(fresh);
        held
    }

    /// Proposals with the same left side become one candidate.
    fn candidates(&self, open: &[(Bits<W>, usize)]) -> Vec<Candidate<W>> {
        let mut sorted = open.to_vec();
        sorted.sort_unstable();
        let mut candidates: Vec<Candidate<W>> = Vec::new();
        for (left, family) in sorted {
            if candidates.last().is_none_or(|last| last.left != left) {
                candidates.push(Candidate { left, columns: Bits::EMPTY, unique: false });
            }
            if let Some(last) = candidates.last_mut() {
                match self.families[family].target {
                    Target::Column(column) => last.columns.insert(column as usize),
                    Target::Row => last.unique = true,
                }
            }
        }
        candidates
    }

    fn finish(self, complete_to: Option<usize>, end: End) -> Outcome<W> {
        Outcome { proved: self.proved, complete_to, end, counts: self.counts }
    }
}
