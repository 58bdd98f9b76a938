//! Tries a change on two copies of a database, one with it and one without: the workload runs on both in turn (A B, B A, …),
//! warm and cold told apart, results are compared row by row, and the undoing is tried too. It never touches the source.

mod interval;
mod judge;
mod run;

use std::time::Duration;

use dbwright_model::change::Change;
use dbwright_model::finding::Proof;
use dbwright_model::plan::Plan;
use dbwright_model::workload::Statement;

pub use run::prove;

/// A statement to be run before and after.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trial {
    /// What people call it: its name or fingerprint.
    pub label: String,
    /// Texts with real parameters, run without the change. Several samples take turns.
    pub before: Vec<String>,
    /// What takes their place with the change, one for each; empty: the same texts (a decomposition rewrites them).
    pub after: Vec<String>,
    /// How often it runs in relation to the others.
    pub weight: f64,
}

impl Trial {
    /// A statement of a workload with its samples, or its bare text where it has none and no open parameters.
    #[must_use]
    pub fn of(statement: &Statement) -> Self {
        let samples: Vec<String> = statement.samples.iter().map(|sample| sample.text.clone()).collect();
        Self {
            label: statement.name.clone().unwrap_or_else(|| statement.fingerprint.clone()),
            before: if samples.is_empty() { vec![statement.text.clone()] } else { samples },
            after: Vec::new(),
            weight: statement.weight.or(statement.calls).unwrap_or(1.0),
        }
    }

    fn text(&self, side: Side, sample: usize) -> &str {
        let changed = side == Side::After && !self.after.is_empty();
        let texts = if changed { &self.after } else { &self.before };
        texts.get(sample % texts.len().max(1)).map_or("", String::as_str)
    }
}

/// Without the change, or with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A: as it is.
    Before,
    /// B: changed.
    After,
}

/// How long and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProofOptions {
    /// Pairs of executions (A and B) of each statement that are aimed at; six carry a 95 % interval at the least.
    pub pairs: usize,
    /// Time for all warm executions; each statement is run at least [`FEWEST_PAIRS`] times in time.
    pub total: Duration,
    /// One execution may take no longer.
    pub execution: Duration,
    /// Whether each statement is run once on each side with empty caches, where the engine allows it.
    pub cold: bool,
}

/// Fewest pairs whose smallest and largest difference enclose the median with 95 % (1 − 2 × 0.5⁶ = 0.969).
pub const FEWEST_PAIRS: usize = 6;

impl Default for ProofOptions {
    /// 15 pairs, 60 s in all, 30 s an execution, cold runs too.
    fn default() -> Self {
        Self { pairs: 15, total: Duration::from_secs(60), execution: Duration::from_secs(30), cold: true }
    }
}

/// Whether a statement answered the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sameness {
    /// The same rows as often as each other, and in the same order where ORDER BY asks.
    Equal,
    /// Other rows, or another order: what differs.
    Different(String),
    /// Can't be told: why.
    Undecided(String),
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Faster: the interval of the difference lies below zero.
    Gain,
    /// Slower: the interval lies above zero.
    Loss,
    /// The interval holds zero.
    None,
    /// It could not be run on one side or both: why.
    Failed(String),
}

/// One statement's outcome; times are medians in ms of warm executions.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementProof {
    /// As in [`Trial::label`].
    pub label: String,
    /// As in [`Trial::weight`].
    pub weight: f64,
    /// Pairs run.
    pub pairs: usize,
    /// Median without the change, ms.
    pub before_ms: f64,
    /// Median with it, ms.
    pub after_ms: f64,
    /// After ÷ before, with its 95 % interval: median of the pairs' ratios, by order statistics.
    pub ratio: Option<Interval>,
    /// First execution with empty caches, ms, without and with, where it was taken.
    pub cold_ms: Option<(f64, f64)>,
    /// Blocks touched (found and read), without and with, where the engine counts them.
    pub blocks: Option<(f64, f64)>,
    /// What became of it.
    pub effect: Effect,
    /// Whether it answered the same.
    pub sameness: Sameness,
    /// Executed plans without and with the change, where the engine gives them.
    pub plans: [Option<Plan>; 2],
}

/// A value between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// The value.
    pub middle: f64,
    /// Upper end.
    pub high: f64,
}

/// What happened when a change was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofRun {
    /// The change.
    pub change: Change,
    /// Time that applying took, ms, per statement of `change.apply`.
    pub apply_ms: Vec<f64>,
    /// Growth of the database, bytes.
    pub growth_bytes: Option<f64>,
    /// Why it could not be applied, if so: the statement and what the engine said.
    pub refused: Option<String>,
    /// Each statement's outcome.
    pub statements: Vec<StatementProof>,
    /// Weighted sum of the medians, ms, without and with.
    pub workload_ms: (f64, f64),
    /// Whether undoing was tried and gave the same catalog and results again: none when the change has no undo; else why not.
    pub reverted: Option<Result<(), String>>,
    /// The same as the model's value for a finding: [`dbwright_model::Grade::Proved`] only when it was applied, no result
    /// differs and undoing works.
    pub proof: Proof,
}

impl ProofRun {
    /// Labels of the statements with an effect.
    pub fn with_effect<'a>(&'a self, effect: &'a Effect) -> impl Iterator<Item = &'a StatementProof> {
        self.statements.iter().filter(move |statement| statement.effect == *effect)
    }
}
