//! Checks that read rows, when that was asked for: references without partner, keys that are not unique, checks that rows
//! violate, and what texts look like. All but the search for dependencies is counted on the server: no value of a row leaves it.

mod inclusions;
mod profile;
mod rows;

pub(super) use rows::stream as stream_rows;

use dbwright_model::catalog::{Collection, CollectionKind, Index, Reference};
use dbwright_model::facts::{KeyCheck, ReferenceCheck, Violation};
use dbwright_model::{FactKind, Facts, ObjectName, Reading};
use tokio_postgres::Row;

use super::queries::{Query, quote};
use super::row::Cells;
use super::session::ReadOnly;
use crate::coverage::Book;
use crate::error::{EngineError, ErrorKind};
use crate::options::ReadRows;

/// Reads rows into the facts as far as asked.
///
/// # Errors
/// When the connection is gone.
pub(super) async fn read(session: &ReadOnly, rows: ReadRows, facts: &mut Facts, book: &mut Book) -> Result<(), EngineError> {
    if rows == ReadRows::Never {
        book.missing(FactKind::Values, "no rows were read", "Add --read-rows to have values profiled.");
        book.missing(FactKind::DataChecks, "no rows were read", "Add --read-rows to have references and keys checked.");
        return Ok(());
    }
    let words = if rows == ReadRows::All { "all rows read" } else { "a sample of rows read" };
    book.read(FactKind::Values, words);
    book.read(FactKind::DataChecks, words);
    let collections = std::mem::take(&mut facts.catalog.collections);
    let mut checker = Checker { session, rows, facts, book };
    let outcome = checker.check(&collections).await;
    facts.catalog.collections = collections;
    outcome?;
    inclusions::read(session, rows, facts, book).await?;
    self::rows::mine(session, rows, facts, book).await?;
    profile::read(session, rows, facts, book).await
}

struct Checker<'a> {
    session: &'a ReadOnly,
    rows: ReadRows,
    facts: &'a mut Facts,
    book: &'a mut Book,
}

impl Checker<'_> {
    async fn check(&mut self, collections: &[Collection]) -> Result<(), EngineError> {
        for table in collections.iter().filter(|table| table.kind.is_table()) {
            for reference in &table.references {
                // A reference that was validated and is enforced holds, unless rows came in around it.
                if self.rows == ReadRows::All || !reference.validated || !reference.enforced {
                    self.reference(table, reference, collections).await?;
                }
            }
            for check in table.checks.iter().filter(|check| !check.exclusion && (!check.validated || !check.enforced)) {
                self.violations(table, &check.expression).await?;
            }
        }
        self.session.execute("ROLLBACK TO SAVEPOINT facts").await?;
        // Uniqueness is counted without the index that claims it.
        let off = "SELECT pg_catalog.set_config('enable_indexscan', 'off', true), pg_catalog.set_config('enable_indexonlyscan', 'off', true), \
                   pg_catalog.set_config('enable_bitmapscan', 'off', true)";
        self.session.execute(off).await?;
        self.session.execute("SAVEPOINT keys").await?;
        for table in collections.iter().filter(|table| matches!(table.kind, CollectionKind::Table | CollectionKind::Partition)) {
            for index in table.indexes.iter().filter(|index| index.unique && index.method == "btree") {
                self.key(table, index).await?;
            }
        }
        self.session.execute("ROLLBACK TO SAVEPOINT facts").await
    }

    async fn reference(&mut self, table: &Collection, reference: &Reference, all: &[Collection]) -> Result<(), EngineError> {
        let Some(target) = all.iter().find(|target| target.name == reference.target) else { return Ok(()) };
        if reference.columns.is_empty() || reference.columns.len() != reference.target_columns.len() {
            return Ok(());
        }
        let columns = list(&reference.columns);
        let present = reference.columns.iter().map(|column| format!("{} IS NOT NULL", quote(column))).collect::<Vec<_>>().join(" AND ");
        let pairs = reference.columns.iter().zip(&reference.target_columns);
        let equal = pairs.map(|(here, there)| format!("p.{} = c.{}", quote(there), quote(here))).collect::<Vec<_>>().join(" AND ");
        let sql = format!(
            "WITH c AS MATERIALIZED (SELECT {columns} FROM {} WHERE {present}{}) SELECT (SELECT pg_catalog.count(*) FROM c) AS checked, \
             (SELECT pg_catalog.count(*) FROM c WHERE NOT EXISTS (SELECT FROM {} AS p WHERE {equal})) AS wrong",
            source(table),
            self.limit(),
            source(target),
        );
        if let Some(row) = self.one(&sql, &table.name, "facts").await? {
            let checked = row.count("checked")?;
            self.facts.data.references.push(ReferenceCheck {
                table: table.name.clone(),
                columns: reference.columns.clone(),
                target: reference.target.clone(),
                orphans: row.count("wrong")?,
                checked,
                complete: self.is_complete(checked),
            });
        }
        Ok(())
    }

    /// Counts rows that violate a check. The expression is the catalog's, and may call functions of users: only where all
    /// rows are to be read, which is in scratch servers and on request.
    async fn violations(&mut self, table: &Collection, expression: &str) -> Result<(), EngineError> {
        if self.rows != ReadRows::All {
            return Ok(());
        }
        let sql = format!("SELECT pg_catalog.count(*) AS wrong FROM {} WHERE NOT ({expression})", source(table));
        if let Some(row) = self.one(&sql, &table.name, "facts").await? {
            let rows = row.count("wrong")?;
            let columns = table.fields.iter().map(|field| &field.name).filter(|name| mentions(expression, name)).cloned().collect();
            let kind = if expression.ends_with(" IS NOT NULL") { "not-null" } else { "check" };
            self.facts.data.violations.push(Violation {
                kind: kind.to_owned(),
                table: table.name.clone(),
                columns,
                declaration: expression.to_owned(),
                rows,
            });
        }
        Ok(())
    }

    async fn key(&mut self, table: &Collection, index: &Index) -> Result<(), EngineError> {
        let foreign = index.predicate.is_some() || index.columns().is_none();
        if foreign && self.rows != ReadRows::All {
            return Ok(());
        }
        let part = |part: &dbwright_model::catalog::IndexPart| match &part.column {
            Some(column) => quote(column),
            None => format!("({})", part.expression.as_deref().unwrap_or("NULL")),
        };
        let parts: Vec<String> = index.parts.iter().map(part).collect();
        let mut conditions: Vec<String> = index.predicate.iter().map(|predicate| format!("({predicate})")).collect();
        if !index.nulls_equal {
            conditions.extend(parts.iter().map(|part| format!("{part} IS NOT NULL")));
        }
        let condition = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        let named: Vec<String> = parts.iter().enumerate().map(|(at, part)| format!("{part} AS k{at}")).collect();
        let keys: Vec<String> = (0..parts.len()).map(|at| format!("k{at}")).collect();
        let sql = format!(
            "SELECT COALESCE(pg_catalog.sum(g.n), 0)::pg_catalog.int8 AS checked, COALESCE(pg_catalog.sum(g.n - 1), 0)::pg_catalog.int8 AS wrong \
             FROM (SELECT pg_catalog.count(*) AS n FROM (SELECT {} FROM {} WHERE {condition}{}) AS r GROUP BY {}) AS g",
            named.join(", "),
            source(table),
            self.limit(),
            keys.join(", "),
        );
        if let Some(row) = self.one(&sql, &table.name, "keys").await? {
            self.facts.data.keys.push(KeyCheck {
                table: table.name.clone(),
                columns: index
                    .parts
                    .iter()
                    .map(|part| part.column.clone().or_else(|| part.expression.clone()).unwrap_or_default())
                    .collect(),
                duplicates: row.count("wrong")?,
                complete: self.is_complete(row.count("checked")?),
            });
        }
        Ok(())
    }

    fn limit(&self) -> String {
        match self.rows {
            ReadRows::Sample(limit) => format!(" LIMIT {limit}"),
            _ => String::new(),
        }
    }

    /// A sample that is smaller than its limit was everything.
    fn is_complete(&self, checked: u64) -> bool {
        match self.rows {
            ReadRows::Sample(limit) => checked < limit,
            _ => true,
        }
    }

    async fn one(&mut self, sql: &str, table: &ObjectName, savepoint: &'static str) -> Result<Option<Row>, EngineError> {
        one(self.session, sql, table, savepoint, FactKind::DataChecks, self.book).await
    }
}

/// The only row of an answer; a failure becomes a gap.
async fn one(
    session: &ReadOnly,
    sql: &str,
    table: &ObjectName,
    savepoint: &'static str,
    fact: FactKind,
    book: &mut Book,
) -> Result<Option<Row>, EngineError> {
    let query = Query { name: "a count of rows", sql: sql.to_owned().into(), savepoint: Some(savepoint) };
    match session.rows(&query).await {
        Ok(mut rows) => Ok(rows.pop()),
        Err(error) if matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Interrupted) => Err(error),
        Err(error) => {
            let error = EngineError { action: format!("counting in {table}"), ..error };
            book.failed(&[fact], Reading::Partial, &error);
            Ok(None)
        }
    }
}

/// The table as a source of its own rows: heirs of an ordinary table are tables of their own.
fn source(table: &Collection) -> String {
    let name = match &table.name.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&table.name.name)),
        None => quote(&table.name.name),
    };
    if table.kind == CollectionKind::PartitionedTable { name } else { format!("ONLY {name}") }
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
}

/// Whether an expression names a column.
fn mentions(expression: &str, column: &str) -> bool {
    let part_of_word = |character: char| character.is_alphanumeric() || character == '_';
    expression
        .match_indices(column)
        .any(|(at, _)| !expression[..at].ends_with(part_of_word) && !expression[at + column.len()..].starts_with(part_of_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_columns_in_expressions() {
        assert!(mentions("(price > 0)", "price"));
        assert!(!mentions("(unit_price > 0)", "price"));
        assert!(mentions("\"order\" IS NOT NULL", "order"));
    }

    #[test]
    fn quotes_sources() {
        let table = Collection { name: ObjectName::new("a\"b", "c"), ..Collection::default() };
        assert_eq!(source(&table), "ONLY \"a\"\"b\".\"c\"");
    }
}
