//! `capacity/growth-outpaces-hardware`.

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::size;

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/growth-outpaces-hardware",
    title: "Disk that fills within months",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Health, FactKind::Sizes, FactKind::Activity],
    docs: DOCS,
    check,
};

/// Days of statistics below which a rate is chance.
const FEWEST_DAYS: f64 = 7.0;
/// Days that ordering and moving to a larger disk take.
const HORIZON_DAYS: f64 = 180.0;
/// Days below which it is urgent.
const URGENT_DAYS: f64 = 30.0;

const DOCS: &str = r#"
## Finds
At the rate at which tables grew since the statistics were reset, 7 days ago or longer, the free disk is full within 180
days. The rate is rows inserted less rows deleted, times the mean bytes of a row with its indexes.

```facts finds postgresql
{"health": {"statistics_since": "2026-10-25T00:00:00Z", "disk": {"used": 60000000000, "limit": 100000000000}}, "catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "activity": {"inserts": 90000000, "deletes": 0, "full_scans": 1}, "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"health": {"statistics_since": "2026-10-25T00:00:00Z", "disk": {"used": 60000000000, "limit": 100000000000}}, "catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "activity": {"inserts": 90000, "deletes": 0, "full_scans": 1}, "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
Ordering, approving and moving to larger disks takes longer than people expect, and a full disk stops all writes.

## When not to follow
After a single large load, which will not come again.

## Fix
Delete or archive what is no longer needed, by partition where possible; plan the larger disk with the date in hand.

## How we verify
Estimated from counters and sizes; a history of sizes gives a better date.

## References
PostgreSQL manual, Monitoring Disk Usage; The Cumulative Statistics System.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    judge(context).into_iter().collect()
}

fn judge(context: &Context<'_>) -> Option<Finding> {
    let disk = context.facts.health.disk.filter(|disk| disk.limit > disk.used && context.judges_server())?;
    let days = context.statistics_days().filter(|days| *days >= FEWEST_DAYS)?;
    let tables =
        context.facts.catalog.collections.iter().filter(|table| matches!(table.kind, CollectionKind::Table | CollectionKind::Partition));
    let mut growth: Vec<(f64, &Collection)> = tables.filter_map(|table| Some((grown_bytes(table)? / days, table))).collect();
    growth.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let a_day: f64 = growth.iter().map(|(bytes, _)| bytes).sum();
    let left = (disk.limit - disk.used) / a_day.max(1.0);
    if left >= HORIZON_DAYS {
        return None;
    }
    let first = growth.first().map(|(_, table)| table.name.to_string()).unwrap_or_default();
    let message = format!("Tables grow by {} a day, {first} most: the free disk lasts {left:.0} days.", size(a_day));
    let finding = Finding::new("server", message)
        .evidence(Evidence::estimated("growth a day", a_day, Unit::Bytes, "rows inserted less deleted, times their bytes"))
        .evidence(Evidence::measured("free", disk.limit - disk.used, Unit::Bytes, "server"))
        .evidence(Evidence::estimated("days left", left, Unit::Days, "free disk by growth"))
        .evidence(Evidence::measured("statistics cover", days, Unit::Days, "time since the reset"));
    Some(finding.risks(if left < URGENT_DAYS { 0.7 } else { 0.4 }))
}

/// Bytes by which the table grew since the statistics were reset.
fn grown_bytes(table: &Collection) -> Option<f64> {
    let activity = table.activity.as_ref()?;
    let rows = table.rows().filter(|rows| *rows > 0.0)?;
    let more = activity.inserts.saturating_sub(activity.deletes) as f64;
    let bytes = table.total_bytes()?;
    Some(bytes / rows * more)
}
