//! What the planner's answers say about a statement's cost under sets of indexes that were not asked about.
//!
//! An answer is a set that was visible, the cost, and the indexes that the plan used. The plan stays the best one for each
//! set between the used and the visible ones, so the cost does too (the "relevant subset" of AutoAdmin, VLDB 1997, and of
//! the index benefit graph, Schnaitter et al., PVLDB 2(1) 2009). More indexes never make the best plan dearer, so an
//! answer bounds the cost of each set below it from below, and of each set above its used ones from above.
//! It never asks the planner itself.

use std::cell::RefCell;
use std::collections::HashMap;

use super::mask::Mask;
use super::problem::{Asker, Problem};

/// The planner's answer about one statement.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Answer {
    visible: Mask,
    used: Mask,
    cost: f64,
}

/// A cost, and whether it is the planner's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Planner cost of one execution.
    pub value: f64,
    /// Whether the planner's answers leave no doubt.
    pub exact: bool,
}

/// What is known of one statement. Masks count positions in [`Asker::relevant`].
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    answers: Vec<Answer>,
    /// The same answers, each candidate replaced by the one that stands for it.
    reduced: Vec<Answer>,
    stands_for: Vec<usize>,
    tables: Vec<usize>,
    /// Representatives that some plan has used.
    pub useful: Mask,
    /// Saving of each representative alone, where asked.
    alone: Vec<Option<f64>>,
    base: Option<f64>,
    memo: RefCell<HashMap<Mask, Cost>>,
}

/// Costs that differ by less than this share are equal: planners print two decimals.
const EQUAL: f64 = 1e-6;

impl Knowledge {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(asker: &Asker, problem: &Problem) -> Self {
        Self {
            stands_for: asker.relevant.iter().map(|one| one.stands_for).collect(),
            tables: asker.relevant.iter().map(|one| problem.candidates[one.candidate].table).collect(),
            alone: vec![None; asker.relevant.len()],
            ..Self::default()
        }
    }

    /// The cost without candidates; infinite before it is known.
    #[must_use]
    pub fn base(&self) -> f64 {
        self.base.unwrap_or(f64::INFINITY)
    }

    /// Takes an answer.
    pub fn learn(&mut self, visible: Mask, used: Mask, cost: f64) {
        if visible.is_empty() {
            self.base = Some(cost);
        }
        let answer = Answer { visible, used: used.common(&visible), cost };
        let reduced = Answer { visible: self.reduce(visible), used: self.reduce(answer.used), cost };
        self.useful = self.useful.joined(&reduced.used);
        if let (1, Some(base), Some(only)) = (reduced.visible.len(), self.base, reduced.visible.members().next()) {
            self.alone[only] = Some((base - cost).max(0.0));
        }
        self.answers.push(answer);
        self.reduced.push(reduced);
        self.memo.borrow_mut().clear();
    }

    /// The positions that stand for these.
    #[must_use]
    pub fn reduce(&self, set: Mask) -> Mask {
        set.members().map(|member| self.stands_for[member]).collect()
    }

    /// The smallest and the largest cost that a set of representatives can have.
    #[must_use]
    pub fn bounds(&self, set: Mask) -> (f64, f64) {
        bounds(&self.reduced, set)
    }

    /// Whether the planner's answers leave no doubt about a set.
    #[must_use]
    pub fn is_known(&self, set: Mask) -> bool {
        self.cost(set).exact
    }

    /// The cost of a set: the planner's where it is known, else the best guess between the bounds.
    #[must_use]
    pub fn cost(&self, set: Mask) -> Cost {
        if let Some(cost) = self.memo.borrow().get(&set) {
            return *cost;
        }
        let cost = self.work_out(set);
        self.memo.borrow_mut().insert(set, cost);
        cost
    }

    fn work_out(&self, set: Mask) -> Cost {
        let known = |answer: &&Answer| answer.used.is_within(&set) && set.is_within(&answer.visible);
        if let Some(answer) = self.answers.iter().rev().find(known) {
            return Cost { value: answer.cost, exact: true };
        }
        let (low, high) = bounds(&self.answers, set);
        if high - low <= high.abs() * EQUAL {
            return Cost { value: high, exact: true };
        }
        let reduced = self.reduce(set).common(&self.useful);
        // What no plan has used though it was visible beside all others changes nothing.
        if reduced.is_empty() {
            return Cost { value: self.base(), exact: false };
        }
        let (low, high) = bounds(&self.reduced, reduced);
        let guess = self.added_up(reduced).max(low);
        Cost { value: guess.min(high), exact: false }
    }

    /// The savings of single indexes, of each table the best one, added up.
    fn added_up(&self, set: Mask) -> f64 {
        let mut best: Vec<(usize, f64)> = Vec::new();
        for member in set.members() {
            let saving = self.alone[member].unwrap_or(0.0);
            match best.iter_mut().find(|(table, _)| *table == self.tables[member]) {
                Some((_, most)) => *most = most.max(saving),
                None => best.push((self.tables[member], saving)),
            }
        }
        self.base() - best.iter().map(|(_, saving)| saving).sum::<f64>()
    }

    /// Whether the saving of a representative alone is known.
    #[must_use]
    pub fn knows_alone(&self, member: usize) -> bool {
        self.alone[member].is_some()
    }

    /// Takes a saving that follows from the bounds.
    pub fn assume_alone(&mut self, member: usize, saving: f64) {
        self.alone[member] = Some(saving);
        self.memo.borrow_mut().clear();
    }

    /// Number of answers.
    #[must_use]
    pub fn answers(&self) -> usize {
        self.answers.len()
    }

    /// The sets of representatives that plans used, with their costs.
    pub fn plans(&self) -> impl Iterator<Item = (Mask, f64)> + '_ {
        self.reduced.iter().map(|answer| (answer.used, answer.cost))
    }
}

fn bounds(answers: &[Answer], set: Mask) -> (f64, f64) {
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    for answer in answers {
        if set.is_within(&answer.visible) {
            low = low.max(answer.cost);
        }
        if answer.used.is_within(&set) {
            high = high.min(answer.cost);
        }
    }
    (low.min(high), high)
}

#[cfg(test)]
mod tests {
    use super::super::problem::{Item, Relevant};
    use super::*;

    fn three() -> Knowledge {
        let candidates = vec![Item { bytes: 1.0, table: 0 }, Item { bytes: 2.0, table: 0 }, Item { bytes: 1.0, table: 1 }];
        let own = |at: usize, stands_for: usize| Relevant { candidate: at, stands_for };
        let asker = Asker { weight: 1.0, relevant: vec![own(0, 0), own(1, 0), own(2, 2)] };
        let problem = Problem { candidates, statements: vec![asker.clone()], writes: vec![] };
        Knowledge::new(&asker, &problem)
    }

    fn set(members: &[usize]) -> Mask {
        members.iter().copied().collect()
    }

    #[test]
    fn an_answer_holds_for_each_set_between_used_and_visible() {
        let mut known = three();
        known.learn(Mask::EMPTY, Mask::EMPTY, 100.0);
        known.learn(set(&[0, 1, 2]), set(&[2]), 40.0);
        for between in [set(&[2]), set(&[0, 2]), set(&[1, 2])] {
            assert_eq!(known.cost(between), Cost { value: 40.0, exact: true });
        }
        assert!(!known.is_known(set(&[0])));
        assert_eq!(known.bounds(set(&[0])), (40.0, 100.0));
    }

    #[test]
    fn guesses_stay_between_the_bounds_and_add_up_over_tables() {
        let mut known = three();
        known.learn(Mask::EMPTY, Mask::EMPTY, 100.0);
        known.learn(set(&[0, 1, 2]), set(&[0, 2]), 30.0);
        known.learn(set(&[0]), set(&[0]), 80.0);
        known.learn(set(&[2]), set(&[2]), 40.0);
        assert_eq!(known.cost(set(&[0, 2])), Cost { value: 30.0, exact: true });
        assert_eq!(known.cost(set(&[1, 2])), Cost { value: 30.0, exact: false }, "the second serves as the first does");
        known.learn(set(&[1, 2]), set(&[1, 2]), 35.0);
        assert_eq!(known.cost(set(&[1, 2])), Cost { value: 35.0, exact: true });
    }
}
