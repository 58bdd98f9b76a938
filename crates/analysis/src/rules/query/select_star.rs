//! `query/select-star`.

use dbwright_model::catalog::{Collection, CollectionKind, Field, TypeFamily};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::StatementKind;

use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/select-star",
    title: "Statement asks for every column",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Columns from which it is unlikely that all are used.
const FEWEST_COLUMNS: usize = 4;
/// Mean width from which a value is stored or sent apart from the rest of its row, bytes.
const LARGE_BYTES: f64 = 1024.0;

const DOCS: &str = r#"
## Finds
Statements whose result is `*` or `t.*` of tables with four columns or more. A warning where one of the columns holds large
values (documents, bytes, long texts). Quiet are `count(*)`, `EXISTS (SELECT * …)`, a star over a subquery that lists its
columns, a star over a view, and `INSERT … SELECT *`.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, street TEXT NOT NULL, city TEXT NOT NULL);
-- workload
SELECT * FROM customer WHERE id = 7;
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, street TEXT NOT NULL, city TEXT NOT NULL);
-- workload
SELECT count(*) FROM customer;
SELECT c.name FROM customer AS c WHERE EXISTS (SELECT * FROM customer AS d WHERE d.email = c.email AND d.id <> c.id);
SELECT * FROM (SELECT id, name FROM customer) AS short;
```

## Why it matters
Columns that nobody uses are read, sent and kept in memory; no index can answer alone; and when a column is added or
reordered, what the application gets changes without notice.

## When not to follow
Tools that show whole rows, and mappers that load whole objects and use them.

## Fix
List the columns that are used.

## How we verify
Read from the statement's text and the catalog.

## References
B. Karwin, SQL Antipatterns, chapter Implicit Columns. PostgreSQL manual, Index-Only Scans and Covering Indexes.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter(|view| !view.is_dump()).filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let main = view.main().filter(|main| view.shape.kind == StatementKind::Select && main.select.star && main.set_operations.is_empty())?;
    let tables: Vec<&Collection> = main.sources.iter().filter_map(|source| context.table(source.table.as_ref()?)).collect();
    if tables.is_empty() || tables.len() < main.sources.len() || !tables.iter().all(|table| is_stored(table)) {
        return None;
    }
    let columns: usize = tables.iter().map(|table| table.fields.len()).sum();
    if columns < FEWEST_COLUMNS {
        return None;
    }
    let large = tables.iter().find_map(|table| table.fields.iter().find(|field| is_large(field)).map(|field| (table, field)));
    let message = match large {
        Some((table, field)) => {
            format!(
                "{} fetches all {columns} columns, large values of {} among them.",
                view.title(),
                table.name.with_columns(&[&field.name])
            )
        }
        None => format!("{} fetches all {columns} columns, whichever of them are used.", view.title()),
    };
    let finding =
        view.finding(message).graded(Grade::Inferred).evidence(Evidence::measured("columns", columns as f64, Unit::Count, "catalog"));
    Some(if large.is_some() { finding.severe(Severity::Warning).risks(0.1) } else { finding.risks(0.05) })
}

const fn is_stored(table: &Collection) -> bool {
    matches!(table.kind, CollectionKind::Table | CollectionKind::PartitionedTable | CollectionKind::Partition)
}

fn is_large(field: &Field) -> bool {
    let mean = field.statistics.as_ref().and_then(|statistics| statistics.mean_bytes).or_else(|| {
        let values = field.values.as_ref().filter(|values| values.rows_read > values.nulls)?;
        Some(values.total_bytes as f64 / (values.rows_read - values.nulls) as f64)
    });
    let kind = matches!(
        field.family,
        TypeFamily::Binary | TypeFamily::Json | TypeFamily::Text | TypeFamily::Vector | TypeFamily::Array | TypeFamily::Other
    );
    kind && mean.is_some_and(|bytes| bytes >= LARGE_BYTES)
}
