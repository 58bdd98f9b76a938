//! Chooses sets of indexes for several budgets from one round of questions to a planner. It never asks by itself: it says
//! what it wants to know ([`Selection::questions`]) and is told ([`Selection::answer`]), so it can stop at any time.
//!
//! 1. Each statement is asked without candidates and with all it could use. What the plan used is taken away and it is
//!    asked again, layer by layer, until nothing useful is left: so a candidate that no plan wants costs no question.
//! 2. Each useful candidate is asked alone.
//! 3. A search finds the best set under what is known, guesses included. Where its cost rests on a guess, that is asked,
//!    and the search goes on with what was learnt, until the best set found rests on answers alone.

use super::knowledge::Knowledge;
use super::mask::Mask;
use super::problem::Problem;
use super::search::{Limits, Places, State};

/// Layers that are peeled off a statement.
const MOST_LAYERS: usize = 8;
/// Share of the best saving below which further layers are not worth a question.
const LEAST_LAYER: f64 = 0.02;
/// Share of the workload's cost below which nothing about a statement is worth a question.
const LEAST_POTENTIAL: f64 = 2e-6;
/// Searches with questions between them, per budget and pass.
const MOST_ROUNDS: usize = 24;

/// A question about one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The statement, by its place in [`Problem::statements`].
    pub statement: usize,
    /// The candidates to be visible, by their place in [`Problem::candidates`], in order.
    pub visible: Vec<usize>,
    mask: Mask,
}

/// A set for one budget.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chosen {
    /// The candidates, in order.
    pub members: Vec<usize>,
    /// Bytes of all.
    pub bytes: f64,
    /// Cost of the workload under it, reads and writes.
    pub cost: f64,
    /// Whether the planner was asked about every statement under this very set.
    pub exact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Bases,
    Layers,
    Alone,
    Refine { pass: usize, limit: usize, round: usize },
    Done,
}

/// A selection under way.
pub struct Selection {
    problem: Problem,
    limits: Vec<Limits>,
    known: Vec<Knowledge>,
    phase: Phase,
    /// Per statement: layers to be asked next, each with its depth.
    waiting: Vec<Vec<(Mask, usize)>>,
    asked_layers: Vec<Vec<Mask>>,
    best: Vec<Option<Chosen>>,
    /// The set under refinement.
    current: Vec<usize>,
    places: Option<Places>,
    refused: Vec<bool>,
    effort: [usize; 4],
}

impl Selection {
    /// Begins; `limits` run from the smallest budget to the largest.
    #[must_use]
    pub fn new(problem: Problem, limits: Vec<Limits>) -> Self {
        let known: Vec<Knowledge> = problem.statements.iter().map(|asker| Knowledge::new(asker, &problem)).collect();
        let statements = known.len();
        Self {
            best: vec![None; limits.len()],
            problem,
            limits,
            known,
            phase: Phase::Bases,
            waiting: vec![Vec::new(); statements],
            asked_layers: vec![Vec::new(); statements],
            current: Vec::new(),
            places: None,
            refused: vec![false; statements],
            effort: [0; 4],
        }
    }

    /// What it is about.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What it wants to know next; nothing when it is done.
    pub fn questions(&mut self) -> Vec<Wanted> {
        loop {
            let kind = match self.phase {
                Phase::Bases => 0,
                Phase::Layers => 1,
                Phase::Alone => 2,
                Phase::Refine { .. } | Phase::Done => 3,
            };
            let wanted = match self.phase {
                Phase::Bases => self.bases(),
                Phase::Layers => self.layers(),
                Phase::Alone => self.alone(),
                Phase::Refine { pass, limit, round } => self.refine(pass, limit, round),
                Phase::Done => return Vec::new(),
            };
            if !wanted.is_empty() {
                self.effort[kind] += wanted.len();
                return wanted;
            }
        }
    }

    /// Takes the planner's answer: the visible candidates that the plan uses, and its cost.
    pub fn answer(&mut self, wanted: &Wanted, used: &[usize], cost: f64) {
        let relevant = &self.problem.statements[wanted.statement].relevant;
        let used: Mask = wanted.mask.members().filter(|position| used.contains(&relevant[*position].candidate)).collect();
        self.known[wanted.statement].learn(wanted.mask, used, cost);
        if self.phase == Phase::Layers {
            self.peel(wanted.statement, wanted.mask, used, cost);
        }
    }

    /// The planner refuses the statement: it counts no more.
    pub fn refuse(&mut self, wanted: &Wanted) {
        let at = wanted.statement;
        self.refused[at] = true;
        self.problem.statements[at].weight = 0.0;
        self.known[at].learn(Mask::EMPTY, Mask::EMPTY, 0.0);
        self.waiting[at].clear();
    }

    /// Questions by kind: without candidates, in layers, of single candidates, to settle a set.
    #[must_use]
    pub fn effort(&self) -> [usize; 4] {
        self.effort
    }

    /// Statements that the planner refused.
    #[must_use]
    pub fn refused(&self) -> &[bool] {
        &self.refused
    }

    /// The best sets so far, one for each limit: a set that fits a smaller budget is taken where no better one was settled.
    #[must_use]
    pub fn results(&self) -> Vec<Chosen> {
        let best_within = |limits: &Limits| {
            let fits = |chosen: &&Chosen| chosen.bytes <= limits.bytes && chosen.members.len() <= limits.count;
            let best = self.best.iter().flatten().filter(fits).min_by(|a, b| a.cost.total_cmp(&b.cost));
            best.cloned().unwrap_or_else(|| self.nothing())
        };
        self.limits.iter().map(best_within).collect()
    }

    /// Cost of the workload without candidates.
    #[must_use]
    pub fn base_cost(&self) -> f64 {
        self.nothing().cost
    }

    /// What is known of a statement's cost under a set: the cost, and whether the planner said so.
    #[must_use]
    pub fn cost_of(&self, statement: usize, members: &[usize]) -> (f64, bool) {
        let cost = self.known[statement].cost(self.mask_of(statement, members));
        (cost.value, cost.exact)
    }

    /// A cost that no set can beat that leaves each statement its largest budget: the sum of the statements' lowest costs,
    /// and so a bound for the gap.
    #[must_use]
    pub fn floor(&self, limits: &Limits) -> f64 {
        super::bound::floor(&self.problem, &self.known, limits)
    }

    fn nothing(&self) -> Chosen {
        let costs = self.problem.statements.iter().zip(&self.known);
        let cost = costs.filter(|(asker, _)| asker.weight > 0.0).map(|(asker, known)| asker.weight * known.base()).sum();
        Chosen { cost, exact: true, ..Chosen::default() }
    }

    fn mask_of(&self, statement: usize, members: &[usize]) -> Mask {
        let relevant = &self.problem.statements[statement].relevant;
        (0..relevant.len()).filter(|position| members.contains(&relevant[*position].candidate)).collect()
    }

    fn want(&self, statement: usize, mask: Mask) -> Wanted {
        let relevant = &self.problem.statements[statement].relevant;
        let mut visible: Vec<usize> = mask.members().map(|position| relevant[position].candidate).collect();
        visible.sort_unstable();
        Wanted { statement, visible, mask }
    }

    fn bases(&mut self) -> Vec<Wanted> {
        self.phase = Phase::Layers;
        for at in 0..self.known.len() {
            self.waiting[at] = self.fronts(at).into_iter().map(|mask| (mask, 0)).collect();
        }
        (0..self.known.len()).map(|at| self.want(at, Mask::EMPTY)).collect()
    }

    /// Representatives that fit each budget, the largest budget first.
    fn fronts(&self, statement: usize) -> Vec<Mask> {
        let relevant = &self.problem.statements[statement].relevant;
        let mut fronts: Vec<Mask> = Vec::new();
        for limits in self.limits.iter().rev() {
            let fits = |position: &usize| {
                let one = relevant[*position];
                one.stands_for == *position && self.problem.candidates[one.candidate].bytes <= limits.bytes
            };
            let front: Mask = (0..relevant.len()).filter(fits).collect();
            if !front.is_empty() && !fronts.contains(&front) {
                fronts.push(front);
            }
        }
        fronts
    }

    fn is_minor(&self, statement: usize, cost: f64) -> bool {
        let known = &self.known[statement];
        let all: f64 = self.nothing().cost.max(f64::MIN_POSITIVE);
        self.problem.statements[statement].weight * (known.base() - cost) < all * LEAST_POTENTIAL
    }

    fn layers(&mut self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for at in 0..self.known.len() {
            while let Some((mask, _)) = self.waiting[at].pop() {
                if self.refused[at] || self.asked_layers[at].contains(&mask) {
                    continue;
                }
                self.asked_layers[at].push(mask);
                let cost = self.known[at].cost(mask);
                if cost.exact {
                    continue;
                }
                wanted.push(self.want(at, mask));
                break;
            }
        }
        if wanted.is_empty() {
            self.phase = Phase::Alone;
        }
        wanted
    }

    fn peel(&mut self, statement: usize, visible: Mask, used: Mask, cost: f64) {
        if visible.is_empty() || used.is_empty() || self.is_minor(statement, cost) {
            return;
        }
        let depth = self.asked_layers[statement].len();
        let known = &self.known[statement];
        let most = known.base() - known.plans().map(|(_, cost)| cost).fold(f64::INFINITY, f64::min);
        if depth < MOST_LAYERS + self.limits.len() && known.base() - cost > most * LEAST_LAYER {
            self.waiting[statement].push((visible.minus(&used), depth));
        }
    }

    fn alone(&mut self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for at in 0..self.known.len() {
            for member in self.known[at].useful.members().collect::<Vec<_>>() {
                if self.known[at].knows_alone(member) {
                    continue;
                }
                let mask = Mask::EMPTY.with(member);
                let (low, _) = self.known[at].bounds(mask);
                let cost = self.known[at].cost(mask);
                if cost.exact || self.is_minor(at, low) {
                    let saving = (self.known[at].base() - cost.value).max(0.0);
                    self.known[at].assume_alone(member, if cost.exact { saving } else { 0.0 });
                } else {
                    wanted.push(self.want(at, mask));
                }
            }
        }
        self.places = Some(Places::new(&self.problem, &self.known));
        self.current = self.all_useful();
        self.phase = match self.limits.len() {
            0 => Phase::Done,
            limits => Phase::Refine { pass: 0, limit: limits - 1, round: 0 },
        };
        wanted
    }

    /// All candidates that some plan used, themselves or by what stands for them.
    fn all_useful(&self) -> Vec<usize> {
        let Some(places) = &self.places else { return Vec::new() };
        (0..self.problem.candidates.len()).filter(|at| !places.of(*at).is_empty()).collect()
    }

    fn refine(&mut self, pass: usize, limit: usize, round: usize) -> Vec<Wanted> {
        let Some(places) = &self.places else { return Vec::new() };
        let limits = self.limits[limit];
        let mut state = State::new(&self.problem, &self.known, places, &self.current);
        state.improve(&limits);
        let members = state.members();
        let unknown: Vec<(usize, Mask)> = (0..self.known.len())
            .map(|at| (at, state.mask(at)))
            .filter(|(at, mask)| !self.refused[*at] && !self.known[*at].is_known(*mask))
            .collect();
        let settled = unknown.is_empty();
        let chosen = Chosen { bytes: state.bytes(), cost: state.cost(), exact: settled, members };
        self.current.clone_from(&chosen.members);
        if settled {
            self.keep(limit, chosen);
        }
        if settled || round >= MOST_ROUNDS {
            self.next(pass, limit);
        } else {
            self.phase = Phase::Refine { pass, limit, round: round + 1 };
        }
        unknown.into_iter().map(|(at, mask)| self.want(at, mask)).collect()
    }

    /// Keeps a set for its budget if it beats what was there.
    fn keep(&mut self, limit: usize, chosen: Chosen) {
        let beats = |before: &Chosen| chosen.cost < before.cost;
        if self.best[limit].as_ref().is_none_or(beats) && chosen.cost <= self.nothing().cost {
            self.best[limit] = Some(chosen);
        }
    }

    /// Goes to the next budget: downwards in the first pass, upwards in the second, each from its neighbour's set.
    fn next(&mut self, pass: usize, limit: usize) {
        let last = self.limits.len() - 1;
        let from = |at: usize| self.best[at].as_ref().map(|best| best.members.clone());
        let (phase, start) = match pass {
            0 if limit > 0 => (Phase::Refine { pass: 0, limit: limit - 1, round: 0 }, None),
            0 => (Phase::Refine { pass: 1, limit: 0, round: 0 }, Some(self.all_useful())),
            1 if limit < last => (Phase::Refine { pass: 1, limit: limit + 1, round: 0 }, from(limit)),
            _ => (Phase::Done, None),
        };
        self.phase = phase;
        if let Some(start) = start {
            self.current = start;
        }
    }
}
