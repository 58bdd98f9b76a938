//! The trial itself: copy, apply, run in turn, compare, undo. It never keeps the copy that was changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dbwright_analysis::schema_hash::Record;
use dbwright_analysis::{schema_diff, schema_hash};
use dbwright_engines::CollectOptions;
use dbwright_model::change::Change;
use dbwright_model::finding::Proof;
use dbwright_model::plan::Plan;
use dbwright_model::{Facts, Grade, Timestamp};

use super::judge::{self, Promise};
use super::{Effect, FEWEST_PAIRS, ProofOptions, ProofRun, Sameness, Side, StatementProof, Trial, interval};
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};
use crate::project::Progress;
use crate::scratch::digest::Digest;
use crate::scratch::{ScratchDatabase, StatementError};

/// Samples of a statement whose answers are compared.
const MOST_COMPARED: usize = 20;
/// Executions of each sample before times count.
const WARM_UPS: usize = 2;

/// A statement while it is tried.
struct Subject<'a> {
    trial: &'a Trial,
    promise: Promise,
    pairs: Vec<(f64, f64)>,
    cold: Option<(f64, f64)>,
    plans: [Option<Plan>; 2],
    answers: Vec<Digest>,
    sameness: Sameness,
    failure: Option<String>,
}

/// Applies a change to a copy of a clone and runs the workload on both. The clone itself stays as it is.
///
/// # Errors
/// When a server is lost, the disk has no room for the copy, or the end was asked for. What the change or a statement gets
/// wrong is part of the outcome.
pub fn prove(
    clone: &mut dyn ScratchDatabase,
    change: &Change,
    trials: &[Trial],
    options: &ProofOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<ProofRun, LabError> {
    progress("copying the clone");
    let mut changed = clone.fork()?;
    let mut lab = Lab { sides: [clone, changed.as_mut()], options, cancel, progress };
    let before = lab.schema(Side::Before)?;
    let size = lab.sides[0].bytes();
    let mut run = ProofRun::new(change);
    progress("applying the change");
    if let Some(refused) = lab.execute_all(&change.apply, &mut run.apply_ms)? {
        run.refused = Some(refused);
        run.conclude();
        return Ok(run);
    }
    for side in [Side::Before, Side::After] {
        let done = lab.sides[side as usize].analyze();
        lab.settle(done)?.map_err(|message| LabError::new(LabErrorKind::Server, format!("making statistics of a clone: {message}")))?;
    }
    run.growth_bytes = size.zip(lab.sides[1].bytes()).map(|(before, after)| after as f64 - before as f64);
    let mut subjects: Vec<Subject<'_>> = trials.iter().map(|trial| lab.subject(trial)).collect();
    lab.run_all(&mut subjects)?;
    run.reverted = lab.revert(change, &before, &subjects)?;
    run.statements = subjects.into_iter().map(Subject::finish).collect();
    run.conclude();
    Ok(run)
}

struct Lab<'a> {
    sides: [&'a mut dyn ScratchDatabase; 2],
    options: &'a ProofOptions,
    cancel: &'a Cancel,
    progress: &'a Progress,
}

impl Lab<'_> {
    fn subject<'t>(&self, trial: &'t Trial) -> Subject<'t> {
        let promise = judge::promise(trial.text(Side::Before, 0), self.sides[0].engine());
        let sameness = Sameness::Undecided("it was not run".to_owned());
        Subject { trial, promise, pairs: Vec::new(), cold: None, plans: [None, None], answers: Vec::new(), sameness, failure: None }
    }

    fn run_all(&mut self, subjects: &mut [Subject<'_>]) -> Result<(), LabError> {
        (self.progress)("comparing answers");
        for subject in subjects.iter_mut() {
            self.compare(subject)?;
        }
        if self.options.cold {
            (self.progress)("running with empty caches");
            self.run_cold(subjects)?;
        }
        self.run_warm(subjects)?;
        for subject in subjects.iter_mut().filter(|subject| subject.failure.is_none()) {
            self.plan(subject)?;
        }
        Ok(())
    }

    /// A failure of a statement is part of the outcome; the end of a server or of the run is not.
    fn settle<T>(&self, outcome: Result<T, StatementError>) -> Result<Result<T, String>, LabError> {
        match outcome {
            Ok(value) => Ok(Ok(value)),
            Err(_) if self.cancel.is_cancelled() => Err(LabError::interrupted()),
            Err(error) if error.lost => {
                Err(LabError::new(LabErrorKind::Server, format!("the scratch server is gone while a change was tried: {}", error.message)))
            }
            Err(error) => Ok(Err(error.message)),
        }
    }

    /// Executes statements on the changed side; gives what was refused and why.
    fn execute_all(&mut self, statements: &[String], times_ms: &mut Vec<f64>) -> Result<Option<String>, LabError> {
        for statement in statements {
            let started = Instant::now();
            let outcome = self.sides[1].execute(statement);
            if let Err(message) = self.settle(outcome)? {
                return Ok(Some(format!("{statement}: {message}")));
            }
            times_ms.push(started.elapsed().as_secs_f64() * 1e3);
        }
        Ok(None)
    }

    fn facts(&mut self, side: Side) -> Result<Facts, LabError> {
        let options = CollectOptions { explain: false, statement_timeout: Duration::from_secs(60), ..CollectOptions::at(Timestamp(0)) };
        self.sides[side as usize]
            .collect(&options)
            .map_err(|error| if self.cancel.is_cancelled() { LabError::interrupted() } else { error.into() })
    }

    fn schema(&mut self, side: Side) -> Result<Vec<Record>, LabError> {
        Ok(schema_hash::records(&self.facts(side)?.catalog))
    }

    /// Both sides' answers for each sample, and the unchanged side's once more: some statements answer differently each time.
    fn compare(&mut self, subject: &mut Subject<'_>) -> Result<(), LabError> {
        let mut worst = Sameness::Equal;
        for sample in 0..subject.trial.before.len().clamp(1, MOST_COMPARED) {
            let mut answers = Vec::with_capacity(3);
            for side in [Side::Before, Side::Before, Side::After] {
                match self.answer(subject, side, sample)? {
                    Ok(answer) => answers.push(answer),
                    Err(message) => {
                        let place = if side == Side::Before { "without the change" } else { "with the change" };
                        subject.failure = Some(format!("{place}: {message}"));
                        subject.sameness = Sameness::Undecided("it could not be run on both sides".to_owned());
                        return Ok(());
                    }
                }
            }
            let found = judge::compare(&subject.promise, &answers[0], &answers[1], &answers[2]);
            if rank(&found) > rank(&worst) {
                worst = found;
            }
            subject.answers.push(answers.swap_remove(0));
        }
        subject.sameness = worst;
        Ok(())
    }

    fn answer(&mut self, subject: &Subject<'_>, side: Side, sample: usize) -> Result<Result<Digest, String>, LabError> {
        let text = subject.trial.text(side, sample);
        let outcome = self.sides[side as usize].digest(text, &subject.promise.order, self.options.execution);
        self.settle(outcome)
    }

    fn time(&mut self, subject: &Subject<'_>, side: Side, sample: usize) -> Result<Result<f64, String>, LabError> {
        let outcome = self.sides[side as usize].run(subject.trial.text(side, sample), self.options.execution);
        Ok(self.settle(outcome)?.map(|run| run.elapsed.as_secs_f64() * 1e3))
    }

    /// One execution on each side; who comes first changes from round to round, so that neither always finds the processor's
    /// caches as the other left them.
    fn pair(&mut self, subject: &mut Subject<'_>, round: usize) -> Result<Option<(f64, f64)>, LabError> {
        let order = if round.is_multiple_of(2) { [Side::Before, Side::After] } else { [Side::After, Side::Before] };
        // Each sample meets both orders.
        let sample = round / 2;
        let mut times = [0.0; 2];
        for side in order {
            match self.time(subject, side, sample)? {
                Ok(time) => times[side as usize] = time,
                Err(message) => {
                    let place = if side == Side::Before { "without the change" } else { "with the change" };
                    subject.failure = Some(format!("{place}: {message}"));
                    return Ok(None);
                }
            }
        }
        Ok(Some((times[0], times[1])))
    }

    /// Each statement once on each side, with caches emptied before; no more than half of the time for all.
    fn run_cold(&mut self, subjects: &mut [Subject<'_>]) -> Result<(), LabError> {
        let end = Instant::now() + self.options.total / 2;
        for subject in subjects.iter_mut().filter(|subject| subject.failure.is_none()) {
            if Instant::now() > end || !self.sides[0].chill()? || !self.sides[1].chill()? {
                return Ok(());
            }
            subject.cold = self.pair(subject, 0)?;
        }
        Ok(())
    }

    /// A B, B A, A B, …: each statement on both sides in turn, round after round, so that whatever disturbs one disturbs both.
    fn run_warm(&mut self, subjects: &mut [Subject<'_>]) -> Result<(), LabError> {
        for subject in subjects.iter_mut() {
            for round in 0..subject.trial.before.len().min(MOST_COMPARED) * WARM_UPS {
                if subject.failure.is_none() {
                    self.pair(subject, round)?;
                }
            }
        }
        let end = Instant::now() + self.options.total;
        for round in 0..self.options.pairs.max(FEWEST_PAIRS) {
            if round >= FEWEST_PAIRS && Instant::now() > end {
                break;
            }
            (self.progress)(&format!("running the workload with and without the change, round {}", round + 1));
            for subject in subjects.iter_mut().filter(|subject| subject.failure.is_none()) {
                if let Some(pair) = self.pair(subject, round)? {
                    subject.pairs.push(pair);
                }
            }
        }
        Ok(())
    }

    fn plan(&mut self, subject: &mut Subject<'_>) -> Result<(), LabError> {
        for side in [Side::Before, Side::After] {
            let outcome = self.sides[side as usize].explain(subject.trial.text(side, 0), &Default::default(), self.options.execution);
            // What runs but can't be explained is no failure.
            subject.plans[side as usize] = self.settle(outcome)?.ok();
        }
        Ok(())
    }

    /// Undoes the change, and looks whether catalog and answers are what they were.
    fn revert(&mut self, change: &Change, schema: &[Record], subjects: &[Subject<'_>]) -> Result<Option<Result<(), String>>, LabError> {
        if change.revert.is_empty() {
            return Ok(None);
        }
        (self.progress)("undoing the change");
        if let Some(refused) = self.execute_all(&change.revert, &mut Vec::new())? {
            return Ok(Some(Err(refused)));
        }
        let left = schema_diff::between(schema, &self.schema(Side::After)?);
        // A column that was taken away comes back as the last one; whoever names columns sees no difference.
        if let Some(first) = left.iter().find(|one| one.part != schema_diff::ORDER) {
            return Ok(Some(Err(format!("the schema is another one than before: {first}"))));
        }
        for subject in subjects.iter().filter(|subject| subject.failure.is_none() && subject.promise.reads) {
            for (sample, before) in subject.answers.iter().enumerate() {
                let outcome =
                    self.sides[1].digest(subject.trial.text(Side::Before, sample), &subject.promise.order, self.options.execution);
                let wrong = match self.settle(outcome)? {
                    Ok(answer) => matches!(judge::compare(&subject.promise, before, before, &answer), Sameness::Different(_)),
                    Err(_) => true,
                };
                // One that never answers the same twice can't be held against the undoing.
                if wrong && !matches!(subject.sameness, Sameness::Undecided(_)) {
                    return Ok(Some(Err(format!("{} answers otherwise than before", subject.trial.label))));
                }
            }
        }
        Ok(Some(Ok(())))
    }
}

fn rank(sameness: &Sameness) -> u8 {
    match sameness {
        Sameness::Equal => 0,
        Sameness::Undecided(_) => 1,
        Sameness::Different(_) => 2,
    }
}

impl Subject<'_> {
    fn finish(self) -> StatementProof {
        let of = |side: fn(&(f64, f64)) -> f64| {
            let mut times: Vec<f64> = self.pairs.iter().map(side).collect();
            times.sort_by(f64::total_cmp);
            interval::median(&times).unwrap_or(0.0)
        };
        let ratios: Vec<f64> = self.pairs.iter().map(|(before, after)| after / before.max(1e-6)).collect();
        let ratio = interval::of_median(&ratios);
        let blocks = self.plans[0].as_ref().and_then(blocks).zip(self.plans[1].as_ref().and_then(blocks));
        StatementProof {
            label: self.trial.label.clone(),
            weight: self.trial.weight,
            pairs: self.pairs.len(),
            before_ms: of(|pair| pair.0),
            after_ms: of(|pair| pair.1),
            ratio,
            cold_ms: self.cold,
            blocks,
            effect: self.failure.map_or_else(|| judge::effect(ratio), Effect::Failed),
            sameness: self.sameness,
            plans: self.plans,
        }
    }
}

/// Blocks found in cache and read, all nodes together; none where the engine doesn't count.
fn blocks(plan: &Plan) -> Option<f64> {
    let counts: Vec<f64> = plan.nodes().iter().filter_map(|node| Some(node.blocks_hit? + node.blocks_read.unwrap_or(0.0))).collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

impl ProofRun {
    fn new(change: &Change) -> Self {
        let proof =
            Proof { grade: Grade::Inferred, before: BTreeMap::new(), after: BTreeMap::new(), results_equal: None, method: String::new() };
        Self {
            change: change.clone(),
            apply_ms: Vec::new(),
            growth_bytes: None,
            refused: None,
            statements: Vec::new(),
            workload_ms: (0.0, 0.0),
            reverted: None,
            proof,
        }
    }

    /// Draws the sums and the proof from what was seen.
    fn conclude(&mut self) {
        let ran: Vec<&StatementProof> = self.statements.iter().filter(|statement| !matches!(statement.effect, Effect::Failed(_))).collect();
        self.workload_ms = ran.iter().fold((0.0, 0.0), |(before, after), statement| {
            (before + statement.weight * statement.before_ms, after + statement.weight * statement.after_ms)
        });
        let different = self.statements.iter().any(|statement| matches!(statement.sameness, Sameness::Different(_)));
        let broken = self.statements.iter().any(|statement| matches!(&statement.effect, Effect::Failed(why) if why.starts_with("with ")));
        let same = !ran.is_empty() && ran.iter().all(|statement| statement.sameness == Sameness::Equal);
        let sound = self.refused.is_none() && !different && !broken && !matches!(self.reverted, Some(Err(_)));
        let mut proof = Proof {
            grade: if sound && !ran.is_empty() { Grade::Proved } else { Grade::Inferred },
            before: BTreeMap::new(),
            after: BTreeMap::new(),
            results_equal: if different { Some(false) } else { same.then_some(true) },
            method: self.method(ran.len()),
        };
        let mut note = |name: &str, pair: (f64, f64)| {
            proof.before.insert(name.to_owned(), pair.0);
            proof.after.insert(name.to_owned(), pair.1);
        };
        if !ran.is_empty() {
            note("workload_ms", self.workload_ms);
        }
        let blocks: Vec<(f64, (f64, f64))> = ran.iter().filter_map(|one| Some((one.weight, one.blocks?))).collect();
        if !blocks.is_empty() {
            let sum = |side: fn(&(f64, f64)) -> f64| blocks.iter().map(|(weight, pair)| weight * side(pair)).sum::<f64>();
            note("blocks", (sum(|pair| pair.0), sum(|pair| pair.1)));
        }
        for statement in &ran {
            note(&format!("{} median_ms", statement.label), (statement.before_ms, statement.after_ms));
            if let Some(cold) = statement.cold_ms {
                note(&format!("{} cold_ms", statement.label), cold);
            }
        }
        self.proof = proof;
    }

    fn method(&self, ran: usize) -> String {
        if let Some(refused) = &self.refused {
            return format!("refused on a clone: {refused}");
        }
        let pairs = self.statements.iter().map(|statement| statement.pairs).max().unwrap_or(0);
        let undone = match &self.reverted {
            Some(Ok(())) => "; undone, and schema and answers were as before".to_owned(),
            Some(Err(why)) => format!("; undoing failed: {why}"),
            None => "; there is no way to undo it".to_owned(),
        };
        format!(
            "applied to a clone; {ran} of {} statements run in turn with and without it, {pairs} pairs each{undone}",
            self.statements.len()
        )
    }
}
