//! `index/too-many`.

use dbwright_model::catalog::{Collection, Index};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/too-many",
    title: "More indexes than reads pay for",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Rows from which writing indexes is work worth counting.
const MANY_ROWS: f64 = 10_000.0;
/// Indexes up to which a busy table is not unusual.
const MANY: usize = 8;
/// Indexes that are many whatever the table is used for.
const VERY_MANY: usize = 15;

const DOCS: &str = r#"
## Finds
Tables of 10,000 rows and more with more than 8 indexes that enforce nothing, where rows are changed more often than the
table is read; without counters, from 15 indexes on, as a remark.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 900000, "exactness": "estimated", "source": "pg_class.reltuples"}},
  "activity": {"full_scans": 10, "index_scans": 20000, "inserts": 900000, "updates": 50000},
  "indexes": [{"name": "i0", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 0"}]}, {"name": "i1", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 1"}]}, {"name": "i2", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 2"}]}, {"name": "i3", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 3"}]}, {"name": "i4", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 4"}]}, {"name": "i5", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 5"}]}, {"name": "i6", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 6"}]}, {"name": "i7", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 7"}]}, {"name": "i8", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 8"}]}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 900000, "exactness": "estimated", "source": "pg_class.reltuples"}},
  "activity": {"full_scans": 10, "index_scans": 9000000, "inserts": 900000, "updates": 50000},
  "indexes": [{"name": "i0", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 0"}]}, {"name": "i1", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 1"}]}, {"name": "i2", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 2"}]}, {"name": "i3", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 3"}]}, {"name": "i4", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 4"}]}, {"name": "i5", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 5"}]}, {"name": "i6", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 6"}]}, {"name": "i7", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 7"}]}, {"name": "i8", "method": "btree", "valid": true, "parts": [{"column": "a"}, {"expression": "b + 8"}]}]}]}}
```

## Why it matters
Each insert writes every index, and an update that touches one indexed column writes all of them in PostgreSQL. On
tables that are mostly written this is most of the work.

## When not to follow
Tables that are loaded once and searched in many ways.

## Fix
Look at the least read ones first; merge those that begin alike; drop what nothing needs.

## How we verify
Indexes counted in the catalog; scans and changes from the server's counters.

## References
PostgreSQL manual, Heap-Only Tuples; R. Schnaitter and others, Index Interactions in Physical Design Tuning, 2009.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().filter_map(|table| judge(context, table)).collect()
}

fn judge(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    context.rows_of(table).filter(|rows| *rows >= MANY_ROWS)?;
    let free: Vec<&Index> = table.indexes.iter().filter(|index| index.constraint.is_none() && !index.unique && !index.automatic).collect();
    let count = free.len();
    let bytes: f64 = free.iter().filter_map(|index| index.bytes.as_ref()).map(|bytes| bytes.value).sum();
    let finding = |message: String| {
        let finding = Finding::new(table.name.to_string(), message).costs_bytes(bytes);
        finding.evidence(Evidence::measured("indexes that enforce nothing", count as f64, Unit::Count, "catalog"))
    };
    let Some(activity) = &table.activity else {
        let message = format!("{} has {count} indexes that enforce nothing.", table.name);
        return (count >= VERY_MANY).then(|| finding(message).severe(Severity::Info).risks(0.1));
    };
    let (reads, writes) = (activity.full_scans + activity.index_scans, activity.inserts + activity.updates + activity.deletes);
    if count <= MANY || writes <= reads {
        return None;
    }
    let message = format!(
        "{} has {count} indexes that enforce nothing, and is changed more often ({writes} rows) than read ({reads} scans).",
        table.name
    );
    let finding = finding(message)
        .evidence(Evidence::measured("rows changed", writes as f64, Unit::Rows, "table statistics"))
        .evidence(Evidence::measured("scans", reads as f64, Unit::Count, "table statistics"));
    Some(finding.risks(0.25))
}
