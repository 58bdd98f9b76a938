//! Whole tables in memory, column by column, for the search of dependencies. It never takes more memory than it is allowed:
//! what does not fit is left out, and said.

use dbwright_discovery::{NullRule, Table, TableBuilder, TableError};
use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection};

use crate::dependencies;
use crate::error::{EngineError, ErrorKind};
use crate::inclusion;
use crate::options::CollectOptions;
use crate::registry::driver_for;
use crate::rows::{RowSink, Wanted};
use crate::target::Endpoint;

/// A table as it was read.
#[derive(Debug, Clone)]
pub struct ReadTable {
    /// Its name.
    pub name: ObjectName,
    /// Its rows: columns in the order of `columns`.
    pub table: Table,
    /// Columns whose values are compared with nothing (documents, bytes, generated ones): not read.
    pub left_out: Vec<String>,
    /// Why not all rows are in it; empty when they are.
    pub gap: String,
}

/// Reads tables under one snapshot, within `memory_bytes` for all of them together.
///
/// # Errors
/// When the engine has no tables or the connection fails; a table that can't be read is a gap of its own.
pub async fn read_tables(
    endpoint: &Endpoint,
    options: &CollectOptions,
    collections: &[&Collection],
    nulls: &NullRule,
    memory_bytes: u64,
) -> Result<Vec<ReadTable>, EngineError> {
    let rows = driver_for(endpoint.engine).and_then(|driver| driver.rows).ok_or_else(|| {
        EngineError::new(ErrorKind::Unsupported, format!("reading rows of {endpoint}"), "this dbwright reads no rows of that system")
            .hint("`dbwright engines` lists what works where; a CSV file of the table can be searched too.")
    })?;
    let wanted: Vec<Wanted> = collections
        .iter()
        .map(|table| Wanted::of(table, dependencies::columns(table).iter().map(|field| field.name.clone()).collect()))
        .collect();
    let mut sink = Sink { wanted: &wanted, nulls, left_bytes: memory_bytes, builder: None, gap: String::new(), done: Vec::new() };
    rows(endpoint, options, &wanted, &mut sink).await?;
    sink.close();
    let left_out = |table: &&&Collection, read: &Table| {
        let kept = |name: &str| read.columns().iter().any(|column| column.name() == name);
        table.fields.iter().map(|field| field.name.clone()).filter(|name| !kept(name)).collect()
    };
    let named = |(place, table, gap): (usize, Table, String)| {
        let left_out = collections.get(place).as_ref().map(|collection| left_out(collection, &table)).unwrap_or_default();
        ReadTable { name: wanted[place].table.clone(), left_out, table, gap }
    };
    Ok(sink.done.into_iter().map(named).collect())
}

/// References that nobody declared, but that names speak for: table and column, table and key referred to.
#[must_use]
pub fn named_references(catalog: &Catalog) -> Vec<[String; 4]> {
    let told =
        |(table, column, target, key): inclusion::Pair<'_>| [table.name.to_string(), column.name.clone(), target.name.to_string(), key];
    inclusion::candidates(catalog).into_iter().map(told).collect()
}

/// Builds one table after the other.
struct Sink<'a> {
    wanted: &'a [Wanted],
    nulls: &'a NullRule,
    left_bytes: u64,
    builder: Option<(usize, TableBuilder)>,
    gap: String,
    done: Vec<(usize, Table, String)>,
}

impl Sink<'_> {
    fn close(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        if let Some((place, builder)) = self.builder.take() {
            let table = builder.finish();
            self.left_bytes = self.left_bytes.saturating_sub(table.memory_bytes());
            self.done.push((place, table, gap));
        }
    }
}

impl RowSink for Sink<'_> {
    fn begin(&mut self, place: usize) {
        self.close();
        let Some(wanted) = self.wanted.get(place) else { return };
        match TableBuilder::new(wanted.columns.clone(), self.nulls.clone(), Some(self.left_bytes)) {
            Ok(builder) => self.builder = Some((place, builder)),
            Err(error) => {
                let nothing = TableBuilder::new(Vec::new(), self.nulls.clone(), None).map(TableBuilder::finish);
                self.done.extend(nothing.ok().map(|table| (place, table, error.to_string())));
            }
        }
    }

    fn row(&mut self, cells: &[Option<&[u8]>]) -> bool {
        let Some((_, builder)) = self.builder.as_mut() else { return false };
        match builder.push_row(cells.iter().copied()) {
            Ok(()) => true,
            Err(TableError::Memory { rows, limit, .. }) => {
                self.gap = format!("only the first {rows} rows fit into the {} MB that were left (--memory)", limit >> 20);
                false
            }
            Err(error) => {
                self.gap = error.to_string();
                false
            }
        }
    }

    fn failed(&mut self, why: &EngineError) {
        self.gap = why.to_string();
    }
}
