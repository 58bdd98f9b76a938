//! `storage/cold-data`.

use dbwright_model::catalog::{Activity, Collection, CollectionKind};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/cold-data",
    title: "Large table that nobody reads",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog, FactKind::Sizes, FactKind::Activity],
    docs: DOCS,
    check,
};

/// Days of statistics below which idleness proves nothing.
const FEWEST_DAYS: f64 = 30.0;
/// Bytes below which moving it gains nothing.
const LEAST_BYTES: f64 = 1024.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Tables and partitions of 1 GB and more without one scan and without one change, over at least 30 days of statistics.

```facts finds postgresql
{"health": {"statistics_since": "2026-09-01T00:00:00Z"}, "topology": {"replicas": []}, "catalog": {"collections": [{"name": {"schema": "public", "name": "event_2019"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_2019_pkey", "columns": ["id"], "primary": true}],
  "activity": {"full_scans": 0, "index_scans": 0, "inserts": 0}, "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 3000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"health": {"statistics_since": "2026-11-15T00:00:00Z"}, "topology": {"replicas": []}, "catalog": {"collections": [{"name": {"schema": "public", "name": "event_2019"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_2019_pkey", "columns": ["id"], "primary": true}],
  "activity": {"full_scans": 0, "index_scans": 0, "inserts": 0}, "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 3000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
It takes room on the fastest disks, lengthens every backup and restore, and is copied to each replica.

## When not to follow
Data that law or contract asks to keep at hand, and what is read once a year.

## Fix
Move it to cheaper storage: a tablespace on slow disks, a foreign table, Parquet files; or drop it after a last backup.

## How we verify
Scans and changes counted by the server since the statistics were reset, with their age; replicas count for themselves.

## References
PostgreSQL manual, The Cumulative Statistics System; Tablespaces.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(days) = context.statistics_days().filter(|days| *days >= FEWEST_DAYS && context.judges_server()) else { return Vec::new() };
    let held = |table: &&Collection| matches!(table.kind, CollectionKind::Table | CollectionKind::Partition);
    let tables = context.facts.catalog.collections.iter().filter(held);
    tables.filter(|table| is_cold(table)).map(|table| finding(context, table, days)).collect()
}

fn is_cold(table: &Collection) -> bool {
    let large = table.total_bytes().is_some_and(|bytes| bytes >= LEAST_BYTES);
    let idle = |one: &Activity| one.full_scans + one.index_scans + one.inserts + one.updates + one.deletes == 0;
    large && table.activity.as_ref().is_some_and(idle)
}

fn finding(context: &Context<'_>, table: &Collection, days: f64) -> Finding {
    let bytes = table.total_bytes().unwrap_or(0.0);
    let elsewhere = if context.facts.topology.replicas.is_empty() { "" } else { " on this server" };
    let message = format!("{} is {} and was neither read nor changed in {days:.0} days{elsewhere}.", table.name, size(bytes));
    let finding = Finding::new(table.name.to_string(), message)
        .evidence(Evidence::measured("size", bytes, Unit::Bytes, "sizes"))
        .evidence(Evidence::measured("statistics cover", days, Unit::Days, "time since the reset"));
    finding.costs_bytes(bytes).risks(0.02)
}
