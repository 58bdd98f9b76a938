//! Rows of tables as texts, and what a search of them shows. Only for those who asked for all rows: values leave the server.

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::{FactKind, Facts};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::super::queries::{Query, quote};
use super::super::session::ReadOnly;
use crate::coverage::Book;
use crate::dependencies::{self, Miner};
use crate::error::{EngineError, ErrorKind};
use crate::options::ReadRows;
use crate::rows::{RowSink, Wanted};

/// Most columns of one answer; PostgreSQL's own limit is 1,664.
const MOST_COLUMNS: usize = 1_600;

/// Hands the rows of the wanted tables to the sink.
///
/// # Errors
/// When the connection is gone.
pub(in super::super) async fn stream(session: &ReadOnly, wanted: &[Wanted], sink: &mut (dyn RowSink + '_)) -> Result<(), EngineError> {
    for (place, one) in wanted.iter().enumerate() {
        sink.begin(place);
        let outcome = each(session, one, |cells| sink.row(cells)).await;
        match outcome {
            Ok(()) => {}
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => sink.failed(&error),
        }
    }
    Ok(())
}

/// Searches the rows of all tables that may be read as a whole for dependencies.
pub(super) async fn mine(session: &ReadOnly, rows: ReadRows, facts: &mut Facts, book: &mut Book) -> Result<(), EngineError> {
    let mut found = Vec::new();
    for table in facts.catalog.tables().filter(|table| is_whole(table, rows)) {
        let columns = dependencies::columns(table);
        if columns.is_empty() {
            continue;
        }
        let wanted = Wanted::of(table, columns.iter().map(|field| field.name.clone()).collect());
        let mut miner = Miner::new(table, &columns);
        match each(session, &wanted, |cells| miner.push(cells.iter().copied())).await {
            Ok(()) => {}
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                miner.cut_short(error.detail.clone());
                let error = EngineError { action: format!("reading the rows of {}", table.name), ..error };
                book.failed(&[FactKind::DataChecks], dbwright_model::Reading::Partial, &error);
            }
        }
        found.push(miner.finish());
    }
    facts.data.dependencies = found;
    Ok(())
}

fn is_whole(table: &Collection, rows: ReadRows) -> bool {
    let own = matches!(table.kind, CollectionKind::Table | CollectionKind::PartitionedTable);
    own && match rows {
        ReadRows::All => true,
        ReadRows::Sample(limit) => table.rows().is_some_and(|rows| rows <= limit as f64),
        ReadRows::Never => false,
    }
}

const fn is_final(error: &EngineError) -> bool {
    matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Interrupted)
}

/// Calls a function with the cells of each row until it answers false.
async fn each(session: &ReadOnly, wanted: &Wanted, mut take: impl FnMut(&[Option<&[u8]>]) -> bool + Send) -> Result<(), EngineError> {
    let columns: Vec<String> =
        wanted.columns.iter().take(MOST_COLUMNS).map(|column| format!("{}::pg_catalog.text", quote(column))).collect();
    let name = match &wanted.table.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&wanted.table.name)),
        None => quote(&wanted.table.name),
    };
    let only = if wanted.with_heirs { "" } else { "ONLY " };
    let sql = format!("SELECT {} FROM {only}{name}", columns.join(", "));
    let query = Query { name: "rows", sql: sql.into(), savepoint: Some("facts") };
    let mut wants_more = true;
    let outcome = session
        .each(&query, &[], |row: Row| {
            let cells: Result<Vec<Option<Bytes<'_>>>, _> = (0..row.len()).map(|at| row.try_get(at)).collect();
            let cells = cells.map_err(|error| EngineError::new(ErrorKind::Protocol, "reading a row", error.to_string()))?;
            let cells: Vec<Option<&[u8]>> = cells.iter().map(|cell| cell.as_ref().map(|bytes| bytes.0)).collect();
            wants_more = take(&cells);
            if wants_more { Ok(()) } else { Err(EngineError::new(ErrorKind::Protocol, "reading rows", "enough")) }
        })
        .await;
    if wants_more { outcome } else { Ok(()) }
}

/// The bytes of a text, whatever their encoding.
struct Bytes<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TEXT
    }
}
