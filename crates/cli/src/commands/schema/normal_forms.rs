//! `dbwright schema normal-forms`: normal forms with witnesses, splits with their proof.

use dbwright_analysis::ddl::Ddl;
use dbwright_analysis::design::normal_forms::{self as design, TableDesign, Tables};
use dbwright_engines::options::ReadRows;
use dbwright_lab::prove::{self, Effect, ProofOptions, ProofRun, prove};
use dbwright_lab::scratch::ScratchDatabase;
use dbwright_model::Facts;
use dbwright_model::change::Change;
use dbwright_model::facts::{MinedDependency, WitnessRow};
use dbwright_report::schema::{self as shown, Breach, Decomposition, Dependency, NormalForms, ShownRow, TableForms, Trial, TriedStatement};

use super::clones::{self, Attempt};
use crate::args::schema::{NormalFormsArgs, TextOrJson};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source::{self, Opened};

/// Runs the command.
pub fn run(args: &NormalFormsArgs, screen: &Screen) -> Result<u8, Failure> {
    let names = args.tables.clone();
    let attempt = args.attempt.then(|| Attempt { clone: args.clone.clone(), server_bin: args.target.server_bin.clone() });
    let found = source::with_database(&args.target, Some(ReadRows::All), screen, move |opened| work(opened, &names, attempt.as_ref()))?;
    let text = match args.format {
        TextOrJson::Json => shown::json(&found),
        TextOrJson::Terminal => shown::terminal::normal_forms(&found, &output::terminal(screen, args.verbose)),
    };
    screen.data(&text)?;
    Ok(code(&found))
}

fn code(found: &NormalForms) -> u8 {
    let broken = found.tables.iter().any(|table| !table.breaches.is_empty() || table.highest.is_none());
    let open = !found.unsearched.is_empty() || found.tables.iter().any(|table| !table.complete);
    if broken {
        1
    } else if open {
        3
    } else {
        0
    }
}

fn work(opened: &mut Opened, names: &[String], attempt: Option<&Attempt>) -> Result<NormalForms, Failure> {
    let facts = opened.facts.clone();
    let wanted = super::tables(&facts.catalog, names)?;
    let designs: Vec<TableDesign<'_>> =
        design::designs(&facts).into_iter().filter(|design| wanted.iter().any(|table| table.name == design.table.name)).collect();
    let ddl = Ddl::of(&facts);
    let mut changes: Vec<(usize, usize, Change)> = Vec::new();
    let mut tables: Vec<TableForms> = Vec::new();
    for (at, design) in designs.iter().enumerate() {
        let mut forms = forms(design);
        for (which, breach) in design.breaches.iter().enumerate() {
            match split(&ddl, design, breach) {
                Ok(change) => {
                    forms.breaches[which].apply.clone_from(&change.apply);
                    forms.breaches[which].revert.clone_from(&change.revert);
                    changes.push((at, which, change));
                }
                Err(obstacle) => forms.breaches[which].obstacle = obstacle,
            }
        }
        tables.push(forms);
    }
    if let Some(attempt) = attempt.filter(|_| !changes.is_empty()) {
        let mut clone = attempt.open(opened)?;
        for (at, which, change) in &changes {
            let run = try_one(opened, &facts, clone.as_mut(), &designs[*at], change)?;
            tables[*at].breaches[*which].trial = Some(run);
        }
    }
    let searched = |name: &dbwright_model::ObjectName| designs.iter().any(|design| design.table.name == *name);
    let unsearched =
        wanted.iter().filter(|table| !searched(&table.name)).map(|table| (table.name.to_string(), why_not(opened, table.fields.len())));
    Ok(NormalForms { target: facts.target.name.clone(), tables, unsearched: unsearched.collect() })
}

fn why_not(opened: &Opened, columns: usize) -> String {
    if opened.endpoint.is_none() {
        return "the Facts file was collected without --read-rows all".to_owned();
    }
    if columns == 0 { "it has no columns".to_owned() } else { "its rows could not be read, or no column can be compared".to_owned() }
}

/// The statements that split a table, or what stands in the way.
fn split(ddl: &Ddl<'_>, design: &TableDesign<'_>, breach: &design::Breach<'_>) -> Result<Change, String> {
    if let Some(target) = &breach.copies_of {
        return Err(format!("{target} holds these columns already: drop the copies here and join, after making sure that they agree"));
    }
    if breach.left_nulls() > 0 {
        return Err(format!(
            "{} rows have a NULL in {}: they would find no row in the new table",
            breach.left_nulls(),
            breach.left.join(", ")
        ));
    }
    if !(breach.split.lossless && breach.split.preserving) {
        return Err("this split alone would lose something; see the designs below".to_owned());
    }
    ddl.extract_table(design.table, &breach.left, &breach.right)
        .ok_or_else(|| "a key, index, reference, check, trigger or view uses these columns: split by hand along these lines".to_owned())
}

fn forms(design: &TableDesign<'_>) -> TableForms {
    TableForms {
        table: design.table.name.to_string(),
        rows: design.search.rows,
        complete: design.search.complete,
        gap: design.search.gap.clone(),
        keys: design.keys.clone(),
        highest: design.highest.map(|form| form.name().to_owned()),
        duplicate_rows: design.search.duplicate_rows,
        breaches: design.breaches.iter().map(breach).collect(),
        questions: design.questions.iter().map(|one| question(one)).collect(),
        multivalued: design.search.multivalued.iter().map(|one| (one.left.clone(), one.right.clone(), one.groups)).collect(),
        third: design.third.as_ref().map(decomposition),
        boyce_codd: design.boyce_codd.as_ref().map(decomposition),
    }
}

fn breach(breach: &design::Breach<'_>) -> Breach {
    let witnesses = breach.seen.iter().find(|one| !one.witnesses.is_empty()).map(|one| one.witnesses.as_slice()).unwrap_or_default();
    let row = |one: &WitnessRow| ShownRow { row: one.row, values: one.values.clone() };
    Breach {
        breaks: breach.breaks.name().to_owned(),
        left: breach.left.clone(),
        right: breach.right.clone(),
        repeating_rows: breach.repeating_rows(),
        repeated_bytes: breach.repeated_bytes(),
        witnesses: witnesses.iter().map(row).collect(),
        anomalies: breach.anomalies(),
        lossless: breach.split.lossless,
        preserving: breach.split.preserving,
        ..Breach::default()
    }
}

fn question(one: &MinedDependency) -> Dependency {
    Dependency {
        left: one.left.clone(),
        right: one.right.clone(),
        likelihood: "question".to_owned(),
        accidental_probability: one.accidental_probability,
        coverage: 0.0,
        groups: one.groups,
        repeating_rows: one.repeating_rows,
        repeated_bytes: one.repeated_bytes,
    }
}

fn decomposition(tables: &Tables) -> Decomposition {
    Decomposition { tables: tables.tables.clone(), lossless: tables.lossless, lost: tables.lost.clone() }
}

/// Applies a split to a copy of the clone: the view must give the table's rows, and the workload runs on both.
fn try_one(
    opened: &Opened,
    facts: &Facts,
    clone: &mut dyn ScratchDatabase,
    design: &TableDesign<'_>,
    change: &Change,
) -> Result<Trial, Failure> {
    const ROUND_TRIP: &str = "round trip";
    let ddl = Ddl::of(facts);
    let bytes_before = clone.bytes().map(|bytes| bytes as f64);
    let columns: Vec<String> = design.table.fields.iter().map(|field| ddl.name(&field.name)).collect();
    let round_trip = prove::Trial {
        label: ROUND_TRIP.to_owned(),
        before: vec![format!("SELECT {} FROM {}", columns.join(", "), ddl.object(&design.table.name))],
        after: Vec::new(),
        weight: 1.0,
    };
    let mut trials = vec![round_trip];
    trials.extend(facts.workload.statements.iter().filter(|statement| touches(statement, design)).map(prove::Trial::of));
    opened.now(&format!("trying a split of {}", design.table.name));
    let options = ProofOptions { cold: false, total: std::time::Duration::from_secs(20), ..ProofOptions::default() };
    let run = prove(clone, change, &trials, &options, &opened.cancel, &opened.progress())?;
    Ok(trial(&run, bytes_before, ROUND_TRIP))
}

fn touches(statement: &dbwright_model::workload::Statement, design: &TableDesign<'_>) -> bool {
    statement.text.contains(&design.table.name.name)
}

fn trial(run: &ProofRun, bytes_before: Option<f64>, round_trip: &str) -> Trial {
    let statement = |one: &prove::StatementProof| TriedStatement {
        label: one.label.clone(),
        effect: clones::effect(&one.effect),
        ratio: one.ratio.map(|ratio| [ratio.low, ratio.middle, ratio.high]),
        answers: clones::answers(&one.sameness),
    };
    let trip = run.statements.iter().find(|one| one.label == round_trip);
    Trial {
        refused: run.refused.clone(),
        round_trip: trip.map_or_else(
            || "not compared".to_owned(),
            |one| match &one.effect {
                Effect::Failed(why) => format!("not compared ({why})"),
                _ => clones::answers(&one.sameness),
            },
        ),
        bytes_before,
        growth_bytes: run.growth_bytes,
        undone: run.reverted.as_ref().map(|outcome| outcome.as_ref().err().cloned().unwrap_or_default()),
        statements: run.statements.iter().filter(|one| one.label != round_trip).map(statement).collect(),
    }
}
