//! Rows on their way out of a database, as texts, for those who were asked to look at them. It never keeps any.

use std::future::Future;
use std::pin::Pin;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Collection, CollectionKind};

use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::target::Endpoint;

/// Columns of a table whose rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The table.
    pub table: ObjectName,
    /// Whether the rows of its heirs are its own (a partitioned parent).
    pub with_heirs: bool,
    /// Its columns, in the order in which the cells come.
    pub columns: Vec<String>,
}

impl Wanted {
    /// Columns of a table of the catalog.
    #[must_use]
    pub fn of(table: &Collection, columns: Vec<String>) -> Self {
        Self { table: table.name.clone(), with_heirs: table.kind == CollectionKind::PartitionedTable, columns }
    }
}

/// Takes rows.
pub trait RowSink: Send {
    /// The rows that follow belong to the table at this place of the list.
    fn begin(&mut self, place: usize);

    /// A row: one cell a column, as text, none for NULL. False when no more of this table are wanted.
    fn row(&mut self, cells: &[Option<&[u8]>]) -> bool;

    /// The table could not be read to its end.
    fn failed(&mut self, why: &EngineError);
}

/// Reading under way.
pub type Streaming<'a> = Pin<Box<dyn Future<Output = Result<(), EngineError>> + Send + 'a>>;

/// Reads rows of some tables, all under one snapshot. A table that can't be read is told to the sink; the rest goes on.
pub type ReadRowsOf = for<'a> fn(&'a Endpoint, &'a CollectOptions, &'a [Wanted], &'a mut (dyn RowSink + 'a)) -> Streaming<'a>;
