//! `schema/nullable-unique`.

use dbwright_model::catalog::{Collection, Field, Index};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::null_share;

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/nullable-unique",
    title: "Unique key that NULLs slip through",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Unique constraints and indexes over two or more columns of which one accepts NULL, unless NULLs count as equal or a
condition leaves them out. Where NULLs are known to be there it is a warning. A single nullable column may be unique: an
optional e-mail address.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "seat"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "room", "nullable": false, "family": "text"},
             {"name": "seat_row", "nullable": true, "family": "integer", "statistics": {"null_share": 0.3, "source": "pg_stats"}}],
  "keys": [{"name": "seat_pkey", "columns": ["id"], "primary": true}, {"name": "seat_once", "columns": ["room", "seat_row"], "index": "seat_once"}],
  "indexes": [{"name": "seat_once", "method": "btree", "unique": true, "valid": true, "constraint": "seat_once", "parts": [{"column": "room"}, {"column": "seat_row"}]}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "person"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "email", "nullable": true, "family": "text"}, {"name": "room", "nullable": true, "family": "text"}],
  "keys": [{"name": "person_pkey", "columns": ["id"], "primary": true}],
  "indexes": [{"name": "person_email", "method": "btree", "unique": true, "valid": true, "parts": [{"column": "email"}]},
              {"name": "person_room", "method": "btree", "unique": true, "valid": true, "nulls_equal": true, "parts": [{"column": "email"}, {"column": "room"}]}]}]}}
```

```sql quiet
CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT UNIQUE, room TEXT NOT NULL, bed INTEGER);
CREATE UNIQUE INDEX person_bed ON person (room, bed) WHERE bed IS NOT NULL;
```

## Why it matters
Two NULLs count as different, so the same combination can be stored any number of times as long as one part is missing.

## When not to follow
When a row without the value is a different thing each time.

## Fix
Declare the column NOT NULL; PostgreSQL 15 and newer: UNIQUE NULLS NOT DISTINCT; elsewhere a second unique index over
the other columns with the condition that the value is missing.

## How we verify
Read from the catalog; the share of NULLs from statistics or from reading rows.

## References
PostgreSQL manual, Constraints, Unique Constraints; SQLite manual, CREATE INDEX, Unique Indexes.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let tables = context.facts.catalog.tables();
    tables.flat_map(|table| table.indexes.iter().filter_map(|index| judge(table, index)).collect::<Vec<_>>()).collect()
}

fn judge(table: &Collection, index: &Index) -> Option<Finding> {
    let columns = index.columns().filter(|columns| columns.len() > 1)?;
    let is_key = table.primary_key().is_some_and(|key| key.index.as_ref() == Some(&index.name));
    if !index.unique || index.nulls_equal || is_key || !index.valid {
        return None;
    }
    let excluded = |name: &str| index.predicate.as_deref().is_some_and(|predicate| predicate.contains(name));
    let nullable = columns.iter().filter_map(|name| table.field(name)).filter(|field| field.nullable && !excluded(&field.name));
    let open: Vec<&Field> = nullable.filter(|field| null_share(field) != Some(0.0)).collect();
    let first = open.first()?;
    if covered_by_another(table, index, &columns, &first.name) {
        return None;
    }
    let names: Vec<&str> = open.iter().map(|field| field.name.as_str()).collect();
    let message = format!(
        "{} is unique on {}, but {} may be NULL, and NULLs never count as equal.",
        table.name,
        columns.join(", "),
        names.join(", ")
    );
    let finding = Finding::new(index.object(&table.name), message);
    let known = open.iter().filter_map(|field| null_share(field)).fold(0.0, f64::max);
    if known > 0.0 {
        let evidence = Evidence::estimated("share of NULLs", known, Unit::Share, "column statistics");
        return Some(finding.evidence(evidence).severe(Severity::Warning).risks(0.4));
    }
    Some(finding.risks(0.15))
}

/// Whether a second unique index covers the rows in which the column is missing.
fn covered_by_another(table: &Collection, index: &Index, columns: &[&str], nullable: &str) -> bool {
    let rest: Vec<&str> = columns.iter().copied().filter(|column| *column != nullable).collect();
    table.indexes.iter().any(|other| {
        other.unique
            && other.name != index.name
            && other.columns().is_some_and(|names| !names.is_empty() && names.iter().all(|name| rest.contains(name)))
    })
}
