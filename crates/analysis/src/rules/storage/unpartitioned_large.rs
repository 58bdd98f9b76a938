//! `storage/unpartitioned-large`.

use dbwright_model::catalog::{Collection, CollectionKind, TypeFamily};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::{MEGABYTE, size, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/unpartitioned-large",
    title: "Very large table in one piece",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Bytes from which maintenance of one piece takes longer than a night has.
const LEAST_BYTES: f64 = 100.0 * 1024.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Tables of 100 GB and more in one piece that have a column of time by which they could be partitioned.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "at", "type_name": "timestamp with time zone", "family": "timestamp-with-zone", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 2000000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 220000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "at", "type_name": "timestamp with time zone", "family": "timestamp-with-zone", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 20000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 2200000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
Old rows can only be deleted one by one, vacuum and rebuilds have to work through the whole, each index is as large as
the table, and no maintenance fits into a night.

## When not to follow
Tables that are only read by key and from which nothing is ever deleted.

## Fix
Partition by time, so that old rows go by DETACH and DROP. An existing table becomes the first partition by ATTACH, with
a check that proves its range beforehand.

## How we verify
Size from the catalog. The plans of the workload are looked at on a copy.

## References
PostgreSQL manual, Table Partitioning; MySQL manual, Partitioning.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let whole = context.facts.catalog.collections.iter().filter(|table| table.kind == CollectionKind::Table);
    whole.filter_map(judge).collect()
}

fn judge(table: &Collection) -> Option<Finding> {
    let bytes = table.total_bytes().filter(|bytes| *bytes >= LEAST_BYTES)?;
    let times = [TypeFamily::Date, TypeFamily::Timestamp, TypeFamily::TimestampWithZone];
    let time = table.fields.iter().find(|field| times.contains(&field.family))?;
    let message = format!("{} is {} in one piece; it could be partitioned by {}.", table.name, size(bytes), time.name);
    let finding = Finding::new(table.name.to_string(), message).evidence(Evidence::measured("size", bytes, Unit::Bytes, "sizes"));
    Some(with_rows(finding.risks(0.2), table))
}
