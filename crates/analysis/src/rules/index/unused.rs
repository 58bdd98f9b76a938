//! `index/unused`.

use dbwright_model::catalog::{Collection, Index};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::{MEGABYTE, answers_equality};

use super::same::cost;

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/unused",
    title: "Index that nothing reads",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog, FactKind::Activity],
    docs: DOCS,
    check,
};

/// Days of statistics below which disuse proves nothing.
const FEWEST_DAYS: f64 = 7.0;
/// Days that hold every monthly job.
const A_MONTH: f64 = 35.0;

const DOCS: &str = r#"
## Finds
Indexes of 1 MB or more without a single scan while the table was in use, where the statistics are at least 7 days old:
a warning from 35 days on, since some jobs run once a month, before that and where replicas may read the index only a
remark. Indexes that enforce a constraint, are unique, serve as replica identity, or are the only one for a foreign key
are left out.

```facts finds postgresql
{"health": {"statistics_since": "2026-08-01T00:00:00Z"}, "topology": {"replicas": []}, "catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "activity": {"full_scans": 40, "index_scans": 90000, "inserts": 4000},
  "indexes": [{"name": "ticket_a_idx", "method": "btree", "valid": true, "parts": [{"column": "a"}], "scans": 0, "definition": "CREATE INDEX ticket_a_idx ON public.ticket USING btree (a)",
    "bytes": {"value": 52428800, "exactness": "measured", "source": "pg_relation_size"}}]}]}}
```

```facts quiet postgresql
{"health": {"statistics_since": "2026-11-20T00:00:00Z"}, "topology": {"replicas": []}, "catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "activity": {"full_scans": 40, "index_scans": 90000, "inserts": 4000},
  "indexes": [{"name": "ticket_a_idx", "method": "btree", "valid": true, "parts": [{"column": "a"}], "scans": 0,
    "bytes": {"value": 52428800, "exactness": "measured", "source": "pg_relation_size"}}]}]}}
```

```facts quiet postgresql
{"health": {"statistics_since": "2026-08-01T00:00:00Z"}, "topology": {"replicas": []}, "catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "activity": {"full_scans": 40, "index_scans": 90000, "inserts": 4000},
  "references": [{"name": "ticket_b_fkey", "columns": ["b"], "target": {"schema": "public", "name": "ticket"}, "target_columns": ["id"], "validated": true, "enforced": true}],
  "indexes": [{"name": "ticket_a_key", "method": "btree", "valid": true, "unique": true, "constraint": "ticket_a_key", "parts": [{"column": "a"}], "scans": 0,
    "bytes": {"value": 52428800, "exactness": "measured", "source": "pg_relation_size"}},
   {"name": "ticket_b_idx", "method": "btree", "valid": true, "parts": [{"column": "b"}], "scans": 0,
    "bytes": {"value": 52428800, "exactness": "measured", "source": "pg_relation_size"}}]}]}}
```

## Why it matters
It costs a write on each insert, keeps updates of its columns from being cheap, and takes room on disk and in cache, for
nothing.

## When not to follow
Indexes made lately, those kept for a yearly job, and those that only a replica reads: counters are kept by each server
for itself.

## Fix
MySQL 8 and newer MariaDB: hide it first and drop it when nobody has missed it. PostgreSQL: keep its definition and drop
it concurrently.

## How we verify
Scans counted by the server since the statistics were reset, with the age of the statistics. After dropping it no plan
gets worse.

## References
PostgreSQL manual, The Cumulative Statistics System, pg_stat_all_indexes; MySQL manual, Invisible Indexes.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(days) = context.statistics_days().filter(|days| *days >= FEWEST_DAYS && context.judges_server()) else { return Vec::new() };
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables().filter(|table| is_in_use(table)) {
        let unread = table.indexes.iter().filter(|index| index.scans == Some(0) && is_droppable(index) && !serves_reference(table, index));
        findings.extend(unread.map(|index| finding(context, table, index, days)));
    }
    findings
}

/// Whether anything happened to the table since the statistics were reset.
fn is_in_use(table: &Collection) -> bool {
    table.activity.as_ref().is_some_and(|activity| activity.full_scans + activity.index_scans + activity.inserts + activity.updates > 0)
}

fn is_droppable(index: &Index) -> bool {
    let large = index.bytes.as_ref().is_some_and(|bytes| bytes.value >= MEGABYTE);
    let bound = index.unique
        || index.constraint.is_some()
        || index.replica_identity
        || index.automatic
        || index.partitioned
        || index.parent.is_some();
    large && index.valid && !index.invisible && !bound && index.last_scan.is_none()
}

/// Whether it is the only index that a foreign key has.
fn serves_reference(table: &Collection, index: &Index) -> bool {
    let alone = |columns: &[String]| {
        answers_equality(index, columns) && !table.indexes.iter().any(|other| other.name != index.name && answers_equality(other, columns))
    };
    table.references.iter().any(|reference| alone(&reference.columns))
}

fn finding(context: &Context<'_>, table: &Collection, index: &Index, days: f64) -> Finding {
    let replicas = context.facts.topology.replicas.len();
    let elsewhere = if replicas > 0 { " on this server; replicas count for themselves" } else { "" };
    let message = format!("Index {} of {} was not read once in {days:.0} days{elsewhere}.", index.name, table.name);
    let change = Ddl::of(context.facts).retire_index(table, index).filter(|_| replicas == 0);
    let finding = cost(Finding::new(index.object(&table.name), message).change_if(change), index).evidence(Evidence::measured(
        "statistics cover",
        days,
        Unit::Days,
        "time since the reset",
    ));
    if days < A_MONTH || replicas > 0 { finding.severe(Severity::Info).risks(0.1) } else { finding.risks(0.2) }
}
