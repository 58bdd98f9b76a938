//! `schema/wide-table`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::with_rows;

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/wide-table",
    title: "Table with very many columns",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Columns from which a table mostly holds several things.
const MOST_COLUMNS: usize = 60;

const DOCS: &str = r#"
## Finds
Tables with more than 60 columns.

```facts finds sqlite
{"catalog": {"collections": [{"name": {"name": "patient"}, "kind": "table", "keys": [{"columns": ["c0"], "primary": true}], "fields": [
  {"name": "c0", "type_name": "INTEGER", "family": "integer"}, {"name": "c1", "type_name": "INTEGER", "family": "integer"}, {"name": "c2", "type_name": "INTEGER", "family": "integer"}, {"name": "c3", "type_name": "INTEGER", "family": "integer"}, {"name": "c4", "type_name": "INTEGER", "family": "integer"}, {"name": "c5", "type_name": "INTEGER", "family": "integer"}, {"name": "c6", "type_name": "INTEGER", "family": "integer"}, {"name": "c7", "type_name": "INTEGER", "family": "integer"},
  {"name": "c8", "type_name": "INTEGER", "family": "integer"}, {"name": "c9", "type_name": "INTEGER", "family": "integer"}, {"name": "c10", "type_name": "INTEGER", "family": "integer"}, {"name": "c11", "type_name": "INTEGER", "family": "integer"}, {"name": "c12", "type_name": "INTEGER", "family": "integer"}, {"name": "c13", "type_name": "INTEGER", "family": "integer"}, {"name": "c14", "type_name": "INTEGER", "family": "integer"}, {"name": "c15", "type_name": "INTEGER", "family": "integer"},
  {"name": "c16", "type_name": "INTEGER", "family": "integer"}, {"name": "c17", "type_name": "INTEGER", "family": "integer"}, {"name": "c18", "type_name": "INTEGER", "family": "integer"}, {"name": "c19", "type_name": "INTEGER", "family": "integer"}, {"name": "c20", "type_name": "INTEGER", "family": "integer"}, {"name": "c21", "type_name": "INTEGER", "family": "integer"}, {"name": "c22", "type_name": "INTEGER", "family": "integer"}, {"name": "c23", "type_name": "INTEGER", "family": "integer"},
  {"name": "c24", "type_name": "INTEGER", "family": "integer"}, {"name": "c25", "type_name": "INTEGER", "family": "integer"}, {"name": "c26", "type_name": "INTEGER", "family": "integer"}, {"name": "c27", "type_name": "INTEGER", "family": "integer"}, {"name": "c28", "type_name": "INTEGER", "family": "integer"}, {"name": "c29", "type_name": "INTEGER", "family": "integer"}, {"name": "c30", "type_name": "INTEGER", "family": "integer"}, {"name": "c31", "type_name": "INTEGER", "family": "integer"},
  {"name": "c32", "type_name": "INTEGER", "family": "integer"}, {"name": "c33", "type_name": "INTEGER", "family": "integer"}, {"name": "c34", "type_name": "INTEGER", "family": "integer"}, {"name": "c35", "type_name": "INTEGER", "family": "integer"}, {"name": "c36", "type_name": "INTEGER", "family": "integer"}, {"name": "c37", "type_name": "INTEGER", "family": "integer"}, {"name": "c38", "type_name": "INTEGER", "family": "integer"}, {"name": "c39", "type_name": "INTEGER", "family": "integer"},
  {"name": "c40", "type_name": "INTEGER", "family": "integer"}, {"name": "c41", "type_name": "INTEGER", "family": "integer"}, {"name": "c42", "type_name": "INTEGER", "family": "integer"}, {"name": "c43", "type_name": "INTEGER", "family": "integer"}, {"name": "c44", "type_name": "INTEGER", "family": "integer"}, {"name": "c45", "type_name": "INTEGER", "family": "integer"}, {"name": "c46", "type_name": "INTEGER", "family": "integer"}, {"name": "c47", "type_name": "INTEGER", "family": "integer"},
  {"name": "c48", "type_name": "INTEGER", "family": "integer"}, {"name": "c49", "type_name": "INTEGER", "family": "integer"}, {"name": "c50", "type_name": "INTEGER", "family": "integer"}, {"name": "c51", "type_name": "INTEGER", "family": "integer"}, {"name": "c52", "type_name": "INTEGER", "family": "integer"}, {"name": "c53", "type_name": "INTEGER", "family": "integer"}, {"name": "c54", "type_name": "INTEGER", "family": "integer"}, {"name": "c55", "type_name": "INTEGER", "family": "integer"},
  {"name": "c56", "type_name": "INTEGER", "family": "integer"}, {"name": "c57", "type_name": "INTEGER", "family": "integer"}, {"name": "c58", "type_name": "INTEGER", "family": "integer"}, {"name": "c59", "type_name": "INTEGER", "family": "integer"}, {"name": "c60", "type_name": "INTEGER", "family": "integer"}, {"name": "c61", "type_name": "INTEGER", "family": "integer"}, {"name": "c62", "type_name": "INTEGER", "family": "integer"}, {"name": "c63", "type_name": "INTEGER", "family": "integer"}]}]}}
```

```sql quiet
CREATE TABLE patient (id INTEGER PRIMARY KEY, born_on TEXT NOT NULL, ward INTEGER NOT NULL);
```

## Why it matters
Every row read brings all columns through the cache, every update writes a new version of all of them (PostgreSQL) or
rewrites the row, and usually several things with lives of their own have grown together.

## When not to follow
Fact tables of a warehouse, and rows that mirror a form or a message as it is.

## Fix
Move columns that are read or changed together, and apart from the rest, to a table with the same key.

## How we verify
Read from the catalog: columns counted.

## References
PostgreSQL manual, Appendix K, PostgreSQL Limits; SQLite manual, Limits In SQLite, section 2.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().filter(|table| table.fields.len() > MOST_COLUMNS).map(finding).collect()
}

fn finding(table: &Collection) -> Finding {
    let columns = table.fields.len();
    let finding = Finding::new(table.name.to_string(), format!("{} has {columns} columns.", table.name));
    with_rows(finding.evidence(Evidence::measured("columns", columns as f64, Unit::Count, "catalog")).risks(0.1), table)
}
