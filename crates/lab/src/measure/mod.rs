//! Runs a workload on a scratch database and takes times: warm-up apart, statements in turn so that no one has the
//! quiet moments for itself, repeated until the 95th percentile has a bound or the time is over. What a statement
//! changes is undone, so that the database stays the same. It never calls an average a percentile.

pub mod order;
mod schedule;

use std::time::{Duration, Instant};

use dbwright_model::Engine;
use dbwright_model::catalog::Catalog;
use dbwright_model::workload::{Latency, Statement};
use dbwright_sql::lexer::{Kind, Lexer};

use crate::cancel::Cancel;
use crate::error::LabError;
use crate::project::Progress;
use crate::scratch::{Run, ScratchDatabase, StatementError};
use crate::workload::Planned;

/// How long and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Executions of each statement that are aimed at.
    pub executions: usize,
    /// Time for one statement's executions.
    pub per_statement: Duration,
    /// Time for all executions.
    pub total: Duration,
    /// One execution may take no longer.
    pub execution: Duration,
    /// Arrivals of all statements per second, open loop, shared by weight; none runs each as soon as the one before ended.
    pub rate_per_second: Option<f64>,
}

impl Default for Limits {
    /// 200 executions, 1 s a statement (a slow one up to 4 s), 45 s in all, 30 s an execution, closed loop.
    fn default() -> Self {
        Self {
            executions: 200,
            per_statement: Duration::from_secs(1),
            total: Duration::from_secs(45),
            execution: Duration::from_secs(30),
            rate_per_second: None,
        }
    }
}

/// Fewest executions that carry an upper bound of the 95th percentile.
pub const FEWEST_FOR_A_BOUND: usize = 59;

/// Executions of a statement that writes are no more than these: what is rolled back still leaves dead rows behind in
/// PostgreSQL, which the statements after it would meet.
const MOST_WRITES: usize = 100;

/// Executions of each sample before times count: they fill caches.
const WARM_UPS: usize = 2;

/// A statement while it is measured.
struct Subject {
    statement: Statement,
    rate: Option<f64>,
    /// Times, ms.
    times: Vec<f64>,
    rows: u64,
    /// Time of the last warm-up.
    warm: Duration,
    slowest: Option<(f64, usize)>,
    wanted: usize,
}

/// Plans and times the statements. One that fails keeps why, and the rest goes on.
///
/// # Errors
/// When the server is lost, or the end was asked for.
pub fn measure(
    planned: Vec<Planned>,
    scratch: &mut dyn ScratchDatabase,
    catalog: &Catalog,
    limits: &Limits,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Vec<Statement>, LabError> {
    let weights: f64 = planned.iter().map(|planned| planned.statement.weight.unwrap_or(1.0)).sum();
    let share = |planned: &Planned| limits.rate_per_second.map(|rate| rate * planned.statement.weight.unwrap_or(1.0) / weights);
    let mut subjects: Vec<Subject> =
        planned.into_iter().map(|planned| Subject::new(planned.rate_per_second.or_else(|| share(&planned)), planned.statement)).collect();
    let mut lab = Lab { scratch, catalog, limits, cancel };
    for (index, subject) in subjects.iter_mut().enumerate() {
        progress(&format!("warming up statement {}", index + 1));
        lab.warm_up(subject)?;
    }
    allot(&mut subjects, limits);
    lab.closed_loop(&mut subjects, progress)?;
    lab.open_loop(&mut subjects, progress)?;
    for (index, subject) in subjects.iter_mut().enumerate() {
        progress(&format!("planning statement {}", index + 1));
        lab.plan(subject)?;
    }
    let mut statements: Vec<Statement> = subjects.into_iter().map(Subject::finish).collect();
    // Stable: statements of equal time keep the order of the file.
    statements.sort_by(|a, b| b.total_ms.unwrap_or(0.0).total_cmp(&a.total_ms.unwrap_or(0.0)));
    Ok(statements)
}

struct Lab<'a> {
    scratch: &'a mut dyn ScratchDatabase,
    catalog: &'a Catalog,
    limits: &'a Limits,
    cancel: &'a Cancel,
}

impl Lab<'_> {
    fn warm_up(&mut self, subject: &mut Subject) -> Result<(), LabError> {
        if let Some(word) = unmeasurable(&subject.statement.text, self.scratch.engine()) {
            subject.statement.failure = Some(format!("{word} is not measured: it would change what the statements after it meet"));
            return Ok(());
        }
        let started = Instant::now();
        for round in 0..WARM_UPS {
            for sample in 0..subject.statement.samples.len() {
                // A slow statement is warm after one round, and many samples need not all be.
                if started.elapsed() > self.limits.per_statement && (round > 0 || sample > 0) {
                    return Ok(());
                }
                match self.execute(subject, sample)? {
                    Some(run) => subject.warm = run.elapsed,
                    None => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Executes a sample; a failure is noted and gives nothing.
    fn execute(&mut self, subject: &mut Subject, sample: usize) -> Result<Option<Run>, LabError> {
        if self.cancel.is_cancelled() {
            return Err(LabError::interrupted());
        }
        let text = subject.statement.samples.get(sample).map_or(subject.statement.text.as_str(), |sample| sample.text.as_str());
        let outcome = self.scratch.run(text, self.limits.execution);
        self.settle(subject, outcome)
    }

    fn settle<T>(&self, subject: &mut Subject, outcome: Result<T, StatementError>) -> Result<Option<T>, LabError> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(_) if self.cancel.is_cancelled() => Err(LabError::interrupted()),
            Err(error) if error.lost => Err(LabError::new(
                crate::error::LabErrorKind::Server,
                format!("the scratch server is gone while running {}: {}", subject.label(), error.message),
            )),
            Err(error) => {
                subject.statement.failure = Some(error.message);
                Ok(None)
            }
        }
    }

    /// One execution of each statement in turn, round after round.
    fn closed_loop(&mut self, subjects: &mut [Subject], progress: &Progress) -> Result<(), LabError> {
        let end = Instant::now() + self.limits.total;
        let rounds = subjects.iter().map(|subject| subject.wanted).max().unwrap_or(0);
        for round in 0..rounds {
            if round % 20 == 0 {
                progress(&format!("running the workload, round {} of {rounds}", round + 1));
            }
            for subject in subjects.iter_mut().filter(|subject| subject.rate.is_none() && subject.runs() && round < subject.wanted) {
                // Every statement is executed at least once in time; what comes after the end is left out.
                if round > 0 && Instant::now() > end {
                    return Ok(());
                }
                let sample = round % subject.statement.samples.len().max(1);
                if let Some(run) = self.execute(subject, sample)? {
                    subject.note(run.elapsed, run.rows, sample);
                }
            }
        }
        Ok(())
    }

    /// Executions at given rates on one connection: latency counts from when a statement was due, so that waiting behind
    /// a slow one is seen as its caller would see it.
    fn open_loop(&mut self, subjects: &mut [Subject], progress: &Progress) -> Result<(), LabError> {
        let rates: Vec<(usize, f64)> = subjects
            .iter()
            .enumerate()
            .filter(|(_, subject)| subject.runs())
            .filter_map(|(index, subject)| Some((index, subject.rate?)))
            .collect();
        if rates.is_empty() {
            return Ok(());
        }
        progress("running the workload at its rate");
        let began = Instant::now();
        for due in schedule::arrivals(&rates, self.limits.executions, self.limits.total) {
            let at = began + due.after;
            if began.elapsed() > self.limits.total * 2 {
                // Hopelessly behind: what was measured until now says so.
                return Ok(());
            }
            if let Some(wait) = at.checked_duration_since(Instant::now()) {
                self.cancel.sleep(wait);
            }
            let Some(subject) = subjects.get_mut(due.statement) else { continue };
            let sample = due.number % subject.statement.samples.len().max(1);
            if subject.runs()
                && let Some(run) = self.execute(subject, sample)?
            {
                subject.note(at.elapsed(), run.rows, sample);
            }
        }
        Ok(())
    }

    /// The plan of the slowest sample.
    fn plan(&mut self, subject: &mut Subject) -> Result<(), LabError> {
        if self.cancel.is_cancelled() {
            return Err(LabError::interrupted());
        }
        if subject.statement.failure.is_some() {
            return Ok(());
        }
        let sample = subject.slowest.map_or(0, |(_, sample)| sample);
        let text = subject.statement.samples.get(sample).map_or(subject.statement.text.as_str(), |sample| sample.text.as_str());
        let outcome = self.scratch.explain(text, self.catalog, self.limits.execution);
        // A statement that runs but can't be explained (a utility command) is no failure.
        subject.statement.plan = outcome.ok();
        Ok(())
    }
}

/// Statements that would end or escape the savepoint in which a statement is undone.
fn unmeasurable(text: &str, engine: Engine) -> Option<String> {
    const WORDS: [&str; 16] = [
        "BEGIN",
        "START",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ABORT",
        "SAVEPOINT",
        "RELEASE",
        "PREPARE",
        "VACUUM",
        "ATTACH",
        "DETACH",
        "PRAGMA",
        "SET",
        "LISTEN",
        "COPY",
    ];
    if !engine.speaks_sql() {
        // The scratch server itself knows which commands it can't put back.
        return None;
    }
    let first = Lexer::new(text, engine).find(|token| !token.kind.is_comment())?;
    let word = text.get(first.start..first.end)?.to_ascii_uppercase();
    (first.kind == Kind::Word && WORDS.contains(&word.as_str())).then_some(word)
}

/// How often each statement is run: as often as is aimed at, within its share of the time; a slow one gets more time,
/// if there is some, up to what a bound of its 95th percentile needs.
fn allot(subjects: &mut [Subject], limits: &Limits) {
    let seconds = |subject: &Subject| subject.warm.as_secs_f64().max(1e-6);
    let wish = |subject: &Subject| {
        let aimed = seconds(subject) * limits.executions as f64;
        let bound = seconds(subject) * FEWEST_FOR_A_BOUND.min(limits.executions) as f64;
        aimed.min(limits.per_statement.as_secs_f64().max(bound.min(limits.per_statement.as_secs_f64() * 4.0)))
    };
    let wishes: Vec<f64> = subjects.iter().map(wish).collect();
    // The most time that each may take so that all fit: found by halving.
    let (mut low, mut high) = (0.0, limits.total.as_secs_f64());
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        let sum: f64 = wishes.iter().map(|wish| wish.min(middle)).sum();
        if sum > limits.total.as_secs_f64() { high = middle } else { low = middle }
    }
    for (subject, wish) in subjects.iter_mut().zip(wishes) {
        let executions = (wish.min(high) / seconds(subject)).ceil() as usize;
        let most = if reads_only(&subject.statement.text) { limits.executions } else { limits.executions.min(MOST_WRITES) };
        subject.wanted = executions.clamp(1, most.max(1));
    }
}

impl Subject {
    fn new(rate: Option<f64>, statement: Statement) -> Self {
        Self { statement, rate, times: Vec::new(), rows: 0, warm: Duration::ZERO, slowest: None, wanted: 0 }
    }

    fn runs(&self) -> bool {
        self.statement.failure.is_none()
    }

    fn label(&self) -> &str {
        self.statement.name.as_deref().unwrap_or(&self.statement.text)
    }

    fn note(&mut self, elapsed: Duration, rows: u64, sample: usize) {
        let ms = elapsed.as_secs_f64() * 1e3;
        self.times.push(ms);
        self.rows += rows;
        if self.slowest.is_none_or(|(slowest, _)| ms > slowest) {
            self.slowest = Some((ms, sample));
        }
    }

    /// The statement with its latency. Calls are its weight: times of the whole workload relate as the weights say.
    fn finish(mut self) -> Statement {
        let executions = self.times.len();
        if executions > 0 && self.statement.failure.is_none() {
            let mean = self.times.iter().sum::<f64>() / executions as f64;
            let variance = self.times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / executions as f64;
            let calls = self.statement.weight.unwrap_or(1.0);
            let writes = !reads_only(&self.statement.text);
            self.statement.calls = Some(calls);
            self.statement.total_ms = Some(calls * mean);
            self.statement.deviation_ms = Some(variance.sqrt());
            self.statement.rows = Some(calls * self.rows as f64 / executions as f64);
            let latency = latency(self.times, &method(self.rate, writes));
            self.statement.max_ms = latency.as_ref().map(|latency| latency.max_ms);
            self.statement.latency = latency;
        }
        self.statement
    }
}

fn method(rate: Option<f64>, writes: bool) -> String {
    let mut method = match rate {
        Some(rate) => format!("scratch, open loop at {}/s", (rate * 1000.0).round() / 1000.0),
        None => "scratch, closed loop".to_owned(),
    };
    if writes {
        method.push_str(", undone each time, without its commit");
    }
    method
}

fn reads_only(text: &str) -> bool {
    let start = text.trim_start();
    ["select", "values", "explain"].iter().any(|word| start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}

/// The distribution of times, ms.
#[must_use]
pub fn latency(mut times: Vec<f64>, method: &str) -> Option<Latency> {
    times.sort_by(f64::total_cmp);
    Some(Latency {
        samples: times.len() as u64,
        p50_ms: order::percentile(&times, 0.50)?,
        p95_ms: order::percentile(&times, 0.95)?,
        p95_low_ms: order::lower_bound(&times, 0.95),
        p95_high_ms: order::upper_bound(&times, 0.95),
        p99_ms: order::percentile(&times, 0.99)?,
        max_ms: times.last().copied()?,
        method: method.to_owned(),
        buckets: buckets(&times),
    })
}

/// Counts per bucket of bounds 1, 2, 5, 10, … ms and down to 1 µs; empty ends are left out.
fn buckets(sorted: &[f64]) -> Vec<(f64, u64)> {
    let mut found: Vec<(f64, u64)> = Vec::new();
    let mut rest = sorted;
    for exponent in -3..=6_i32 {
        for step in [1.0, 2.0, 5.0] {
            let bound: f64 = step * 10_f64.powi(exponent);
            let count = rest.partition_point(|time| *time <= bound);
            if count > 0 || (!found.is_empty() && !rest.is_empty()) {
                found.push((bound, count as u64));
            }
            rest = &rest[count..];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(warm_ms: u64) -> Subject {
        let statement = Statement { text: "SELECT 1".to_owned(), ..Statement::default() };
        Subject { warm: Duration::from_millis(warm_ms), ..Subject::new(None, statement) }
    }

    #[test]
    fn time_is_shared_so_that_bounds_are_reached_where_they_can_be() {
        let limits = Limits::default();
        let mut subjects = [subject(1), subject(50), subject(3000)];
        allot(&mut subjects, &limits);
        assert_eq!(subjects[0].wanted, 200);
        assert_eq!(subjects[1].wanted, 59, "1 s would do for 20 only");
        assert_eq!(subjects[2].wanted, 2, "4 s for one that takes 3 s");
        let mut many: Vec<Subject> = (0..1000).map(|_| subject(10)).collect();
        allot(&mut many, &limits);
        assert!((4..=5).contains(&many[0].wanted), "45 s for all of them");
    }

    #[test]
    fn few_samples_have_no_upper_bound() {
        let few = latency((1..=58).map(f64::from).collect(), "x").unwrap();
        assert_eq!((few.p95_high_ms, few.p95_ms), (None, 56.0));
        let enough = latency((1..=59).map(f64::from).collect(), "x").unwrap();
        assert_eq!(enough.p95_high_ms, Some(59.0));
        assert!(latency(Vec::new(), "x").is_none());
    }

    #[test]
    fn buckets_hold_every_sample_once() {
        let found = buckets(&[0.0005, 0.3, 0.31, 7.0]);
        assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), 4);
        assert_eq!(found.first(), Some(&(0.001, 1)));
        assert_eq!(found.last(), Some(&(10.0, 1)));
    }

    #[test]
    fn what_would_escape_is_not_run() {
        assert_eq!(unmeasurable("/* x */ commit", Engine::Sqlite).as_deref(), Some("COMMIT"));
        assert_eq!(unmeasurable("UPDATE t SET a = 1", Engine::Sqlite), None);
    }
}
