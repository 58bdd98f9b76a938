//! `recovery/unlogged-table`.

use dbwright_model::catalog::Collection;
use dbwright_model::change::Change;
use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/unlogged-table",
    title: "Table that does not survive a crash",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Tables that are emptied or damaged by a crash: UNLOGGED in PostgreSQL; MEMORY, MyISAM and non-transactional Aria in
MySQL and MariaDB. Tables whose name says that they are passing (cache, session, staging, temporary, queue) are
reported as info.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "storage": {"unlogged": true}}]}}
```

```facts finds mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "sale"}, "storage": {"engine": "MyISAM"}}]}}
```

```facts quiet postgresql
{}
```

```facts quiet mysql
{}
```

```sql finds postgresql
CREATE UNLOGGED TABLE invoice (id bigint PRIMARY KEY);
```

```sql quiet postgresql
CREATE TABLE invoice (id bigint PRIMARY KEY);
```

## Why it matters
After a crash PostgreSQL truncates an unlogged table; it is absent on every replica, and empty after a physical
restore.

## When not to follow
Caches and loads that can be repeated.

## Fix
Switch logging on. That rewrites the table.

## How we verify
Read from the catalog. Afterwards the table counts as logged.

## References
PostgreSQL manual, CREATE TABLE, UNLOGGED. MySQL manual, Alternative Storage Engines.
"#;

const PASSING: [&str; 8] = ["cache", "session", "staging", "stage", "tmp", "temp", "queue", "scratch"];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let engine = table.storage.engine.as_deref().unwrap_or_default();
        let fragile = matches!(engine, "MEMORY" | "MyISAM" | "MRG_MyISAM");
        if !table.storage.unlogged && !fragile {
            continue;
        }
        let why = if fragile { format!("uses storage engine {engine}") } else { "is unlogged".to_owned() };
        let message = format!("{} {why}: its rows do not survive a crash.", table.name);
        let finding = Finding::new(table.name.to_string(), message).change_if(logged(context, table));
        let name = table.name.name.to_lowercase();
        let passing = name.split(['_', '-', '.']).any(|word| PASSING.contains(&word.trim_end_matches('s')));
        findings.push(if passing { finding.severe(Severity::Info).risks(0.1) } else { finding.risks(0.6) });
    }
    findings
}

fn logged(context: &Context<'_>, table: &Collection) -> Option<Change> {
    let on = Ddl::of(context.facts).object(&table.name);
    let change = Change::new(format!("Keep the rows of {} through crashes", table.name)).rewriting();
    match context.engine() {
        Engine::Postgresql => Some(
            change
                .step(format!("ALTER TABLE {on} SET LOGGED"), format!("ALTER TABLE {on} SET UNLOGGED"))
                .locking(format!("ACCESS EXCLUSIVE on {}: blocks reads and writes while the table is written anew", table.name)),
        ),
        _ => None,
    }
}
