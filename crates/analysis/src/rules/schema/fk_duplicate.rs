//! `schema/fk-duplicate`.

use dbwright_model::catalog::{Collection, Reference};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/fk-duplicate",
    title: "Foreign key declared twice",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r"
## Finds
Two foreign keys over the same columns to the same columns.

```sql finds
CREATE TABLE author (id INTEGER PRIMARY KEY);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES author (id),
  FOREIGN KEY (author_id) REFERENCES author (id));
CREATE INDEX book_author ON book (author_id);
```

```sql quiet
CREATE TABLE author (id INTEGER PRIMARY KEY);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES author (id), editor_id INTEGER REFERENCES author (id));
CREATE INDEX book_author ON book (author_id);
CREATE INDEX book_editor ON book (editor_id);
```

## Why it matters
Every write is checked twice. Where the two differ in what happens on delete, which one wins depends on the order of
their names.

## When not to follow
Never; but look at the actions of both before one is dropped.

## Fix
Drop the one that was not meant.

## How we verify
Read from the catalog. After the change one of the two is left.

## References
PostgreSQL manual, Constraints, Foreign Keys.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for (place, second) in table.references.iter().enumerate() {
            if let Some(first) = table.references[..place].iter().find(|first| same(first, second)) {
                findings.push(finding(context, table, first, second));
            }
        }
    }
    findings
}

/// Whether both map the same columns to the same columns, in whatever order.
fn same(first: &Reference, second: &Reference) -> bool {
    let pairs = |reference: &Reference| {
        let mut pairs: Vec<(String, String)> = reference.columns.iter().cloned().zip(reference.target_columns.iter().cloned()).collect();
        pairs.sort();
        pairs
    };
    first.target == second.target && pairs(first) == pairs(second)
}

fn finding(context: &Context<'_>, table: &Collection, first: &Reference, second: &Reference) -> Finding {
    let alike = first.on_delete == second.on_delete && first.on_update == second.on_update;
    let names = match (first.name.is_empty(), second.name.is_empty()) {
        (false, false) => format!(" ({} and {})", first.name, second.name),
        _ => String::new(),
    };
    let but = if alike { "" } else { " with different actions on delete or update" };
    let message = format!("{} refers to {} twice{names}{but}.", table.name.with_columns(&second.columns), first.target);
    let superfluous = if first.validated || !second.validated { second } else { first };
    let change = alike.then(|| Ddl::of(context.facts).drop_foreign_key(table, superfluous)).flatten();
    Finding::new(table.name.with_columns(&second.columns), message).change_if(change).risks(if alike { 0.15 } else { 0.4 })
}
