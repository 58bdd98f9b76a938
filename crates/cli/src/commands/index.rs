//! `dbwright index`: indexes for the whole workload, planned on a ghost and tried on a clone.

use std::path::Path;
use std::time::Duration;

use dbwright_lab::ghost;
use dbwright_lab::project::source::SourceFile;
use dbwright_lab::prove::{self, Effect, ProofOptions, Sameness, prove};
use dbwright_lab::scratch::ScratchOptions;
use dbwright_lab::select::advise::{Advice, Wishes, advise, is_supported};
use dbwright_lab::workload;
use dbwright_model::catalog::Collection;
use dbwright_model::change::Change;
use dbwright_model::workload::Statement;
use dbwright_model::{Engine, Facts};
use dbwright_report::index::{self as shown, Advised, IndexAdvice, Point, Served, Trial};
use dbwright_report::schema::TriedStatement;

use crate::args::index::IndexArgs;
use crate::args::schema::TextOrJson;
use crate::commands::schema::clones::{self, Attempt};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source::{self, Opened};

/// Shares of the budget on the curve.
const SHARES: [f64; 6] = [0.05, 0.1, 0.25, 0.5, 0.75, 1.0];
/// Budget where none is given: this share of the tables.
const USUAL_SHARE: f64 = 0.5;
/// The least budget taken where none is given, bytes.
const LEAST: f64 = 16.0 * 1024.0 * 1024.0;

/// Runs the command.
pub fn run(args: &IndexArgs, screen: &Screen) -> Result<u8, Failure> {
    let time = Duration::try_from_secs_f64(args.time_limit).ok().filter(|time| !time.is_zero());
    let time = time.ok_or_else(|| Failure::new(format_args!("--time-limit takes a number of seconds above 0, not {}", args.time_limit)))?;
    let statements = args.workload.as_deref().map(read_workload).transpose()?;
    let (budget, clone, no_try, server_bin) = (args.budget, args.clone.clone(), args.no_try, args.target.server_bin.clone());
    let found = source::with_database_and(
        &args.target,
        screen,
        |options| options.blueprint = true,
        move |opened| {
            let attempt = Attempt { clone, server_bin };
            work(opened, statements, budget, time, (!no_try).then_some(&attempt))
        },
    )?;
    let text = match args.format {
        TextOrJson::Json => dbwright_report::schema::json(&found),
        TextOrJson::Terminal => shown::terminal(&found, &output::terminal(screen, args.verbose)),
    };
    screen.data(&text)?;
    Ok(0)
}

fn read_workload(path: &Path) -> Result<SourceFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("reading", path, &error))?;
    Ok(SourceFile::new(path.display().to_string(), text))
}

fn work(
    opened: &mut Opened,
    given: Option<SourceFile>,
    budget: Option<u64>,
    time: Duration,
    attempt: Option<&Attempt>,
) -> Result<IndexAdvice, Failure> {
    let engine = opened.facts.target.engine;
    if !is_supported(engine) {
        return Err(Failure::new(format_args!("no indexes can be chosen for {} yet: there is no ghost of it", engine.title()))
            .hint("`dbwright engines` lists what works where; `review` finds missing and useless indexes by rules."));
    }
    if let Some(file) = given {
        opened.facts.workload.statements = planned(&file, engine)?;
        dbwright_analysis::prepare(&mut opened.facts);
    }
    if opened.facts.workload.statements.is_empty() {
        return Err(Failure::new("there is no workload to choose indexes for")
            .hint("Give --workload FILE, a project with workload.sql, or a server with pg_stat_statements."));
    }
    let print = opened.facts.blueprint.clone().ok_or_else(|| {
        Failure::new("the facts hold no blueprint: what the planner knows is not in them").hint("Collect them again with this version.")
    })?;
    opened.now("building a ghost");
    let server_bin = attempt.and_then(|attempt| attempt.server_bin.clone());
    let options = ScratchOptions { server_bin, cancel: opened.cancel.clone(), ..ScratchOptions::default() };
    let mut ghost = ghost::build(&print, &options)?;
    let gaps = ghost.built().gaps.iter().map(|gap| format!("The ghost lacks {}: {}", gap.what, gap.why)).collect();
    let wishes = Wishes { budgets: budgets(&opened.facts, budget), time };
    let advice = advise(&opened.facts, ghost.as_mut(), &wishes, &opened.cancel, &opened.progress())?;
    drop(ghost);
    let mut told = told(&opened.facts, &advice, gaps);
    match attempt {
        Some(attempt) if !advice.indexes.is_empty() => match try_it(opened, &advice, attempt) {
            Ok(trial) => told.trial = Some(trial),
            Err(failure) if attempt.clone.is_some() || opened.cancel.is_cancelled() => return Err(failure),
            Err(failure) => told.untried = format!("{} {}", failure.message, failure.hint.unwrap_or_default()),
        },
        Some(_) => {}
        None => told.untried = "--no-try was given: the planner's word stands, nothing was executed.".to_owned(),
    }
    Ok(told)
}

fn planned(file: &SourceFile, engine: Engine) -> Result<Vec<Statement>, Failure> {
    Ok(workload::parse(file, engine)?.into_iter().map(|one| one.statement).collect())
}

fn budgets(facts: &Facts, budget: Option<u64>) -> Vec<f64> {
    let tables: f64 = facts.catalog.tables().filter_map(Collection::total_bytes).sum();
    let whole = budget.map_or((tables * USUAL_SHARE).max(LEAST), |bytes| bytes as f64);
    SHARES.iter().map(|share| share * whole).collect()
}

fn told(facts: &Facts, advice: &Advice, gaps: Vec<String>) -> IndexAdvice {
    let index = |one: &dbwright_lab::select::advise::Advised| {
        let change = one.change.clone().unwrap_or_else(|| Change::new(""));
        Advised {
            object: one.object.clone(),
            bytes: one.bytes,
            upkeep: one.upkeep,
            apply: change.apply,
            revert: change.revert,
            locks: change.locks,
        }
    };
    let mut statements: Vec<Served> = advice
        .statements
        .iter()
        .map(|one| Served {
            label: one.label.clone(),
            weight: one.weight,
            before: one.before,
            after: one.after,
            uses: one.uses.iter().filter_map(|at| advice.indexes.get(*at)).map(|one| one.object.clone()).collect(),
        })
        .collect();
    statements.sort_by(|a, b| {
        (b.weight * (b.before - b.after)).total_cmp(&(a.weight * (a.before - a.after))).then_with(|| a.label.cmp(&b.label))
    });
    IndexAdvice {
        target: facts.target.name.clone(),
        base_cost: advice.base_cost,
        cost: advice.statements.iter().map(|one| one.weight * one.after).sum(),
        floor: advice.floor,
        curve: advice
            .curve
            .iter()
            .map(|one| Point { budget: one.budget, bytes: one.bytes, indexes: one.indexes, cost: one.cost })
            .collect(),
        indexes: advice.indexes.iter().map(index).collect(),
        statements,
        unused: advice.unused.clone(),
        refused: advice.refused.clone(),
        candidates: advice.candidates,
        questions: advice.questions,
        finished: advice.finished,
        gaps,
        ..IndexAdvice::default()
    }
}

/// Makes all advised indexes on a copy of a clone and runs the workload on both.
fn try_it(opened: &mut Opened, advice: &Advice, attempt: &Attempt) -> Result<Trial, Failure> {
    let mut all = Change::new("All advised indexes");
    for change in advice.indexes.iter().filter_map(|one| one.change.as_ref()) {
        for (at, statement) in change.apply.iter().enumerate() {
            all = all.step(statement.clone(), change.revert.get(at).cloned().unwrap_or_default());
        }
    }
    let mut clone = attempt.open(opened)?;
    opened.now("trying the indexes on a clone");
    let trials: Vec<prove::Trial> = opened.facts.workload.statements.iter().filter(|one| runnable(one)).map(prove::Trial::of).collect();
    let run =
        prove(clone.as_mut(), &all, &trials, &ProofOptions { cold: false, ..ProofOptions::default() }, &opened.cancel, &opened.progress())?;
    let statement = |one: &prove::StatementProof| TriedStatement {
        label: one.label.clone(),
        effect: clones::effect(&one.effect),
        ratio: one.ratio.map(|ratio| [ratio.low, ratio.middle, ratio.high]).filter(|_| !matches!(one.effect, Effect::Failed(_))),
        answers: clones::answers(&one.sameness),
    };
    let different = run.statements.iter().any(|one| matches!(one.sameness, Sameness::Different(_)));
    Ok(Trial {
        grade: if different { "answers differ".to_owned() } else { run.proof.grade.id().to_owned() },
        refused: run.refused.clone(),
        workload_ms: run.workload_ms,
        growth_bytes: run.growth_bytes,
        undone: run.reverted.as_ref().map(|outcome| outcome.as_ref().err().cloned().unwrap_or_default()),
        statements: run.statements.iter().map(statement).collect(),
    })
}

/// A text with open parameters and no sample can be planned, not run.
fn runnable(statement: &Statement) -> bool {
    !statement.samples.is_empty() || !(statement.text.contains('$') || statement.text.contains('?'))
}
