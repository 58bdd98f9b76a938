//! Looks for the set with the least cost that fits a budget: begins with more than fits and drops what is missed least,
//! then swaps. Costs come from [`Knowledge`], guesses included; it never asks the planner.
//!
//! Dropping from the full set is the way of Bruno and Chaudhuri (relaxation, SIGMOD 2005); the swaps are plain local
//! search. No index is ever grown by a column: candidates are complete when they come here.

use super::knowledge::Knowledge;
use super::mask::Mask;
use super::problem::Problem;

/// Savings below this share of the workload's cost end the search for swaps.
const LEAST_GAIN: f64 = 1e-7;
/// Swaps at most, for one search.
const MOST_SWAPS: usize = 400;
/// Candidates that one step of the search tries to swap in, those with the greatest saving first.
const MOST_TRIALS: usize = 160;

/// What the set may cost on disk and how much each index has to bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bytes of all indexes together.
    pub bytes: f64,
    /// Cost that each index has to save, in the planner's units over the whole workload.
    pub least_saving: f64,
    /// Number of indexes.
    pub count: usize,
}

/// A set under construction, with each statement's cost under it.
pub struct State<'a> {
    problem: &'a Problem,
    known: &'a [Knowledge],
    places: &'a Places,
    chosen: Vec<bool>,
    masks: Vec<Mask>,
    costs: Vec<f64>,
    bytes: f64,
    count: usize,
}

/// Where candidates matter: for each its statements, with its position there.
pub struct Places {
    of: Vec<Vec<(usize, usize)>>,
    writes_of: Vec<Vec<usize>>,
}

impl Places {
    /// Of all candidates that could matter: those that some plan used, and those that do the same.
    #[must_use]
    pub fn new(problem: &Problem, known: &[Knowledge]) -> Self {
        let mut of = vec![Vec::new(); problem.candidates.len()];
        for (at, asker) in problem.statements.iter().enumerate() {
            for (position, relevant) in asker.relevant.iter().enumerate() {
                if known[at].useful.has(relevant.stands_for) {
                    of[relevant.candidate].push((at, position));
                }
            }
        }
        let tables = |candidate: usize| {
            let table = problem.candidates[candidate].table;
            problem.writes.iter().enumerate().filter(move |(_, writes)| writes.table == table).map(|(at, _)| at).collect()
        };
        Self { of, writes_of: (0..problem.candidates.len()).map(tables).collect() }
    }

    /// The statements of a candidate, with its position there.
    #[must_use]
    pub fn of(&self, candidate: usize) -> &[(usize, usize)] {
        &self.of[candidate]
    }
}

impl<'a> State<'a> {
    /// A set of candidates.
    #[must_use]
    pub fn new(problem: &'a Problem, known: &'a [Knowledge], places: &'a Places, members: &[usize]) -> Self {
        let mut state = Self {
            problem,
            known,
            places,
            chosen: vec![false; problem.candidates.len()],
            masks: vec![Mask::EMPTY; problem.statements.len()],
            costs: known.iter().map(Knowledge::base).collect(),
            bytes: 0.0,
            count: 0,
        };
        for member in members {
            if !state.chosen[*member] {
                state.put(*member);
            }
        }
        state
    }

    /// The members, in order.
    #[must_use]
    pub fn members(&self) -> Vec<usize> {
        (0..self.chosen.len()).filter(|at| self.chosen[*at]).collect()
    }

    /// Bytes of all members.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        self.bytes
    }

    /// Cost of the workload, reads and writes.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let reads: f64 = self.problem.statements.iter().zip(&self.costs).map(|(asker, cost)| asker.weight * cost).sum();
        reads + self.problem.write_cost(&self.chosen)
    }

    /// Of a statement: the set as it sees it.
    #[must_use]
    pub fn mask(&self, statement: usize) -> Mask {
        self.masks[statement]
    }

    fn put(&mut self, candidate: usize) {
        self.change(candidate, true);
    }

    fn take(&mut self, candidate: usize) {
        self.change(candidate, false);
    }

    fn change(&mut self, candidate: usize, there: bool) {
        self.chosen[candidate] = there;
        let bytes = self.problem.candidates[candidate].bytes;
        self.bytes += if there { bytes } else { -bytes };
        self.count = if there { self.count + 1 } else { self.count - 1 };
        for (at, position) in self.places.of(candidate) {
            let mask = &mut self.masks[*at];
            *mask = if there { mask.with(*position) } else { mask.without(*position) };
            self.costs[*at] = self.known[*at].cost(*mask).value;
        }
    }

    /// What changing one candidate adds to the cost.
    fn difference(&mut self, candidate: usize, there: bool) -> f64 {
        let mut sum = 0.0;
        for (at, position) in self.places.of(candidate) {
            let mask = if there { self.masks[*at].with(*position) } else { self.masks[*at].without(*position) };
            sum += self.problem.statements[*at].weight * (self.known[*at].cost(mask).value - self.costs[*at]);
        }
        sum + self.write_difference(candidate, there)
    }

    fn write_difference(&mut self, candidate: usize, there: bool) -> f64 {
        let tables = &self.places.writes_of[candidate];
        if tables.is_empty() {
            return 0.0;
        }
        let cost = |chosen: &[bool]| -> f64 { tables.iter().map(|at| self.problem.writes[*at].cost(chosen)).sum() };
        let before = cost(&self.chosen);
        self.chosen[candidate] = there;
        let after = cost(&self.chosen);
        self.chosen[candidate] = !there;
        after - before
    }

    /// What taking the candidate away costs.
    fn loss(&mut self, candidate: usize) -> f64 {
        self.difference(candidate, false)
    }

    fn fits(&self, limits: &Limits) -> bool {
        self.bytes <= limits.bytes && self.count <= limits.count
    }

    /// Drops what is missed least for its size until the rest fits; `kept` stays. Losses are taken from `losses` where
    /// they are still right. Gives the members that were dropped, or nothing when it can't fit.
    fn shrink(&mut self, limits: &Limits, kept: Option<usize>, losses: &mut [Option<f64>]) -> Option<Vec<usize>> {
        let mut dropped = Vec::new();
        while !self.fits(limits) {
            let by_count = self.bytes <= limits.bytes;
            let mut least: Option<(f64, usize)> = None;
            for member in self.members() {
                if Some(member) == kept {
                    continue;
                }
                let loss = match losses[member] {
                    Some(loss) => loss,
                    None => *losses[member].insert(self.loss(member)),
                };
                let rate = if by_count { loss } else { loss / self.problem.candidates[member].bytes.max(1.0) };
                if least.is_none_or(|(rate_before, _)| rate < rate_before) {
                    least = Some((rate, member));
                }
            }
            let (_, member) = least?;
            self.take(member);
            self.forget(member, losses);
            dropped.push(member);
        }
        Some(dropped)
    }

    /// Losses that a change of this candidate makes wrong: of all that matter to a statement of its, or share its writes.
    fn forget(&self, candidate: usize, losses: &mut [Option<f64>]) {
        losses[candidate] = None;
        for (at, _) in self.places.of(candidate) {
            for position in self.masks[*at].members() {
                losses[self.problem.statements[*at].relevant[position].candidate] = None;
            }
        }
        if self.places.writes_of[candidate].iter().any(|at| !self.problem.writes[*at].updates.is_empty()) {
            let table = self.problem.candidates[candidate].table;
            for (other, loss) in losses.iter_mut().enumerate() {
                if self.problem.candidates[other].table == table {
                    *loss = None;
                }
            }
        }
    }

    /// Drops members that bring less than they have to.
    fn drop_idle(&mut self, least_saving: f64) {
        loop {
            let members = self.members();
            let worst = members.into_iter().map(|member| (self.loss(member), member)).min_by(|a, b| a.0.total_cmp(&b.0));
            match worst {
                Some((loss, member)) if loss <= least_saving => self.take(member),
                _ => return,
            }
        }
    }

    /// Improves the set by swaps until none helps: one index comes in, and what is missed least goes until all fits.
    pub fn improve(&mut self, limits: &Limits) {
        let mut losses = vec![None; self.chosen.len()];
        if self.shrink(limits, None, &mut losses).is_none() {
            return;
        }
        self.drop_idle(limits.least_saving);
        for _ in 0..MOST_SWAPS {
            if !self.swap(limits) {
                break;
            }
        }
        self.drop_idle(limits.least_saving);
    }

    /// Makes the first swap that helps, trying those with the greatest saving first.
    fn swap(&mut self, limits: &Limits) -> bool {
        let before = self.cost();
        let least = (before.abs() * LEAST_GAIN).max(limits.least_saving);
        let mut savings: Vec<(f64, usize)> = Vec::new();
        for candidate in 0..self.chosen.len() {
            let fits = self.problem.candidates[candidate].bytes <= limits.bytes;
            if !self.chosen[candidate] && fits && !self.places.of(candidate).is_empty() {
                let saving = -self.difference(candidate, true);
                if saving > least {
                    savings.push((saving, candidate));
                }
            }
        }
        savings.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut losses: Vec<Option<f64>> = vec![None; self.chosen.len()];
        for member in self.members() {
            losses[member] = Some(self.loss(member));
        }
        let mut best: Option<(f64, usize)> = None;
        for (saving, candidate) in savings.into_iter().take(MOST_TRIALS) {
            if best.is_some_and(|(gain, _)| gain >= saving) {
                break;
            }
            let gain = self.try_swap(candidate, limits, &losses, before);
            if gain > least && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, candidate));
            }
        }
        let Some((_, candidate)) = best else { return false };
        self.put(candidate);
        self.forget(candidate, &mut losses);
        self.shrink(limits, Some(candidate), &mut losses).is_some()
    }

    /// What a swap would bring; the set is left as it was.
    fn try_swap(&mut self, candidate: usize, limits: &Limits, losses: &[Option<f64>], before: f64) -> f64 {
        let mut losses = losses.to_vec();
        self.put(candidate);
        self.forget(candidate, &mut losses);
        let gain = match self.shrink(limits, Some(candidate), &mut losses) {
            Some(dropped) => {
                let gain = before - self.cost();
                for member in dropped {
                    self.put(member);
                }
                gain
            }
            None => f64::NEG_INFINITY,
        };
        self.take(candidate);
        gain
    }
}
