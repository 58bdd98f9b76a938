//! `storage/cold-data`.

use dbwright_model::catalog::{Activity, Collection, CollectionKind};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};
use crate::rules::keyspace::{FEWEST_KEYS, Pattern, patterns};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/cold-data",
    title: "Much data that nobody reads",
    severity: Severity::Info,
    engines: SERVERS,
    needs: &[FactKind::Catalog, FactKind::Sizes, FactKind::Activity],
    docs: DOCS,
    check,
};

/// Days of statistics below which idleness proves nothing.
const FEWEST_DAYS: f64 = 30.0;
/// Bytes below which moving it gains nothing.
const LEAST_BYTES: f64 = 1024.0 * MEGABYTE;
/// Bytes in memory below which dropping them gains nothing.
const LEAST_BYTES_IN_MEMORY: f64 = 64.0 * MEGABYTE;
/// Days without use from which a key counts as cold.
const IDLE_DAYS: f64 = 30.0;

const DOCS: &str = r#"
## Finds
Tables and partitions of 1 GB and more without one scan and without one change, over at least 30 days of statistics. Redis and
Valkey: patterns of 64 MB and more of which half of the keys were not used for 30 days and do not expire.

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

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "invoice:*"}, "kind": "key-pattern",
  "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}, "table_bytes": {"value": 400000000, "exactness": "estimated", "source": "MEMORY USAGE"}},
  "records": {"types": {"hash": 900}, "sampled": 900, "idle_seconds": [5000000, 9000000, 9100000]}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "invoice:*"}, "kind": "key-pattern",
  "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}, "table_bytes": {"value": 400000000, "exactness": "estimated", "source": "MEMORY USAGE"}},
  "records": {"types": {"hash": 900}, "sampled": 900, "idle_seconds": [5000, 9000000, 9100000]}}]}}
```

## Why it matters
It takes room on the fastest disks, lengthens every backup and restore, and is copied to each replica.

## When not to follow
Data that law or contract asks to keep at hand, and what is read once a year.

## Fix
Keys: move them to a database on disk, or give them a time to live. Tables: move it to cheaper storage: a tablespace on slow disks, a foreign table, Parquet files; or drop it after a last backup.

## How we verify
Scans and changes counted by the server since the statistics were reset, with their age; replicas count for themselves. Keys: OBJECT IDLETIME of those sampled, which a restart sets to zero.

## References
PostgreSQL manual, The Cumulative Statistics System; Tablespaces.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.engine().speaks_sql() {
        return patterns(context).filter(|_| context.judges_server()).filter_map(|pattern| idle(&pattern)).collect();
    }
    let Some(days) = context.statistics_days().filter(|days| *days >= FEWEST_DAYS && context.judges_server()) else { return Vec::new() };
    let held = |table: &&Collection| matches!(table.kind, CollectionKind::Table | CollectionKind::Partition);
    let tables = context.facts.catalog.collections.iter().filter(held);
    tables.filter(|table| is_cold(table)).map(|table| finding(context, table, days)).collect()
}

fn idle(pattern: &Pattern<'_>) -> Option<Finding> {
    let [median, ..] = pattern.shape.idle_seconds?;
    let bytes = pattern.collection.storage.table_bytes.as_ref()?.value;
    let days = median / 86_400.0;
    if days < IDLE_DAYS || bytes < LEAST_BYTES_IN_MEMORY || pattern.shape.sampled < FEWEST_KEYS || pattern.expiring_share() > 0.5 {
        return None;
    }
    let name = pattern.name();
    let message = format!("{name} takes {} of memory, and half of its keys were not used for {days:.0} days.", size(bytes));
    let finding = Finding::new(name, message)
        .evidence(Evidence::estimated("bytes", bytes, Unit::Bytes, "MEMORY USAGE of sampled keys"))
        .evidence(Evidence::estimated("idle, median", days, Unit::Days, "OBJECT IDLETIME of sampled keys"));
    Some(finding.costs_bytes(bytes / 2.0).risks(0.05))
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
