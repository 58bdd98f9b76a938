//! `storage/oversized-type`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::numbers::largest;
use crate::rules::shared::{FEWEST_VALUES, MEGABYTE, column_object, is_key_part, known_values, size, starts_reference};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/oversized-type",
    title: "Type wider than the values",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog, FactKind::Sizes, FactKind::ColumnStatistics],
    docs: DOCS,
    check,
};

/// Rows from which a few bytes a row are worth a thought.
const MANY_ROWS: f64 = 1_000_000.0;
/// Times by which values may still grow.
const HEADROOM: f64 = 100.0;
/// Bytes below which a change of type is not worth it.
const LEAST_BYTES: f64 = 100.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Whole-number columns in tables of a million rows and more whose known values fit into a type of half the width with room
to spare a hundredfold, where that saves 100 MB or more. Keys and references are left out, since they grow.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "age", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false, "statistics": {"source": "pg_stats", "distinct": 90, "histogram": ["1", "2", "3", "5", "8", "13", "21", "34", "55", "89", "99"]}}, {"name": "grade", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false, "statistics": {"source": "pg_stats", "distinct": 90, "histogram": ["1", "2", "3", "5", "8", "13", "21", "34", "55", "89", "12"]}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 40000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "bytes", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false, "statistics": {"source": "pg_stats", "distinct": 90, "histogram": ["1", "2", "3", "5", "8", "13", "21", "34", "55", "89", "90000000000"]}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 40000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
The room is taken in every row, in the cache and in each index over the column.

## When not to follow
Counters that grow, and columns beside which alignment would fill the gap with nothing: PostgreSQL rounds rows up to 8
bytes.

## Fix
Choose the narrower type when the table is written anew anyway, with a check on the range.

## How we verify
Smallest and largest value among those that statistics keep. They are a sample: look at the real range first.

## References
PostgreSQL manual, Numeric Types; MySQL manual, Optimizing Data Size.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let Some(rows) = context.rows_of(table).filter(|rows| *rows >= MANY_ROWS) else { continue };
        let plain =
            table.fields.iter().filter(|field| field.family == TypeFamily::Integer && !field.identity && !is_key_part(table, field));
        findings.extend(plain.filter(|field| !starts_reference(table, field)).filter_map(|field| judge(table, field, rows)));
    }
    findings
}

fn judge(table: &Collection, field: &Field, rows: f64) -> Option<Finding> {
    let bytes = field.type_bytes.filter(|bytes| *bytes > 2)?;
    let values: Option<Vec<f64>> = known_values(field.statistics.as_ref()?).iter().map(|value| value.parse().ok()).collect();
    let values = values.filter(|values| values.len() as u64 >= FEWEST_VALUES)?;
    let largest_seen = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let enough = [2, 4].into_iter().find(|width| largest(*width, false) >= largest_seen * HEADROOM).filter(|width| *width < bytes)?;
    let saved = f64::from(bytes - enough) * rows;
    if saved < LEAST_BYTES {
        return None;
    }
    let message = format!(
        "{} is {}, but no value seen is beyond {largest_seen:.0}: {enough} bytes would do instead of {bytes}, {} in all.",
        column_object(table, field),
        field.type_name,
        size(saved)
    );
    let finding = Finding::new(column_object(table, field), message)
        .evidence(Evidence::estimated("largest value seen", largest_seen, Unit::Count, "column statistics"))
        .evidence(Evidence::estimated("saved", saved, Unit::Bytes, "width times rows"));
    Some(finding.costs_bytes(saved).risks(0.02))
}
