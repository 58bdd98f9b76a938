//! `schema/no-unique-key`.

use dbwright_model::catalog::Collection;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{is_bookkeeping, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/no-unique-key",
    title: "Table that takes identical rows",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r"
## Finds
Tables without primary key, unique constraint and unique index: two rows may be equal in every column.

```sql finds
CREATE TABLE reading (sensor TEXT NOT NULL, taken_at TEXT NOT NULL, value REAL);
```

```sql quiet
CREATE TABLE reading (sensor TEXT NOT NULL, taken_at TEXT NOT NULL, value REAL);
CREATE UNIQUE INDEX reading_once ON reading (sensor, taken_at);
```

## Why it matters
A client that sends its insert again after a lost answer leaves a second, identical row, and afterwards nothing says
which of both is meant. Sums and counts are wrong by then.

## When not to follow
Logs whose lines may repeat, and staging tables that are emptied after each load.

## Fix
Find the columns that name the thing a row stands for, remove duplicates among them, then declare them unique.

## How we verify
Read from the catalog: no key and no unique index without condition.

## References
PostgreSQL manual, Constraints, Unique Constraints; E. F. Codd, A Relational Model of Data for Large Shared Data Banks,
1970, section 1.4.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    context
        .facts
        .catalog
        .tables()
        .filter(|table| table.keys.is_empty() && !has_unique_index(table) && !is_bookkeeping(table))
        .map(finding)
        .collect()
}

fn has_unique_index(table: &Collection) -> bool {
    table.indexes.iter().any(|index| index.unique && index.valid)
}

fn finding(table: &Collection) -> Finding {
    let message = format!("{} has no key and no unique index, so the same row can be stored twice.", table.name);
    with_rows(Finding::new(table.name.to_string(), message).risks(0.2), table)
}
