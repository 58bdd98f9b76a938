//! Advice on indexes for a whole workload: candidates, the optimizer's answers on a ghost, one selection for all budgets.
//! It never executes a statement and never touches the source.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use dbwright_analysis::Context;
use dbwright_analysis::ddl::Ddl;
use dbwright_analysis::design::indexes::candidates::{self, Shapes};
use dbwright_analysis::design::indexes::problem::{Asker, Item, Problem, TableWrites};
use dbwright_analysis::design::indexes::relevance;
use dbwright_analysis::design::indexes::search::Limits;
use dbwright_analysis::design::indexes::selection::Selection;
use dbwright_model::change::Change;
use dbwright_model::policy::Policy;
use dbwright_model::{Engine, Facts, ObjectName};
use dbwright_sql::StatementKind;

use super::{Names, run};
use crate::cancel::Cancel;
use crate::error::LabError;
use crate::project::Progress;
use crate::whatif::{Candidate, IndexId, KnownIndex, Question, WhatIf};

/// Share of the workload's cost that an index has to save to be worth its existence.
const LEAST_SAVING: f64 = 0.002;
/// Planner units of an index entry written: of descending one level, and of the leaf.
const LEVEL: f64 = 0.05;
const LEAF: f64 = 0.1;

/// What to choose.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// Budgets for new indexes, bytes, ascending; the last one is advised on.
    pub budgets: Vec<f64>,
    /// Time for asking; what was learnt until then is used.
    pub time: Duration,
}

/// A new index.
#[derive(Debug, Clone, PartialEq)]
pub struct Advised {
    /// Its table.
    pub table: ObjectName,
    /// `table(columns)` and what else belongs to it.
    pub object: String,
    /// Its size as the ghost estimates it, bytes.
    pub bytes: f64,
    /// What writing it costs over the workload, planner's units.
    pub upkeep: f64,
    /// How it is made; none where no way is safe to write.
    pub change: Option<Change>,
}

/// A statement under the advice, in the planner's units.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// What people call it.
    pub label: String,
    /// How often it runs.
    pub weight: f64,
    /// Cost with the indexes that exist.
    pub before: f64,
    /// Cost with the new ones too.
    pub after: f64,
    /// Places in [`Advice::indexes`] of those that its plan uses.
    pub uses: Vec<usize>,
}

/// What a budget buys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The budget, bytes.
    pub budget: f64,
    /// Bytes used.
    pub bytes: f64,
    /// Number of indexes.
    pub indexes: usize,
    /// Cost of the workload, reads and upkeep.
    pub cost: f64,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Advice {
    /// Cost of the workload with the indexes that exist.
    pub base_cost: f64,
    /// A cost below which no set of these candidates gets.
    pub floor: f64,
    /// By budget, ascending.
    pub curve: Vec<Point>,
    /// The indexes for the last budget.
    pub indexes: Vec<Advised>,
    /// All statements that were planned.
    pub statements: Vec<Served>,
    /// Existing indexes that no plan uses with the advice, and that no constraint stands on.
    pub unused: Vec<String>,
    /// Statements that the optimizer refused: label and what it said.
    pub refused: Vec<(String, String)>,
    /// Candidates looked at.
    pub candidates: usize,
    /// Questions asked.
    pub questions: u64,
    /// Whether the search ended by itself.
    pub finished: bool,
}

/// Chooses indexes for the workload of these facts.
///
/// # Errors
/// When the optimizer's server is lost, or the end was asked for.
pub fn advise(
    facts: &Facts,
    optimizer: &mut dyn WhatIf,
    wishes: &Wishes,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Advice, LabError> {
    let policy = Policy::default();
    let context = Context::new(facts, &policy);
    let readers: Vec<usize> = (0..context.statements().len()).filter(|at| is_planned(&context, *at)).collect();
    progress("looking for candidates");
    let found = candidates::of(&context, &readers, &Shapes::default());
    let name = |table: usize| facts.catalog.collections[table].name.clone();
    let wanted: Vec<Candidate> =
        found.list.iter().map(|one| Candidate { table: name(one.table), index: one.index.clone(), pages: None }).collect();
    let known: Vec<Option<KnownIndex>> = optimizer.create(&wanted)?.into_iter().map(Result::ok).collect();
    let sizes: Vec<f64> = known.iter().map(|one| one.as_ref().map_or(f64::INFINITY, |one| one.bytes)).collect();
    let existing = optimizer.existing();
    let texts: Vec<String> = readers.iter().map(|at| context.statements()[*at].text().to_owned()).collect();
    let weights: Vec<f64> = readers.iter().map(|at| weight(&context, *at)).collect();
    let names = Names {
        statements: texts.clone(),
        candidates: known.iter().map(|one| one.as_ref().map_or(IndexId(u32::MAX), |one| one.id)).collect(),
        existing: existing.iter().map(|one| one.id).collect(),
    };
    let asker = |at: usize| Asker { weight: weights[at], relevant: relevance::of(&found, at, &facts.catalog.collections, &sizes) };
    let writes = writes(&context, &found.list, &known);
    let problem = Problem {
        candidates: found.list.iter().zip(&sizes).map(|(one, bytes)| Item { bytes: *bytes, table: one.table }).collect(),
        statements: (0..readers.len()).map(asker).collect(),
        writes: writes.clone(),
    };
    progress("asking the planner what each statement costs now");
    let mut served = base(optimizer, &context, &readers, &names, &weights);
    let base_cost: f64 = served.iter().map(|one| one.weight * one.before).sum();
    let limits: Vec<Limits> =
        wishes.budgets.iter().map(|bytes| Limits { bytes: *bytes, least_saving: LEAST_SAVING * base_cost, count: usize::MAX }).collect();
    let last = limits.last().copied().unwrap_or(Limits { bytes: f64::INFINITY, least_saving: 0.0, count: usize::MAX });
    let mut selection = Selection::new(problem, limits);
    progress("asking the planner about candidates");
    let outcome = run(&mut selection, optimizer, &names, Some(Instant::now() + wishes.time), cancel)?;
    let results = selection.results();
    // The selection leaves out statements that no candidate could serve; their cost stays under every set.
    let unserved = (base_cost - selection.base_cost()).max(0.0);
    let curve = wishes.budgets.iter().zip(&results).map(|(budget, chosen)| Point {
        budget: *budget,
        bytes: chosen.bytes,
        indexes: chosen.members.len(),
        cost: unserved + chosen.cost,
    });
    let members = results.last().map(|chosen| chosen.members.clone()).unwrap_or_default();
    let ddl = Ddl::of(facts);
    let upkeep = |member: usize| writes.iter().flat_map(|table| &table.upkeep).filter(|(at, _)| *at == member).map(|(_, cost)| cost).sum();
    let indexes: Vec<Advised> = members
        .iter()
        .map(|member| {
            let candidate = &found.list[*member];
            let table = &facts.catalog.collections[candidate.table];
            Advised {
                table: table.name.clone(),
                object: object(&wanted[*member]),
                bytes: sizes[*member],
                upkeep: upkeep(*member),
                change: ddl.create_designed(table, &candidate.index),
            }
        })
        .collect();
    let used = after(optimizer, &names, &members, &mut served);
    let label = |at: usize| context.statements()[readers[at]].title();
    Ok(Advice {
        base_cost,
        floor: unserved + selection.floor(&last),
        curve: curve.collect(),
        indexes,
        statements: served,
        unused: existing.iter().filter(|one| !one.fixed && !used.contains(&one.id)).map(|one| one.index.object(&one.table)).collect(),
        refused: outcome.refused.iter().map(|(at, why)| (label(*at), why.clone())).collect(),
        candidates: found.list.len(),
        questions: optimizer.calls(),
        finished: outcome.finished,
    })
}

fn is_planned(context: &Context<'_>, at: usize) -> bool {
    let view = &context.statements()[at];
    let kinds = [StatementKind::Select, StatementKind::Update, StatementKind::Delete, StatementKind::Insert, StatementKind::Merge];
    kinds.contains(&view.shape.kind) && !view.statement.truncated
}

fn weight(context: &Context<'_>, at: usize) -> f64 {
    let statement = context.statements()[at].statement;
    statement.calls.or(statement.weight).unwrap_or(1.0).max(0.0)
}

/// What each statement costs now.
fn base(optimizer: &mut dyn WhatIf, context: &Context<'_>, readers: &[usize], names: &Names, weights: &[f64]) -> Vec<Served> {
    let mut served = Vec::new();
    for (at, text) in names.statements.iter().enumerate() {
        let cost = optimizer.ask(&Question::new(text, &names.existing)).map_or(f64::NAN, |costed| costed.cost);
        let label = context.statements()[readers[at]].title();
        served.push(Served { label, weight: weights[at], before: cost, after: cost, uses: Vec::new() });
    }
    // What can't be planned costs nothing that an index could save; it is told as refused.
    for one in served.iter_mut().filter(|one| one.before.is_nan()) {
        (one.before, one.after) = (0.0, 0.0);
    }
    served
}

/// Asks once more with exactly the advised indexes; gives all indexes that some plan uses.
fn after(optimizer: &mut dyn WhatIf, names: &Names, members: &[usize], served: &mut [Served]) -> BTreeSet<IndexId> {
    let mut visible = names.existing.clone();
    visible.extend(members.iter().map(|member| names.candidates[*member]));
    let mut used = BTreeSet::new();
    for (text, one) in names.statements.iter().zip(served.iter_mut()) {
        let Ok(costed) = optimizer.ask(&Question::new(text, &visible)) else { continue };
        one.after = costed.cost;
        one.uses = (0..members.len()).filter(|at| costed.used.contains(&names.candidates[members[*at]])).collect();
        used.extend(costed.used);
    }
    used
}

/// What each candidate costs the statements that write its table: an entry for each row inserted or deleted, two for each
/// update of a column in it.
fn writes(context: &Context<'_>, list: &[candidates::Candidate], known: &[Option<KnownIndex>]) -> Vec<TableWrites> {
    let mut tables: Vec<usize> = list.iter().map(|one| one.table).collect();
    tables.sort_unstable();
    tables.dedup();
    let of_table = |table: usize| {
        let name = &context.facts.catalog.collections[table].name;
        let upkeep = list.iter().zip(known).enumerate().filter(|(_, (one, _))| one.table == table).map(|(at, (one, known))| {
            let levels = known.as_ref().and_then(|known| known.levels).unwrap_or(2);
            (at, entries(context, name, one) * (LEAF + LEVEL * f64::from(levels + 1)))
        });
        TableWrites { table, upkeep: upkeep.collect(), updates: Vec::new() }
    };
    tables.into_iter().map(of_table).collect()
}

fn entries(context: &Context<'_>, table: &ObjectName, candidate: &candidates::Candidate) -> f64 {
    let writes = |at: usize| {
        let view = &context.statements()[at];
        if view.first_table.as_ref() != Some(table) {
            return 0.0;
        }
        let entries = match view.shape.kind {
            StatementKind::Insert | StatementKind::Delete => 1.0,
            StatementKind::Update if changes(view.text(), &candidate.index) => 2.0,
            _ => 0.0,
        };
        entries * weight(context, at)
    };
    (0..context.statements().len()).map(writes).sum()
}

/// Whether the text between SET and WHERE names a column of the index: never less than what is changed.
fn changes(text: &str, index: &dbwright_model::catalog::Index) -> bool {
    let lower = text.to_lowercase();
    let set = lower.split_once(" set ").map_or(lower.as_str(), |(_, rest)| rest);
    let set = set.split_once(" where ").map_or(set, |(set, _)| set);
    let columns = index.parts.iter().filter_map(|part| part.column.as_ref()).chain(&index.included);
    index.parts.iter().any(|part| part.column.is_none()) || columns.into_iter().any(|column| set.contains(&column.to_lowercase()))
}

fn object(candidate: &Candidate) -> String {
    let index = &candidate.index;
    let part = |part: &dbwright_model::catalog::IndexPart| {
        let what = part.column.clone().or_else(|| part.expression.clone()).unwrap_or_default();
        format!("{what}{}", if part.descending { " desc" } else { "" })
    };
    let mut text = format!("{}({})", candidate.table, index.parts.iter().map(part).collect::<Vec<_>>().join(", "));
    if !matches!(index.method.as_str(), "" | "btree") {
        text.push_str(&format!(" using {}", index.method));
    }
    if !index.included.is_empty() {
        text.push_str(&format!(" carrying {}", index.included.join(", ")));
    }
    if let Some(predicate) = &index.predicate {
        text.push_str(&format!(" where {predicate}"));
    }
    text
}

/// The engines whose ghosts can be asked.
#[must_use]
pub fn is_supported(engine: Engine) -> bool {
    matches!(engine, Engine::Postgresql | Engine::Sqlite)
}
