//! `storage/low-cardinality-text`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{
    MEGABYTE, column_object, distinct, is_key_part, is_text, mean_bytes, null_share, size, starts_reference, with_rows,
};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/low-cardinality-text",
    title: "Few texts stored millions of times",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Distinct values up to which a column is a list of words.
const FEW_VALUES: f64 = 64.0;
/// Mean bytes below which a key saves nothing.
const LONG_VALUE: f64 = 8.0;
/// Bytes of a small key.
const KEY_BYTES: f64 = 2.0;
/// Bytes below which it is not worth a change.
const LEAST_BYTES: f64 = 50.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Text columns of at most 64 distinct values, 8 bytes or more on average, that take 50 MB or more.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "country", "type_name": "text", "family": "text", "statistics": {"source": "pg_stats", "mean_bytes": 14, "distinct": 24}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 30000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "country", "type_name": "text", "family": "text", "statistics": {"source": "pg_stats", "mean_bytes": 14, "distinct": 240000}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 30000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "country", "type_name": "text", "family": "text", "statistics": {"source": "pg_stats", "mean_bytes": 14, "distinct": 24}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 30000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
The same words are stored in every row and every index over the column; a misspelt one makes a new value.

## When not to follow
Columnar and compressed storage, which does this by itself.

## Fix
A small table of the values with a number as key, or an enumerated type where the list hardly changes; at least a check
on the values.

## How we verify
Distinct values, mean width and rows from statistics.

## References
PostgreSQL manual, Enumerated Types; MySQL manual, The ENUM Type.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let Some(rows) = context.rows_of(table) else { continue };
        let free = table.fields.iter().filter(|field| is_text(field) && !starts_reference(table, field) && !is_key_part(table, field));
        findings.extend(free.filter_map(|field| judge(table, field, rows)));
    }
    findings
}

fn judge(table: &Collection, field: &Field, rows: f64) -> Option<Finding> {
    let values = distinct(field).filter(|values| *values > 0.0 && *values <= FEW_VALUES)?;
    let width = mean_bytes(field).filter(|bytes| *bytes >= LONG_VALUE)?;
    let present = rows * (1.0 - null_share(field).unwrap_or(0.0));
    let saved = present * (width - KEY_BYTES);
    if saved < LEAST_BYTES {
        return None;
    }
    let message =
        format!("{} stores {values:.0} texts {present:.0} times; a key instead would save {}.", column_object(table, field), size(saved));
    let finding = Finding::new(column_object(table, field), message)
        .evidence(Evidence::estimated("distinct values", values, Unit::Count, "column statistics"))
        .evidence(Evidence::estimated("mean width", width, Unit::Bytes, "column statistics"));
    Some(with_rows(finding.costs_bytes(saved).risks(0.05), table))
}
