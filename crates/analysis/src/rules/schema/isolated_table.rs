//! `schema/isolated-table`.

use std::collections::BTreeSet;

use dbwright_model::catalog::Collection;
use dbwright_model::{FactKind, Finding, ObjectName, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{has_word, is_bookkeeping, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/isolated-table",
    title: "Table without relation to any other",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Related tables from which a database is one whose tables relate to each other.
const FEWEST_CONNECTED: usize = 4;
/// Words of tables that stand apart by design.
const ASIDE: &[&str] = &[
    "audit",
    "cache",
    "config",
    "configuration",
    "event",
    "events",
    "history",
    "job",
    "jobs",
    "lock",
    "locks",
    "log",
    "logs",
    "migration",
    "migrations",
    "outbox",
    "queue",
    "session",
    "sessions",
    "setting",
    "settings",
    "spatial",
    "stat",
    "stats",
    "version",
    "view",
    "views",
];

const DOCS: &str = r"
## Finds
In a database whose tables mostly refer to each other: tables to and from which no foreign key leads. Tables of
settings, logs, queues and migrations are left out, and so are tables for which a reference was found in the data.

```sql finds
CREATE TABLE a (id INTEGER PRIMARY KEY);
CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a (id));
CREATE INDEX b_a ON b (a_id);
CREATE TABLE c (id INTEGER PRIMARY KEY, b_id INTEGER NOT NULL REFERENCES b (id));
CREATE INDEX c_b ON c (b_id);
CREATE TABLE d (id INTEGER PRIMARY KEY, c_id INTEGER NOT NULL REFERENCES c (id));
CREATE INDEX d_c ON d (c_id);
CREATE TABLE parcel (id INTEGER PRIMARY KEY, weight_grams INTEGER NOT NULL);
```

```sql quiet
CREATE TABLE a (id INTEGER PRIMARY KEY);
CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a (id));
CREATE INDEX b_a ON b (a_id);
CREATE TABLE c (id INTEGER PRIMARY KEY, b_id INTEGER NOT NULL REFERENCES b (id));
CREATE INDEX c_b ON c (b_id);
CREATE TABLE d (id INTEGER PRIMARY KEY, c_id INTEGER NOT NULL REFERENCES c (id));
CREATE INDEX d_c ON d (c_id);
CREATE TABLE app_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
```

## Why it matters
Either a reference was forgotten, so that the database can't keep it right, or the table is a leftover that nobody dares
to drop.

## When not to follow
Tables that stand for themselves by design.

## Fix
Declare the references it has, or drop it once it is known that nobody reads it.

## How we verify
Read from the catalog: foreign keys in both directions.

## References
PostgreSQL manual, Constraints, Foreign Keys.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut related: BTreeSet<&ObjectName> = BTreeSet::new();
    for table in &context.facts.catalog.collections {
        for reference in &table.references {
            related.extend([&table.name, &reference.target]);
        }
    }
    for inclusion in &context.facts.data.inclusions {
        related.extend([&inclusion.table, &inclusion.target]);
    }
    let tables: Vec<&Collection> = context.facts.catalog.tables().collect();
    let connected = tables.iter().filter(|table| related.contains(&table.name)).count();
    if connected < FEWEST_CONNECTED || connected * 10 < tables.len() * 6 {
        return Vec::new();
    }
    let alone = |table: &&&Collection| {
        !related.contains(&table.name) && table.fields.len() > 1 && !is_bookkeeping(table) && !has_word(&table.name.name, ASIDE)
    };
    tables.iter().filter(alone).map(|table| finding(table)).collect()
}

fn finding(table: &Collection) -> Finding {
    let message = format!("No foreign key leads to or from {}.", table.name);
    with_rows(Finding::new(table.name.to_string(), message).risks(0.1), table)
}
