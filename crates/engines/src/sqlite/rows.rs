//! Rows of tables as texts, one by one. It never holds more than one.

use std::path::Path;
use std::sync::Arc;

use dbwright_model::catalog::{Catalog, CollectionKind};
use dbwright_model::facts::DependencySearch;
use rusqlite::types::ValueRef;

use super::connect;
use super::reader::{Control, Reader, engine_error, plain, quoted};
use crate::dependencies::{self, Miner};
use crate::error::EngineError;
use crate::options::{CollectOptions, ReadRows};
use crate::rows::{RowSink, Wanted};

/// Hands the rows of the wanted tables to the sink.
///
/// # Errors
/// As [`connect::open`]; a table that fails is told to the sink instead.
pub fn stream(
    path: &Path,
    options: &CollectOptions,
    control: &Arc<Control>,
    wanted: &[Wanted],
    sink: &mut dyn RowSink,
) -> Result<(), EngineError> {
    let reader = connect::open(path, options, control)?;
    for (place, one) in wanted.iter().enumerate() {
        sink.begin(place);
        if let Err(error) = each(&reader, &one.table.name, &one.columns, |cells| sink.row(cells)) {
            sink.failed(&engine_error(path, &error));
        }
    }
    Ok(())
}

/// Searches the rows of all tables that may be read as a whole for dependencies; gives the gaps.
pub(super) fn mine(reader: &Reader, catalog: &Catalog, rows: ReadRows, found: &mut Vec<DependencySearch>) -> Vec<String> {
    let mut gaps = Vec::new();
    for table in catalog.collections.iter().filter(|table| table.kind == CollectionKind::Table) {
        let whole = match rows {
            ReadRows::All => true,
            ReadRows::Sample(limit) => table.rows().is_some_and(|rows| rows <= limit as f64),
            ReadRows::Never => false,
        };
        let columns = dependencies::columns(table);
        if !whole || columns.is_empty() {
            continue;
        }
        let names: Vec<String> = columns.iter().map(|field| field.name.clone()).collect();
        let mut miner = Miner::new(table, &columns);
        if let Err(error) = each(reader, &table.name.name, &names, |cells| miner.push(cells.iter().copied())) {
            miner.cut_short(plain(&error));
            gaps.push(format!("{} (dependencies): {}", table.name, plain(&error)));
        }
        found.push(miner.finish());
    }
    gaps
}

/// Calls a function with the cells of each row until it answers false.
fn each(reader: &Reader, table: &str, columns: &[String], mut take: impl FnMut(&[Option<&[u8]>]) -> bool) -> rusqlite::Result<()> {
    let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let mut numbers: Vec<String> = vec![String::new(); columns.len()];
    reader.each(&format!("SELECT {} FROM {} NOT INDEXED", list.join(", "), quoted(table)), [], |row| {
        for (at, number) in numbers.iter_mut().enumerate() {
            number.clear();
            match row.get_ref(at)? {
                ValueRef::Integer(value) => number.push_str(&value.to_string()),
                // 1.0 compares equal to 1.
                ValueRef::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => number.push_str(&(value as i64).to_string()),
                ValueRef::Real(value) => number.push_str(&value.to_string()),
                _ => {}
            }
        }
        let mut cells: Vec<Option<&[u8]>> = Vec::with_capacity(columns.len());
        for (at, number) in numbers.iter().enumerate() {
            cells.push(match row.get_ref(at)? {
                ValueRef::Null => None,
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
                _ => Some(number.as_bytes()),
            });
        }
        Ok(take(&cells))
    })
}
