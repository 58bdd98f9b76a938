//! `dbwright rules`: the catalogue.

use dbwright_analysis::{Rule, accuracy, rules};
use dbwright_model::Engine;
use serde_json::json;

use crate::args::{ListFormat, RulesArgs};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &RulesArgs, screen: &Screen) -> Result<u8, Failure> {
    let engine = args.engine.as_deref().map(engine).transpose()?;
    let shown = |rule: &&'static Rule| {
        args.filter.as_deref().is_none_or(|text| rule.id.contains(text)) && engine.is_none_or(|engine| rule.engines.contains(&engine))
    };
    let rows: Vec<dbwright_report::list::RuleRow> = rules::all().into_iter().filter(shown).map(row).collect();
    let text = match args.list.format {
        ListFormat::Terminal => dbwright_report::list::rules(&rows, &output::terminal(screen, false)),
        ListFormat::Markdown => dbwright_report::list::rules_markdown(&rows),
        ListFormat::Json => {
            let rows: Vec<_> = rows.iter().map(|row| json!({"rule": row.id, "title": row.title, "severity": row.severity.id(), "engines": row.engines, "accuracy": row.accuracy})).collect();
            format!("{}\n", json!(rows))
        }
    };
    screen.data(&text)?;
    Ok(0)
}

fn engine(name: &str) -> Result<Engine, Failure> {
    Engine::from_id(name).ok_or_else(|| {
        Failure::new(format_args!("--engine: {name:?} is no engine"))
            .hint(format_args!("Engines are {}.", Engine::ALL.map(Engine::id).join(", ")))
    })
}

fn row(rule: &'static Rule) -> dbwright_report::list::RuleRow {
    dbwright_report::list::RuleRow {
        id: rule.id.to_owned(),
        title: rule.title.to_owned(),
        severity: rule.severity,
        engines: rule.engines.iter().map(|engine| engine.title().to_owned()).collect(),
        accuracy: accuracy::of(rule.id)
            .map(|seen| format!("{} of {} found, {} false alarms in {} cases", seen.found, seen.planted, seen.false_alarms, seen.cases)),
    }
}
