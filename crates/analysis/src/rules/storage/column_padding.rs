//! `storage/column-padding`.

use dbwright_model::catalog::{Collection, CollectionKind, Field};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{POSTGRESQL, Rule};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/column-padding",
    title: "Columns in an order that wastes room",
    severity: Severity::Info,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Bytes to whose multiple rows are rounded up on 64-bit machines.
const ROW_ALIGNMENT: u32 = 8;
/// Gaps in a row below which nothing is gained, because rows are rounded up.
const LEAST_BYTES_A_ROW: f64 = 8.0;
/// Gaps in all rows below which a rewrite is not worth it.
const LEAST_BYTES: f64 = 10.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Tables whose fixed-width columns stand in an order in which alignment leaves gaps: 8 bytes a row or more, and 10 MB in
all, against the best order.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "f0", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "n0", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "f1", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "n1", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "f2", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "n2", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "f3", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "n3", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "n0", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "n1", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "n2", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "n3", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "f0", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "f1", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "f2", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}, {"name": "f3", "type_name": "boolean", "family": "boolean", "type_bytes": 1, "alignment": 1, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
PostgreSQL stores columns in the order of their declaration and starts each at a multiple of its alignment. Gaps are
stored, cached and copied with every row.

## When not to follow
The order of an existing table can only be changed by writing it anew. It is worth it for large tables that are
rewritten anyway.

## Fix
In the next rewrite, or in new tables: columns of 8 bytes first, then 4, 2, 1, then those of varying width.

## How we verify
Widths and alignments from the catalog; columns behind the first of varying width are not counted, as their place is not
fixed.

## References
PostgreSQL manual, Database Page Layout; pg_type.typalign.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let tables =
        context.facts.catalog.collections.iter().filter(|table| matches!(table.kind, CollectionKind::Table | CollectionKind::Partition));
    tables.filter_map(|table| judge(context, table)).collect()
}

fn judge(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let rows = context.rows_of(table)?;
    let fixed = leading_fixed(&table.fields);
    let mut best = fixed.clone();
    best.sort_by_key(|column| std::cmp::Reverse(column.alignment));
    let saved = f64::from(row_bytes(&fixed).saturating_sub(row_bytes(&best)));
    let total = saved * rows;
    if saved < LEAST_BYTES_A_ROW || total < LEAST_BYTES {
        return None;
    }
    let order: Vec<&str> = best.iter().map(|column| column.name).collect();
    let message = format!("The order of columns of {} wastes {saved:.0} bytes a row, {} in all.", table.name, size(total));
    let finding = Finding::new(table.name.to_string(), message)
        .evidence(Evidence::measured("gaps in a row", saved, Unit::Bytes, "pg_attribute.attalign and attlen"))
        .evidence(Evidence::estimated("gaps in all rows", total, Unit::Bytes, "gaps times rows"))
        .evidence(Evidence::text("order without gaps", order.join(", "), "alignment of the types"));
    Some(finding.costs_bytes(total).risks(0.05))
}

#[derive(Clone)]
struct Column<'a> {
    name: &'a str,
    bytes: u32,
    alignment: u32,
}

/// The columns before the first of varying width; those that can be NULL keep their room only where they are not.
fn leading_fixed(fields: &[Field]) -> Vec<Column<'_>> {
    let column = |field: &'_ Field| -> Option<(u32, u32)> { Some((field.type_bytes?, u32::from(field.alignment?))) };
    let known = fields
        .iter()
        .map_while(|field| column(field).map(|(bytes, alignment)| Column { name: &field.name, bytes, alignment: alignment.max(1) }));
    known.collect()
}

/// Bytes of these columns in this order, rounded up to 8 as a row is.
fn row_bytes(columns: &[Column<'_>]) -> u32 {
    let end = columns.iter().fold(0, |place, column| u32::div_ceil(place, column.alignment) * column.alignment + column.bytes);
    u32::div_ceil(end, ROW_ALIGNMENT) * ROW_ALIGNMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_gaps() {
        let column = |bytes| Column { name: "c", bytes, alignment: bytes };
        assert_eq!(row_bytes(&[column(1), column(8), column(1), column(8)]), 32);
        assert_eq!(row_bytes(&[column(8), column(8), column(1), column(1)]), 24);
    }
}
