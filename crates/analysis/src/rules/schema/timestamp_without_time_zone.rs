//! `schema/timestamp-without-time-zone`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{POSTGRESQL, Rule};
use crate::rules::shared::{column_object, has_word, is_bookkeeping, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/timestamp-without-time-zone",
    title: "Point in time without time zone",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Words of columns that hold local times on purpose.
const LOCAL: &[&str] = &["local", "wall", "naive"];

const DOCS: &str = r#"
## Finds
Columns of type `timestamp without time zone`, unless they are named as local times or are generated.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "orders"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "created_at", "type_name": "timestamp without time zone", "family": "timestamp", "type_bytes": 8}],
  "keys": [{"name": "orders_pkey", "columns": ["id"], "primary": true}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "flight"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "departs_local", "type_name": "timestamp without time zone", "family": "timestamp"},
             {"name": "departs_at", "type_name": "timestamp with time zone", "family": "timestamp-with-zone"}],
  "keys": [{"name": "flight_pkey", "columns": ["id"], "primary": true}]}]}}
```

## Why it matters
The value says what a clock showed, not when: sessions with other time zones store and read different moments, an hour
of each autumn stands twice, and differences across a change of the clock are wrong. Both types take 8 bytes.

## When not to follow
Local times that are meant so: opening hours, the time printed on a ticket. Name them so, or keep the zone beside them.

## Fix
`ALTER TABLE … ALTER COLUMN … TYPE timestamptz USING … AT TIME ZONE '…'` with the zone in which the values were written.
Since version 12 the table is not rewritten when the session's time zone is UTC and the values are in UTC. Which zone it
was only the application knows, so no statement is proposed.

## How we verify
Read from the catalog.

## References
PostgreSQL manual, Date/Time Types; ALTER TABLE, notes; release notes of PostgreSQL 12.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables().filter(|table| !is_bookkeeping(table)) {
        let naive = table.fields.iter().filter(|field| field.family == TypeFamily::Timestamp && field.generated.is_none());
        findings.extend(naive.filter(|field| !has_word(&field.name, LOCAL)).map(|field| finding(table, field)));
    }
    findings
}

fn finding(table: &Collection, field: &Field) -> Finding {
    let message = format!("{} is {}: it says what a clock showed, not in which zone.", column_object(table, field), field.type_name);
    with_rows(Finding::new(column_object(table, field), message).risks(0.25), table)
}
