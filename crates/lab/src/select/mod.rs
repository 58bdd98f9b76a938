//! Carries questions between index selection and an optimizer, until the selection is done or its time is up. It never
//! judges the answers.

pub mod advise;

use std::collections::BTreeSet;
use std::time::Instant;

use dbwright_analysis::design::indexes::selection::Selection;

use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};
use crate::whatif::{IndexId, Question, WhatIf};

/// What the selection's numbers mean to the optimizer.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Texts of the statements, in the order of the problem's statements.
    pub statements: Vec<String>,
    /// Ids of the candidates, in the order of the problem's candidates.
    pub candidates: Vec<IndexId>,
    /// Existing indexes, that are there in every question.
    pub existing: BTreeSet<IndexId>,
}

/// How a selection ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Whether it came to its end; else its time was up.
    pub finished: bool,
    /// Statements that the optimizer refused, with what it said.
    pub refused: Vec<(usize, String)>,
    /// Questions asked.
    pub questions: u64,
}

/// Asks until the selection wants to know nothing more, or the deadline is reached.
///
/// # Errors
/// [`LabErrorKind::Server`] when the server is lost; [`LabErrorKind::Interrupted`].
pub fn run(
    selection: &mut Selection,
    optimizer: &mut dyn WhatIf,
    names: &Names,
    deadline: Option<Instant>,
    cancel: &Cancel,
) -> Result<Outcome, LabError> {
    let mut outcome = Outcome::default();
    loop {
        let wanted = selection.questions();
        if wanted.is_empty() {
            outcome.finished = true;
            return Ok(outcome);
        }
        for one in wanted {
            if cancel.is_cancelled() {
                return Err(LabError::interrupted());
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(outcome);
            }
            let mut indexes = names.existing.clone();
            indexes.extend(one.visible.iter().map(|at| names.candidates[*at]));
            outcome.questions += 1;
            match optimizer.ask(&Question::new(&names.statements[one.statement], &indexes)) {
                Ok(costed) => {
                    let used: Vec<usize> = one.visible.iter().copied().filter(|at| costed.used.contains(&names.candidates[*at])).collect();
                    selection.answer(&one, &used, costed.cost);
                }
                Err(error) if error.lost => {
                    return Err(LabError::new(LabErrorKind::Server, format!("asking the optimizer: {}", error.message)));
                }
                Err(error) => {
                    if !outcome.refused.iter().any(|(at, _)| *at == one.statement) {
                        outcome.refused.push((one.statement, error.message));
                    }
                    selection.refuse(&one);
                }
            }
        }
    }
}
