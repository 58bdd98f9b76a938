//! `dbwright engines`: what works on which engine, from the drivers' own tables.

use dbwright_engines::drivers;
use serde_json::json;

use crate::args::{ListArgs, ListFormat};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &ListArgs, screen: &Screen) -> Result<u8, Failure> {
    let rows: Vec<dbwright_report::list::EngineRow> = drivers().iter().map(|driver| row(driver)).collect();
    let text = match args.format {
        ListFormat::Terminal => dbwright_report::list::engines(&rows, &output::terminal(screen, false)),
        ListFormat::Markdown => dbwright_report::list::engines_markdown(&rows),
        ListFormat::Json => {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| json!({"engines": row.engines, "schemes": row.schemes, "versions": row.versions,
                    "capabilities": row.capabilities.iter().map(|(name, there, detail)| json!({"name": name, "there": there, "detail": detail})).collect::<Vec<_>>()}))
                .collect();
            format!("{}\n", json!(rows))
        }
    };
    screen.data(&text)?;
    Ok(0)
}

fn row(driver: &dbwright_engines::Driver) -> dbwright_report::list::EngineRow {
    dbwright_report::list::EngineRow {
        engines: driver.engines.iter().map(|engine| engine.title().to_owned()).collect(),
        schemes: driver.schemes.iter().map(|scheme| (*scheme).to_owned()).collect(),
        versions: driver.versions.to_owned(),
        capabilities: driver
            .capabilities
            .iter()
            .map(|ability| (ability.name.to_owned(), ability.there, ability.detail.to_owned()))
            .collect(),
    }
}
