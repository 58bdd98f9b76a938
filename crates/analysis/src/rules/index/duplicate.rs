//! `index/duplicate`.

use dbwright_model::catalog::{Collection, Index};
use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

use super::same::{cost, twin};

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/duplicate",
    title: "Index that another one repeats",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r"
## Finds
Indexes with the same parts, method, collations, operator classes, directions, condition and included columns as another
index of the table, or as the key by which the table is stored. Of two such indexes the one is kept that enforces a
constraint, or else the unique one; a unique index is never called the duplicate of one that is not.

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE INDEX product_sku ON product (sku);
```

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX product_id ON product (id);
```

```sql quiet
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, made_at TEXT NOT NULL);
CREATE INDEX product_name ON product (name);
CREATE INDEX product_name_live ON product (name) WHERE state = 'live';
CREATE INDEX product_name_folded ON product (name COLLATE NOCASE);
CREATE INDEX product_name_lower ON product (lower(name));
CREATE INDEX product_made ON product (made_at, state);
CREATE INDEX product_made_down ON product (made_at, state DESC);
```

## Why it matters
Each index is written on every insert and on updates of its columns, takes room on disk and in cache, and is considered
in each plan. Its twin brings nothing.

## When not to follow
While an index is being replaced by a new one with the same parts.

## Fix
Drop the one that enforces nothing, concurrently where the engine can.

## How we verify
Read from the catalog, all properties compared. After the change one of the two is left and all plans stay the same.

## References
PostgreSQL manual, CREATE INDEX and DROP INDEX; MySQL manual, sys.schema_redundant_indexes.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for index in table.indexes.iter().filter(|index| index.valid) {
            if let Some(kept) = twin(table, index) {
                findings.push(finding(context, table, index, &format!("index {}", kept.name)));
            } else if repeats_row_key(context, table, index) {
                findings.push(finding(context, table, index, "the key by which the table is stored"));
            }
        }
    }
    findings
}

/// Whether a plain index has the columns of the primary key that is the table's own order and so has no index.
fn repeats_row_key(context: &Context<'_>, table: &Collection, index: &Index) -> bool {
    let Some(key) = table.primary_key().filter(|_| context.engine() == Engine::Sqlite) else { return false };
    let by_rows = key.index.is_none() || table.storage.without_rowid;
    let plain = index.parts.iter().all(|part| part.collation.is_none() && !part.descending) && index.predicate.is_none();
    let columns = index.columns().is_some_and(|columns| columns == key.columns.iter().map(String::as_str).collect::<Vec<_>>());
    by_rows && plain && columns && !index.automatic && index.constraint.is_none()
}

fn finding(context: &Context<'_>, table: &Collection, index: &Index, kept: &str) -> Finding {
    let message = format!("Index {} of {} has the same parts as {kept}.", index.name, table.name);
    let change = Ddl::of(context.facts).drop_index(table, index);
    cost(Finding::new(index.object(&table.name), message).change_if(change), index).risks(0.2)
}
