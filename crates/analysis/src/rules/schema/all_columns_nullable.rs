//! `schema/all-columns-nullable`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{is_bookkeeping, null_share, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/all-columns-nullable",
    title: "Table that accepts empty rows",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// With fewer columns there is little to require.
const FEWEST_COLUMNS: usize = 3;

const DOCS: &str = r"
## Finds
Tables with three or more columns besides their key, all of which accept NULL.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, email TEXT, created_at TEXT);
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, created_at TEXT);
CREATE TABLE customer_note (id INTEGER PRIMARY KEY, note TEXT);
```

## Why it matters
A row without a single fact is accepted, every reader has to expect NULL everywhere, and conditions such as <> and NOT
IN silently leave such rows out.

## When not to follow
Tables that are filled step by step, or that take whatever a foreign source sends.

## Fix
Declare NOT NULL where rows make no sense without the value. The columns in which no NULL was found are named: start
with those.

## How we verify
Read from the catalog; NULLs from the planner's statistics or from reading rows.

## References
PostgreSQL manual, Constraints, Not-Null Constraints.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().filter_map(|table| judge(context, table)).collect()
}

fn judge(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let in_key = |field: &&Field| table.primary_key().is_some_and(|key| key.columns.contains(&field.name)) || field.generated.is_some();
    let others: Vec<&Field> = table.fields.iter().filter(|field| !in_key(field)).collect();
    if others.len() < FEWEST_COLUMNS || others.iter().any(|field| !field.nullable) || is_bookkeeping(table) {
        return None;
    }
    let filled: Vec<&&Field> =
        others.iter().filter(|field| null_share(field) == Some(0.0) && table.rows().is_some_and(|rows| rows > 0.0)).collect();
    let names: Vec<&str> = filled.iter().map(|field| field.name.as_str()).collect();
    let message = if names.is_empty() {
        format!("Every column of {} but its key accepts NULL.", table.name)
    } else {
        format!("Every column of {} but its key accepts NULL; none was found in {}.", table.name, names.join(", "))
    };
    // One column at a time: the others are the user's to decide.
    let complete = |field: &&&Field| field.values.as_ref().is_some_and(|values| values.complete && values.nulls == 0);
    let change = filled.iter().copied().find(complete).and_then(|field| Ddl::of(context.facts).set_not_null(table, field));
    Some(with_rows(Finding::new(table.name.to_string(), message).change_if(change).risks(0.15), table))
}
