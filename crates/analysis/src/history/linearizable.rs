//! Whether a register behaved as a single copy: some order of its operations respects time and explains every value read
//! (Herlihy and Wing 1990). Found by the search of Wing and Gong (1993) that remembers the states it has been in (Lowe 2017);
//! deciding it is NP-complete, so the search has a bound. It never takes a search that was given up for a yes or a no.

use std::collections::HashSet;

use dbwright_model::history::{Function, Moment};

use super::Operation;

/// States that are searched of one register unless told otherwise.
pub const MOST_STATES: usize = 2_000_000;

/// The answer for one register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linearizable {
    /// There is such an order.
    Yes,
    /// There is none; the operation that fits nowhere.
    No(String),
    /// The bound was met first.
    Unknown,
}

/// What must be placed in the order.
struct Step {
    operation: Operation,
    /// Outcome known: it must be placed before anything that begins after its end.
    certain: bool,
}

/// Checks the operations of one register, sorted by invocation.
pub(super) fn check(operations: &[Operation], most_states: usize) -> Linearizable {
    let steps = steps(operations);
    let certain = steps.iter().filter(|step| step.certain).count();
    let mut search = Search { placed: vec![false; steps.len()], steps: &steps, first: 0, state: 0, left: certain };
    let mut seen: HashSet<(Vec<u64>, i64)> = HashSet::new();
    // Each entry: the step placed and the state before it; `next` is the candidate to be tried at this depth.
    let mut path: Vec<(usize, i64)> = Vec::new();
    let mut next = 0;
    let (mut deepest, mut stuck) = (usize::MAX, None);
    loop {
        if search.left == 0 {
            return Linearizable::Yes;
        }
        if search.left < deepest {
            (deepest, stuck) = (search.left, search.most_urgent());
        }
        match search.candidate(next) {
            Some(at) => {
                let before = search.state;
                search.place(at);
                if seen.insert((search.key(), search.state)) {
                    if seen.len() > most_states {
                        return Linearizable::Unknown;
                    }
                    path.push((at, before));
                    next = 0;
                } else {
                    search.take_back(at, before);
                    next = at + 1;
                }
            }
            None => match path.pop() {
                Some((at, before)) => {
                    search.take_back(at, before);
                    next = at + 1;
                }
                None => return Linearizable::No(describe(stuck.map(|at| &steps[at].operation))),
            },
        }
    }
}

/// Operations that matter. What was not done is left out, as is what nobody can tell: reads of unknown outcome, and writes of
/// unknown outcome whose value nobody saw (a value that is never read can be taken out of every valid order).
fn steps(operations: &[Operation]) -> Vec<Step> {
    let seen: HashSet<i64> = operations.iter().filter(|one| one.end == Moment::Ok).filter_map(|one| one.saw).collect();
    operations
        .iter()
        .filter_map(|one| match one.end {
            Moment::Ok => Some(Step { operation: *one, certain: true }),
            Moment::Unknown if one.wrote.is_some_and(|value| seen.contains(&value)) => {
                // What an unanswered update saw is not known: it is taken for a plain write, which allows more orders.
                let operation = Operation { saw: None, to_us: u64::MAX, ..*one };
                Some(Step { operation, certain: false })
            }
            _ => None,
        })
        .collect()
}

struct Search<'a> {
    steps: &'a [Step],
    placed: Vec<bool>,
    /// All steps before this one are placed.
    first: usize,
    state: i64,
    /// Certain steps not yet placed.
    left: usize,
}

impl Search<'_> {
    /// The earliest end among certain steps that are not placed: whatever begins later must wait.
    fn horizon(&self) -> u64 {
        let mut horizon = u64::MAX;
        for (step, placed) in self.steps.iter().zip(&self.placed).skip(self.first) {
            if step.operation.from_us > horizon {
                break;
            }
            if !placed && step.certain {
                horizon = horizon.min(step.operation.to_us);
            }
        }
        horizon
    }

    /// The next step from `from` on that can be placed now.
    fn candidate(&self, from: usize) -> Option<usize> {
        let horizon = self.horizon();
        for at in from.max(self.first)..self.steps.len() {
            let operation = &self.steps[at].operation;
            if operation.from_us > horizon {
                return None;
            }
            if !self.placed[at] && operation.saw.is_none_or(|value| value == self.state) {
                return Some(at);
            }
        }
        None
    }

    fn place(&mut self, at: usize) {
        self.placed[at] = true;
        let step = &self.steps[at];
        self.left -= usize::from(step.certain);
        if let Some(value) = step.operation.wrote.filter(|_| step.operation.function != Function::Read) {
            self.state = value;
        }
        while self.placed.get(self.first) == Some(&true) {
            self.first += 1;
        }
    }

    fn take_back(&mut self, at: usize, before: i64) {
        self.placed[at] = false;
        self.left += usize::from(self.steps[at].certain);
        self.state = before;
        self.first = self.first.min(at);
    }

    /// Which steps are placed: the index before which all are, then a bit for each up to the last one placed.
    fn key(&self) -> Vec<u64> {
        let mut key = vec![self.first as u64];
        let rest = &self.placed[self.first..];
        let length = rest.iter().rposition(|placed| *placed).map_or(0, |last| last + 1);
        for chunk in rest[..length].chunks(64) {
            key.push(chunk.iter().enumerate().fold(0, |bits, (at, placed)| bits | (u64::from(*placed) << at)));
        }
        key
    }

    /// The certain step that ends first among those not placed: what the order has no room for.
    fn most_urgent(&self) -> Option<usize> {
        let open = (self.first..self.steps.len()).filter(|at| !self.placed[*at] && self.steps[*at].certain);
        open.min_by_key(|at| self.steps[*at].operation.to_us)
    }
}

fn describe(operation: Option<&Operation>) -> String {
    let Some(one) = operation else { return "no order of its operations explains it".to_owned() };
    let (process, from, to) = (one.process, one.from_us, one.to_us);
    let did = match (one.function, one.saw, one.wrote) {
        (Function::Read, Some(saw), _) => format!("read {saw}"),
        (Function::Update, Some(saw), Some(wrote)) => format!("saw {saw} and wrote {wrote}"),
        (_, _, wrote) => format!("wrote {}", wrote.unwrap_or_default()),
    };
    format!("process {process} {did} between {from} and {to} µs, and no order of the operations has room for that")
}
