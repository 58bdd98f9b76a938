//! `query/unbounded-result`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::StatementKind;
use dbwright_sql::shape::Block;

use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/unbounded-result",
    title: "Result without bound",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Rows that no reader looks through and that a client holds in memory only with pain.
const MANY_ROWS: f64 = 10_000.0;

const DOCS: &str = r#"
## Finds
Queries without LIMIT that return 10,000 rows or more a call, as counted; and, where rows were not counted, queries of one table of
that size with neither condition nor grouping nor limit.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
INSERT INTO customer (id, email) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i, 'c' || i FROM n;
-- workload
SELECT id, email FROM customer;
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
INSERT INTO customer (id, email) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i, 'c' || i FROM n;
-- workload
SELECT id, email FROM customer WHERE id > 500 ORDER BY id LIMIT 500;
SELECT count(*) FROM customer;
INSERT INTO customer (email) SELECT email FROM customer WHERE id < 3;
```

## Why it matters
The result grows with the table, until a client runs out of memory or a request out of time. Nobody reads 10,000 rows: what is
done with them can be done in the database, or page by page.

## When not to follow
Exports and loads into other systems, read through a cursor.

## Fix
Page by key (`WHERE id > ? ORDER BY id LIMIT 500`), aggregate in the database, or stream through a server-side cursor.

## How we verify
Rows and calls are counted by the server or by running the workload.

## References
PostgreSQL manual, DECLARE; libpq, Retrieving Query Results in Chunks. M. Winand, SQL Performance Explained, Partial Results.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter(|view| !view.is_dump()).filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let main = view.main().filter(|main| view.shape.kind == StatementKind::Select && main.limit.is_none())?;
    let counted = view.rows_a_call();
    let rows = counted.or_else(|| whole_table(context, main)).filter(|rows| *rows >= MANY_ROWS)?;
    let message = format!("{} returns {rows:.0} rows a call and sets no bound.", view.title());
    let evidence = match counted {
        Some(_) => Evidence::measured("rows a call", rows, Unit::Rows, "workload"),
        None => Evidence::estimated("rows a call", rows, Unit::Rows, "rows of the table"),
    };
    let grade = if counted.is_some() { Grade::Observed } else { Grade::Inferred };
    Some(view.finding(message).graded(grade).evidence(evidence).risks(0.2))
}

/// The rows of the only table, when the query gives them all.
fn whole_table(context: &Context<'_>, main: &Block) -> Option<f64> {
    let [source] = main.sources.as_slice() else { return None };
    let reduced = main.has_where
        || !main.group_by.is_empty()
        || !main.select.aggregates.is_empty()
        || main.select.distinct
        || main.select.distinct_on;
    let table = context.table(source.table.as_ref()?).filter(|_| !reduced)?;
    context.rows_of(table)
}
