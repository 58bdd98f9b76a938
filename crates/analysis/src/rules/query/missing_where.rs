//! `query/missing-where`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::StatementKind;

use crate::context::tables::SMALL_TABLE_ROWS;
use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/missing-where",
    title: "UPDATE or DELETE without condition",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`UPDATE` and `DELETE` of a workload that have neither WHERE nor LIMIT nor a join, on a table that is not small, unless the
server's counts show that they change few rows a call.

```sql finds
CREATE TABLE account (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
INSERT INTO account (id, city) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'City' FROM n;
-- workload
UPDATE account SET city = 'Nowhere';
```

```sql quiet
CREATE TABLE account (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
CREATE TABLE current_rate (code TEXT PRIMARY KEY, rate INTEGER NOT NULL);
INSERT INTO account (id, city) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'City' FROM n;
INSERT INTO current_rate (code, rate) VALUES ('NOK', 1), ('EUR', 11);
-- workload
UPDATE account SET city = 'Nowhere' WHERE id = 7;
UPDATE current_rate SET rate = rate + 1;
```

## Why it matters
Every row is changed: either a condition was forgotten, and the data are gone, or all rows are rewritten on purpose, which
locks them all, writes them all to the log and leaves as many dead rows behind.

## When not to follow
Jobs that really touch every row: do it in batches, or replace the table. To empty one, `TRUNCATE` is cheaper.

## Fix
Add the condition. If all rows are meant, say so in batches by key.

## How we verify
Read from the statement's text, the table's rows and, where counted, the rows changed a call.

## References
PostgreSQL manual, UPDATE, DELETE, TRUNCATE. MySQL manual, Using Safe-Updates Mode.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    view.main().filter(|main| !main.has_where && main.limit.is_none() && main.sources.len() <= 1 && main.joins.is_empty())?;
    let verb = match view.shape.kind {
        StatementKind::Update => "changes",
        StatementKind::Delete => "deletes",
        _ => return None,
    };
    let table = context.table(view.shape.tables_written().next()?)?;
    let few = context.judges_server() && view.rows_a_call().is_some_and(|rows| rows < SMALL_TABLE_ROWS);
    if few || context.is_small(table) || !(table.kind.is_table()) {
        return None;
    }
    let message = format!("{} {verb} every row of {}: it has no condition.", view.title(), table.name);
    let mut finding = view.finding(message).graded(Grade::Inferred).risks(0.8);
    if let Some(rows) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows", rows, Unit::Rows));
    }
    Some(finding)
}
