//! Checks on the data themselves: orphans, duplicates under declared keys, NULLs and checks violated. References are
//! looked up table by table, since one parent that is not unique would stop a check of the whole file and hide the
//! rest. It never trusts an index to check the key that the index enforces.

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection, Index, Reference};
use dbwright_model::facts::{DataChecks, KeyCheck, ReferenceCheck, Violation};

use super::catalog::{has_rows, row_number_column};
use super::reader::{Reader, plain, quoted};
use super::values;
use crate::options::ReadRows;

/// Runs the checks; gives the gaps. With a sample, only references are looked up, of the first rows.
pub(super) fn read(reader: &Reader, catalog: &Catalog, rows: ReadRows, checks: &mut DataChecks) -> Vec<String> {
    let mut gaps = Vec::new();
    for collection in catalog.collections.iter().filter(|collection| has_rows(collection.kind)) {
        let mut note = |what: &str, error: &rusqlite::Error| gaps.push(format!("{} ({what}): {}", collection.name, plain(error)));
        for reference in &collection.references {
            match reference_check(reader, catalog, collection, reference, rows) {
                Ok(check) => checks.references.push(check),
                Err(error) => note("references", &error),
            }
        }
        misfits(collection, checks);
        let whole =
            rows == ReadRows::All || matches!(rows, ReadRows::Sample(limit) if collection.rows().is_some_and(|rows| rows <= limit as f64));
        if !whole {
            continue;
        }
        keys(reader, collection, checks).unwrap_or_else(|error| note("keys", &error));
        not_null(reader, collection, checks).unwrap_or_else(|error| note("NOT NULL", &error));
        for check in &collection.checks {
            let sql = format!("SELECT count(*) FROM {} NOT INDEXED WHERE NOT ({})", quoted(&collection.name.name), check.expression);
            match reader.count(&sql) {
                Ok(0) => {}
                Ok(rows) => checks.violations.push(Violation {
                    kind: "check".to_owned(),
                    table: collection.name.clone(),
                    columns: named_in(collection, &check.expression),
                    declaration: check.expression.clone(),
                    rows,
                }),
                Err(error) => note("CHECK", &error),
            }
        }
    }
    gaps
}

/// The columns that an expression names.
fn named_in(collection: &Collection, expression: &str) -> Vec<String> {
    let names: Vec<String> = super::tokens::tokens(expression).iter().map(super::tokens::Token::name).collect();
    let named = |field: &str| names.iter().any(|name| name.eq_ignore_ascii_case(field));
    collection.fields.iter().filter(|field| named(&field.name)).map(|field| field.name.clone()).collect()
}

fn reference_check(
    reader: &Reader,
    catalog: &Catalog,
    collection: &Collection,
    reference: &Reference,
    rows: ReadRows,
) -> rusqlite::Result<ReferenceCheck> {
    let child = quoted(&collection.name.name);
    let present: Vec<String> = reference.columns.iter().map(|column| format!("c.{} IS NOT NULL", quoted(column))).collect();
    let source = match rows {
        ReadRows::Sample(limit) => format!("(SELECT * FROM {child} LIMIT {limit})"),
        _ => child,
    };
    let from = format!("FROM {source} AS c WHERE {}", present.join(" AND "));
    let checked = reader.count(&format!("SELECT count(*) {from}"))?;
    let parent = catalog.find(&reference.target).filter(|_| reference.columns.len() == reference.target_columns.len());
    let orphans = match parent {
        // Without the parent table every value is an orphan: so does PRAGMA foreign_key_check count.
        None => checked,
        Some(parent) => reader.count(&format!(
            "SELECT count(*) {from} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
            quoted(&parent.name.name),
            pairs(reference)
        ))?,
    };
    let complete = match rows {
        ReadRows::Sample(limit) => collection.rows().is_some_and(|rows| rows <= limit as f64),
        _ => true,
    };
    let (columns, target) = (reference.columns.clone(), reference.target.clone());
    Ok(ReferenceCheck { table: collection.name.clone(), columns, target, orphans, checked, complete })
}

/// `p.key = c.column` for each pair. The parent stands left, so its collation decides, and the child's affinity is
/// taken off by the unary plus, so the parent's applies to the value: both as SQLite's own enforcement does.
fn pairs(reference: &Reference) -> String {
    let pair = |(column, target): (&String, &String)| format!("p.{} = +c.{}", quoted(target), quoted(column));
    reference.columns.iter().zip(&reference.target_columns).map(pair).collect::<Vec<_>>().join(" AND ")
}

fn keys(reader: &Reader, collection: &Collection, checks: &mut DataChecks) -> rusqlite::Result<()> {
    for index in collection.indexes.iter().filter(|index| index.unique) {
        let (columns, terms): (Vec<String>, Vec<String>) = index.parts.iter().map(key_term).unzip();
        let duplicates = duplicates(reader, collection, index, &terms)?;
        checks.keys.push(KeyCheck { table: collection.name.clone(), columns, duplicates, complete: true });
    }
    if let Some(column) = row_number_column(collection) {
        let table = quoted(&collection.name.name);
        let sql = format!("SELECT count(*) - count(DISTINCT +{}) FROM {table} NOT INDEXED", quoted(&column));
        let duplicates = reader.count(&sql)?;
        checks.keys.push(KeyCheck { table: collection.name.clone(), columns: vec![column], duplicates, complete: true });
    }
    Ok(())
}

fn key_term(part: &dbwright_model::catalog::IndexPart) -> (String, String) {
    let (name, mut term) = match (&part.column, &part.expression) {
        (Some(column), _) => (column.clone(), format!("+{}", quoted(column))),
        (None, expression) => (expression.clone().unwrap_or_default(), format!("({})", expression.as_deref().unwrap_or("NULL"))),
    };
    if let Some(collation) = &part.collation {
        term = format!("{term} COLLATE {}", quoted(collation));
    }
    (name, term)
}

/// Rows beyond the first of each value, by a scan of the table itself; NULLs are never equal.
fn duplicates(reader: &Reader, collection: &Collection, index: &Index, terms: &[String]) -> rusqlite::Result<u64> {
    let mut conditions: Vec<String> = terms.iter().map(|term| format!("{term} IS NOT NULL")).collect();
    if let Some(predicate) = &index.predicate {
        conditions.push(format!("({predicate})"));
    }
    let groups = terms.join(", ");
    // A WITHOUT ROWID table is its primary key's index: there is no other copy of its rows to scan.
    let hint = if collection.storage.without_rowid { "" } else { " NOT INDEXED" };
    reader.count(&format!(
        "SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM {}{hint} WHERE {} GROUP BY {groups} HAVING count(*) > 1)",
        quoted(&collection.name.name),
        conditions.join(" AND ")
    ))
}

fn not_null(reader: &Reader, collection: &Collection, checks: &mut DataChecks) -> rusqlite::Result<()> {
    let required: Vec<&str> = collection.fields.iter().filter(|field| !field.nullable).map(|field| field.name.as_str()).collect();
    for column in required {
        // SQLite answers `IS NULL` on a NOT NULL column without looking; typeof looks.
        let rows = reader.count(&format!(
            "SELECT count(*) FROM {} NOT INDEXED WHERE typeof({}) = 'null'",
            quoted(&collection.name.name),
            quoted(column)
        ))?;
        if rows > 0 {
            let columns = vec![column.to_owned()];
            checks.violations.push(violation("not-null", &collection.name, columns, format!("{column} NOT NULL"), rows));
        }
    }
    Ok(())
}

fn misfits(collection: &Collection, checks: &mut DataChecks) {
    for field in &collection.fields {
        let rows = field.values.as_ref().map_or(0, |profile| values::misfits(field.family, profile));
        if rows > 0 {
            let declaration = format!("{} {}", field.name, field.type_name);
            checks.violations.push(violation("type", &collection.name, vec![field.name.clone()], declaration, rows));
        }
    }
}

fn violation(kind: &str, table: &ObjectName, columns: Vec<String>, declaration: String, rows: u64) -> Violation {
    Violation { kind: kind.to_owned(), table: table.clone(), columns, declaration, rows }
}
