//! References that hold in the data though nobody declared them, looked up for pairs whose names suggest one.

use dbwright_model::catalog::{Catalog, Collection, Field};
use dbwright_model::facts::Inclusion;
use dbwright_model::{FactKind, Facts};

use super::super::queries::quote;
use super::super::row::Cells;
use super::super::session::ReadOnly;
use super::{one, source};
use crate::coverage::Book;
use crate::error::EngineError;
use crate::inclusion::{PAIRS, STRAY_SHARE, candidates};
use crate::options::ReadRows;

/// Looks up the candidates among the tables of the catalog.
pub(super) async fn read(session: &ReadOnly, rows: ReadRows, facts: &mut Facts, book: &mut Book) -> Result<(), EngineError> {
    let catalog: &Catalog = &facts.catalog;
    let pairs = candidates(catalog);
    if pairs.len() > PAIRS {
        let detail = format!("{} pairs of columns could be references, the first {PAIRS} were looked up", pairs.len());
        book.partial(FactKind::DataChecks, &detail, "");
    }
    let mut found = Vec::new();
    for (table, column, target, key) in pairs.into_iter().take(PAIRS) {
        let sql = statement(table, column, target, &key, rows);
        let Some(row) = one(session, &sql, &table.name, "facts", FactKind::DataChecks, book).await? else { continue };
        let (checked, orphans) = (row.count("checked")?, row.count("wrong")?);
        if checked == 0 || orphans as f64 > checked as f64 * STRAY_SHARE {
            continue;
        }
        found.push(Inclusion {
            table: table.name.clone(),
            column: column.name.clone(),
            target: target.name.clone(),
            target_column: key,
            checked,
            orphans,
            distinct: row.count("different")?,
        });
    }
    facts.data.inclusions = found;
    session.execute("ROLLBACK TO SAVEPOINT facts").await
}

fn statement(table: &Collection, column: &Field, target: &Collection, key: &str, rows: ReadRows) -> String {
    let limit = match rows {
        ReadRows::Sample(limit) => format!(" LIMIT {limit}"),
        _ => String::new(),
    };
    let own = quote(&column.name);
    // A column of another type may still refer, if badly: then both are compared as texts.
    let as_text = target.field(key).is_none_or(|field| field.family != column.family);
    let cast = if as_text { "::pg_catalog.text" } else { "" };
    format!(
        "WITH v AS MATERIALIZED (SELECT r.v, pg_catalog.count(*) AS n FROM (SELECT {own} AS v FROM {} WHERE {own} IS NOT NULL{limit}) AS r GROUP BY r.v) \
         SELECT (SELECT COALESCE(pg_catalog.sum(v.n), 0) FROM v)::pg_catalog.int8 AS checked, (SELECT pg_catalog.count(*) FROM v) AS different, \
         (SELECT COALESCE(pg_catalog.sum(v.n), 0) FROM v WHERE NOT EXISTS (SELECT FROM {} AS p WHERE p.{}{cast} = v.v{cast}))::pg_catalog.int8 AS wrong",
        source(table),
        source(target),
        quote(key),
    )
}
