//! What a ghost of a file is built from, and a whole copy of a file. It reads by the same ways as facts: nothing beside the
//! file is created either.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dbwright_model::Engine;
use dbwright_model::blueprint::{Blueprint, Gap, Made, StatisticsRow};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;

use super::connect;
use super::reader::{Control, Reader, engine_error, optional_text, text};
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;

/// Pages that are copied between two looks at the control.
const PAGES_A_STEP: i32 = 4096;
/// Most samples of sqlite_stat4 that are taken: 24 an index and more only where somebody configured it.
const MOST_ROWS: usize = 1_000_000;

/// Reads a file's blueprint.
///
/// # Errors
/// When the file can't be read.
pub fn blueprint(path: &Path, options: &CollectOptions, control: &Arc<Control>) -> Result<Blueprint, EngineError> {
    let reader = connect::open(path, options, control)?;
    of_reader(&reader, options).map_err(|error| engine_error(path, &error))
}

pub(super) fn of_reader(reader: &Reader, options: &CollectOptions) -> rusqlite::Result<Blueprint> {
    let name = reader.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut print = Blueprint::empty(Engine::Sqlite, rusqlite::version(), &name, options.now);
    // Triggers are left out: no plan of a SELECT depends on them, and they would name what a ghost lacks.
    let objects = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                   AND type <> 'trigger' ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid";
    for (kind, name, statement) in reader.all(objects, [], |row| Ok((text(row, 0)?, text(row, 1)?, optional_text(row, 2)?)))? {
        match statement {
            Some(statement) => print.objects.push(Made { kind, name, statement }),
            None => print.gaps.push(Gap { what: format!("{kind} {name}"), why: "its definition is no text".to_owned() }),
        }
    }
    for table in ["sqlite_stat1", "sqlite_stat4"] {
        let there = reader.count(&format!("SELECT count(*) FROM sqlite_schema WHERE name = '{table}'"))? > 0;
        if there {
            print.rows.extend(statistics_rows(reader, table)?);
        } else if table == "sqlite_stat1" {
            let why = "ANALYZE was never run: the planner guesses the sizes of all tables".to_owned();
            print.gaps.push(Gap { what: "statistics".to_owned(), why });
        }
    }
    Ok(print)
}

fn statistics_rows(reader: &Reader, table: &str) -> rusqlite::Result<Vec<StatisticsRow>> {
    let columns: &[&str] = if table == "sqlite_stat1" { &["tbl", "idx", "stat"] } else { &["tbl", "idx", "neq", "nlt", "ndlt", "sample"] };
    let sql = format!("SELECT {} FROM {table} LIMIT {MOST_ROWS}", columns.join(", "));
    reader.all(&sql, [], |row| {
        let mut values = BTreeMap::new();
        for (at, column) in columns.iter().enumerate() {
            let value = match row.get_ref(at)? {
                ValueRef::Null => None,
                ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                ValueRef::Blob(bytes) => Some(format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
                ValueRef::Integer(value) => Some(value.to_string()),
                ValueRef::Real(value) => Some(value.to_string()),
            };
            values.insert((*column).to_owned(), value);
        }
        Ok(StatisticsRow { table: table.to_owned(), values })
    })
}

/// Copies a whole database into a new file, page by page (SQLite's backup interface).
///
/// # Errors
/// When the file can't be read or the new one not written; [`ErrorKind::Interrupted`].
pub fn copy_to(path: &Path, target: &Path, options: &CollectOptions, control: &Arc<Control>) -> Result<(), EngineError> {
    let reader = connect::open(path, options, control)?;
    let failed = |error: rusqlite::Error| engine_error(path, &error);
    let mut copy = rusqlite::Connection::open(target).map_err(failed)?;
    let backup = Backup::new(&reader.connection, &mut copy).map_err(failed)?;
    loop {
        if control.cancelled() {
            return Err(EngineError::new(ErrorKind::Interrupted, format!("copying {}", path.display()), "interrupted"));
        }
        match backup.step(PAGES_A_STEP).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
