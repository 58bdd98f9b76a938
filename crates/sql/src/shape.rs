//! What a statement does to which tables and columns. It judges nothing: rules do.
//!
//! A statement is parsed with its dialect's grammar. What no grammar takes is read from its tokens alone, and the
//! shape says so with `parsed: false`.

use serde::{Deserialize, Serialize};

use crate::lexer::Options;

mod analyzer;
mod expression;
mod fallback;
mod from;
mod judge;
mod model;
mod parse;
mod predicate;
mod prepare;
mod query;
mod scope;
mod write;

pub use model::{
    Block, Clause, ColumnRef, ColumnUse, GroupItem, InsertShape, Join, JoinKind, Operand, OrderItem, Predicate, PredicateKind, Role,
    SelectList, SetKind, SetOperation, SourceUse, StatementKind, TableName, TableUse, Uses,
};

/// What one statement does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// What it does.
    pub kind: StatementKind,
    /// Whether a grammar took it. If not, only `kind`, `tables`, `functions`, and of a single block `has_where`,
    /// `select.star` and `limit` are known.
    pub parsed: bool,
    /// The tables that it touches, sorted; common table expressions are none.
    pub tables: Vec<TableUse>,
    /// The columns that it touches, sorted.
    pub columns: Vec<ColumnUse>,
    /// Its parts. The statement's own block has [`Role::Main`]; statements without query or condition have none.
    pub blocks: Vec<Block>,
    /// The number of common table expressions.
    pub common_tables: usize,
    /// The functions that it calls, in small letters, sorted, without schema.
    pub functions: Vec<String>,
    /// What an `INSERT` says.
    pub insert: Option<InsertShape>,
}

impl Shape {
    /// The statement's own block.
    #[must_use]
    pub fn main(&self) -> Option<&Block> {
        self.blocks.iter().find(|block| block.role == Role::Main)
    }

    /// The conditions of all blocks.
    pub fn predicates(&self) -> impl Iterator<Item = &Predicate> {
        self.blocks.iter().flat_map(|block| &block.predicates)
    }

    /// The tables that are read.
    pub fn tables_read(&self) -> impl Iterator<Item = &TableName> {
        self.tables.iter().filter(|table| table.read).map(|table| &table.table)
    }

    /// The tables that are written.
    pub fn tables_written(&self) -> impl Iterator<Item = &TableName> {
        self.tables.iter().filter(|table| table.written).map(|table| &table.table)
    }
}

/// The shape of one statement, from its text alone: a column without qualifier belongs to a table only where the
/// block has one source.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::{PredicateKind, shape};
///
/// let shape = shape("SELECT * FROM shop.orders AS o WHERE o.status = 'open' AND lower(o.note) = 'x'", Engine::Postgresql);
/// assert!(shape.parsed);
/// assert_eq!(shape.tables[0].table.to_string(), "shop.orders");
/// let predicates: Vec<_> = shape.predicates().collect();
/// assert_eq!(predicates[0].column.to_string(), "shop.orders.status");
/// assert_eq!(predicates[0].kind, PredicateKind::Equality);
/// assert_eq!(predicates[1].kind, PredicateKind::Expression("lower(o.note)".to_owned()));
/// ```
#[must_use]
pub fn shape(text: &str, options: impl Into<Options>) -> Shape {
    shape_with(text, options, &|_| None)
}

/// The shape of one statement, with the help of a catalog: `columns_of` gives the columns of a table that it knows.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::{TableName, shape_with};
///
/// let catalog = |table: &TableName| match table.name.as_str() {
///     "orders" => Some(vec!["id".to_owned(), "customer_id".to_owned()]),
///     "customers" => Some(vec!["id".to_owned(), "name".to_owned()]),
///     _ => None,
/// };
/// let text = "SELECT name FROM orders JOIN customers ON customer_id = customers.id";
/// let shape = shape_with(text, Engine::Sqlite, &catalog);
/// let columns: Vec<String> = shape.columns.iter().map(|used| used.column.to_string()).collect();
/// assert_eq!(columns, ["customers.id", "customers.name", "orders.customer_id"]);
/// ```
#[must_use]
pub fn shape_with(text: &str, options: impl Into<Options>, columns_of: &dyn Fn(&TableName) -> Option<Vec<String>>) -> Shape {
    let options = options.into();
    parse::guarded(text, options, columns_of).unwrap_or_else(|| fallback::shape(text, options))
}

#[cfg(test)]
mod tests;
