//! Advice on indexes, as `--format json` has it and for a terminal. It shows what was found and decides nothing.

use anstyle::Style;
use serde::Serialize;

use crate::schema::TriedStatement;
use crate::terminal::page::Page;
use crate::terminal::{CODE, FAINT, GREEN, RED, STRONG, YELLOW};
use crate::text::{fill, plural};
use crate::{Options, number};

/// Advice on indexes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IndexAdvice {
    /// The target.
    pub target: String,
    /// Cost of the workload now, planner's units.
    pub base_cost: f64,
    /// Cost with the advice.
    pub cost: f64,
    /// A cost that no set of the candidates beats.
    pub floor: f64,
    /// What budgets buy, ascending.
    pub curve: Vec<Point>,
    /// The indexes advised.
    pub indexes: Vec<Advised>,
    /// Statements, those that gain most first.
    pub statements: Vec<Served>,
    /// Existing indexes that no plan of this workload uses.
    pub unused: Vec<String>,
    /// Statements that the planner refused, with what it said.
    pub refused: Vec<(String, String)>,
    /// Candidates looked at.
    pub candidates: usize,
    /// Questions to the planner.
    pub questions: u64,
    /// Whether the search ended by itself.
    pub finished: bool,
    /// What the ghost lacks.
    pub gaps: Vec<String>,
    /// What happened on a clone; none where it was not tried.
    pub trial: Option<Trial>,
    /// Why it was not tried.
    pub untried: String,
}

/// A budget and what it buys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Point {
    /// Budget, bytes.
    pub budget: f64,
    /// Bytes used.
    pub bytes: f64,
    /// Indexes.
    pub indexes: usize,
    /// Cost of the workload, planner's units.
    pub cost: f64,
}

/// An index advised.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Advised {
    /// What it is on.
    pub object: String,
    /// Estimated size, bytes.
    pub bytes: f64,
    /// Estimated cost of writing it over the workload, planner's units.
    pub upkeep: f64,
    /// Statements that make it.
    pub apply: Vec<String>,
    /// Statements that undo it.
    pub revert: Vec<String>,
    /// Locks taken.
    pub locks: Vec<String>,
}

/// A statement under the advice.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Served {
    /// Its name.
    pub label: String,
    /// How often it runs.
    pub weight: f64,
    /// Cost now, planner's units.
    pub before: f64,
    /// Cost with the advice.
    pub after: f64,
    /// What its plan uses of the advice.
    pub uses: Vec<String>,
}

/// The advice tried on a clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Trial {
    /// `proved` or what came of it.
    pub grade: String,
    /// What was refused.
    pub refused: Option<String>,
    /// Time of the workload before and after, ms.
    pub workload_ms: (f64, f64),
    /// Bytes that the indexes take.
    pub growth_bytes: Option<f64>,
    /// Whether undoing gave the schema back; none where not tried.
    pub undone: Option<String>,
    /// The statements.
    pub statements: Vec<TriedStatement>,
}

const PLAIN: Style = Style::new();
/// Statements shown without `--verbose`.
const SHOWN: usize = 8;

/// In a terminal.
#[must_use]
pub fn terminal(advice: &IndexAdvice, options: &Options) -> String {
    let mut page = Page::new(options);
    let share = percent(advice.cost, advice.base_cost);
    let what = if advice.indexes.is_empty() {
        "no new index is worth its keep".to_owned()
    } else {
        format!("{} for {share} of the planned cost", plural_indexes(advice.indexes.len()))
    };
    page.ends(&[(&advice.target, STRONG), ("  ", PLAIN), (&what, if advice.indexes.is_empty() { PLAIN } else { GREEN })], ("", FAINT));
    let floor = percent(advice.floor, advice.base_cost);
    let end = if advice.finished { "" } else { " (its time was up)" };
    let how = format!(
        "{} looked at, {} questions to the planner{end}; no set of them gets below {floor}",
        plural(advice.candidates, "candidate"),
        number::grouped(advice.questions as f64)
    );
    page.indented(&how, 0, FAINT);
    for (at, index) in advice.indexes.iter().enumerate() {
        page.blank();
        page.ends(&[(&format!("{}. ", at + 1), FAINT), (&index.object, STRONG)], (&format!("≈ {}", number::bytes(index.bytes)), FAINT));
        for statement in &index.apply {
            page.code(&format!("{statement};"), 3, CODE);
        }
        for lock in &index.locks {
            page.indented(lock, 3, FAINT);
        }
        if index.apply.is_empty() {
            page.indented("No way of making it while writes go on is known for this table: make it in a quiet hour.", 3, YELLOW);
        }
    }
    curve(&mut page, advice);
    statements(&mut page, advice);
    tried(&mut page, advice);
    rest(&mut page, advice);
    page.finish()
}

fn plural_indexes(count: usize) -> String {
    if count == 1 { "1 index".to_owned() } else { format!("{count} indexes") }
}

fn percent(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{:.1} %", 100.0 * part / whole) } else { "100 %".to_owned() }
}

/// What each budget buys, as bars.
fn curve(page: &mut Page<'_>, advice: &IndexAdvice) {
    if advice.curve.len() < 2 || advice.base_cost <= 0.0 {
        return;
    }
    page.heading("What a budget buys", "the bar is the planned cost that is left");
    let room = page.columns().saturating_sub(44).clamp(10, 50);
    for point in &advice.curve {
        let share = (point.cost / advice.base_cost).clamp(0.0, 1.0);
        let ink = if page.options().unicode { "█" } else { "#" };
        let bar = page.paint(&ink.repeat((share * room as f64).round() as usize), GREEN);
        let text = format!(
            "  {} {} {} ",
            fill(&number::bytes(point.budget), 9),
            fill(&plural_indexes(point.indexes), 11),
            fill(&percent(point.cost, advice.base_cost), 8)
        );
        page.line(&format!("{text} {bar}"));
    }
}

fn statements(page: &mut Page<'_>, advice: &IndexAdvice) {
    let gaining: Vec<&Served> = advice.statements.iter().filter(|one| page.verbose() || one.after < one.before * 0.99).collect();
    if gaining.is_empty() {
        return;
    }
    page.heading("Statements", "planned cost before and with the advice, on a copy without rows");
    for one in gaining.iter().take(if page.verbose() { usize::MAX } else { SHOWN }) {
        let label = page.cut(&one.label, 40);
        let uses = if one.uses.is_empty() { String::new() } else { format!("  {}", one.uses.join(", ")) };
        page.line(&format!(
            "  {} {:>11} → {:>11}{}",
            fill(&label, 40),
            number::grouped(one.before.round()),
            number::grouped(one.after.round()),
            page.cut(&uses, 30)
        ));
    }
    if gaining.len() > SHOWN && !page.verbose() {
        page.indented(&format!("{} more (--verbose shows them)", gaining.len() - SHOWN), 2, FAINT);
    }
}

fn tried(page: &mut Page<'_>, advice: &IndexAdvice) {
    let Some(trial) = &advice.trial else {
        if !advice.indexes.is_empty() {
            page.heading("Not tried", "");
            page.indented(&advice.untried, 2, YELLOW);
        }
        return;
    };
    page.heading("Tried on a clone", "statements run before and after in turn; ratios with their 95 % interval");
    if let Some(refused) = &trial.refused {
        page.indented(&format!("The engine refused {refused}"), 2, RED);
        return;
    }
    let undone = match trial.undone.as_deref() {
        Some("") => "undone without a trace".to_owned(),
        Some(wrong) => format!("undoing failed: {wrong}"),
        None => "undoing was not tried".to_owned(),
    };
    let growth = trial.growth_bytes.map(|bytes| format!(" · {} on disk", number::bytes(bytes))).unwrap_or_default();
    let (before, after) = trial.workload_ms;
    let times = format!("workload {} → {}{growth} · {undone} · {}", number::milliseconds(before), number::milliseconds(after), trial.grade);
    page.indented(&times, 2, if after <= before { GREEN } else { YELLOW });
    let verbose = page.verbose();
    for one in trial.statements.iter().filter(|one| verbose || one.effect != "same" || one.answers != "equal") {
        let style = match one.effect.as_str() {
            "faster" => GREEN,
            "slower" => RED,
            _ => FAINT,
        };
        let ratio = one.ratio.map(|[low, middle, high]| format!(" × {middle:.3} ({low:.3} to {high:.3})")).unwrap_or_default();
        let answers = if one.answers == "equal" { "" } else { one.answers.as_str() };
        let label = page.cut(&one.label, 40);
        let line = format!("  {} {}{ratio} {}", fill(&label, 40), page.paint(&one.effect, style), page.cut(answers, 60));
        page.line(&line);
    }
}

fn rest(page: &mut Page<'_>, advice: &IndexAdvice) {
    if !advice.unused.is_empty() {
        page.heading("Not used", "by any plan of this workload; `review` says which of them may go, and how surely");
        for object in &advice.unused {
            page.indented(object, 2, PLAIN);
        }
    }
    for (label, why) in &advice.refused {
        page.indented(&format!("{label} was not planned: {why}"), 0, YELLOW);
    }
    for gap in &advice.gaps {
        page.indented(gap, 0, FAINT);
    }
}
