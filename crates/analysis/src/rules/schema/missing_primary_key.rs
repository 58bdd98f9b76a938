//! `schema/missing-primary-key`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::is_bookkeeping;

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/missing-primary-key",
    title: "Table without primary key",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r"
## Finds
Tables that declare no primary key. A unique key over NOT NULL columns is named as the candidate.

```sql finds
CREATE TABLE visit (page TEXT NOT NULL, at TEXT NOT NULL);
```

```sql quiet
CREATE TABLE visit (id INTEGER PRIMARY KEY, page TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE visit_tag (visit_id INTEGER NOT NULL REFERENCES visit, tag TEXT NOT NULL, PRIMARY KEY (visit_id, tag));
```

## Why it matters
Without a primary key a row can't be named: duplicates can't be told apart, logical replication can't apply updates and
deletes, and no foreign key can refer to the table.

## When not to follow
Staging tables that are loaded and dropped as a whole, and append-only logs that nothing refers to.

## Fix
Declare the natural key where one exists; else add an identity column.

## How we verify
Read from the catalog. After the change the table is collected again and has a primary key.

## References
PostgreSQL manual, Constraints, Primary Keys; SQLite manual, CREATE TABLE, rowid tables.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let tables = context.facts.catalog.tables().filter(|table| table.primary_key().is_none() && !is_bookkeeping(table));
    let ddl = Ddl::of(context.facts);
    tables.map(|table| finding(table, &ddl)).collect()
}

fn finding(table: &Collection, ddl: &Ddl<'_>) -> Finding {
    let candidate = table.keys.iter().find(|key| key.columns.iter().all(|name| table.field(name).is_some_and(|field| !field.nullable)));
    let message = match candidate {
        Some(key) => format!("{} has no primary key; its unique key ({}) could be it.", table.name, key.columns.join(", ")),
        None => format!("{} has no primary key, so its rows can't be told apart.", table.name),
    };
    let change = candidate.and_then(|key| {
        let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
        ddl.add_primary_key(table, &columns)
    });
    let finding = Finding::new(table.name.to_string(), message).change_if(change).risks(0.4);
    match &table.storage.rows {
        Some(rows) => finding.evidence(Evidence::of("rows", rows, Unit::Rows)),
        None => finding,
    }
}
