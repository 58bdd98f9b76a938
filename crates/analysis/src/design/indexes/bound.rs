//! What no set can beat, from what the planner has answered. It never guesses: each bound holds for the candidates that
//! were looked at.

use super::knowledge::Knowledge;
use super::mask::Mask;
use super::problem::Problem;
use super::search::Limits;

/// The sum of the statements' lowest costs with all candidates that fit the budget singly.
#[must_use]
pub fn floor(problem: &Problem, known: &[Knowledge], limits: &Limits) -> f64 {
    let lowest = |(asker, known): (&super::problem::Asker, &Knowledge)| {
        let fitting: Mask = (0..asker.relevant.len())
            .filter(|at| asker.relevant[*at].stands_for == *at && problem.candidates[asker.relevant[*at].candidate].bytes <= limits.bytes)
            .collect();
        if asker.weight > 0.0 { asker.weight * known.bounds(fitting).0.min(known.base()) } else { 0.0 }
    };
    problem.statements.iter().zip(known).map(lowest).sum()
}
