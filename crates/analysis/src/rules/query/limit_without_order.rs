//! `query/limit-without-order`.

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity};
use dbwright_sql::StatementKind;
use dbwright_sql::shape::Block;

use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/limit-without-order",
    title: "LIMIT without ORDER BY",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Queries that keep some of their rows by LIMIT without saying which: no ORDER BY. A remark when one row is kept. Quiet are checks
for existence (`SELECT 1 … LIMIT 1`), look-ups by a key, aggregates without groups, queues (`FOR UPDATE … SKIP LOCKED`), full-text
searches, tables that hold no more rows than the limit, and subqueries.

```sql finds
CREATE TABLE purchase (id INTEGER PRIMARY KEY, status TEXT NOT NULL);
INSERT INTO purchase (id, status) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'open' FROM n;
-- workload
SELECT id FROM purchase WHERE status = 'open' LIMIT 20;
```

```sql quiet
CREATE TABLE purchase (id INTEGER PRIMARY KEY, status TEXT NOT NULL);
INSERT INTO purchase (id, status) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'open' FROM n;
-- workload
SELECT id FROM purchase WHERE status = 'open' ORDER BY id LIMIT 20;
SELECT 1 FROM purchase WHERE status = 'open' LIMIT 1;
SELECT status FROM purchase WHERE id = 7 LIMIT 1;
SELECT count(*) FROM purchase LIMIT 1;
```

## Why it matters
Which rows come depends on the plan, on what was written last and on parallel workers: the same query gives other rows
tomorrow, and pages of it overlap.

## When not to follow
Where any rows will do, as in batches of a job that works everything off.

## Fix
Add an ORDER BY that ends in a key, and an index in that order.

## How we verify
Read from the statement's text and the catalog.

## References
PostgreSQL manual, LIMIT and OFFSET. MySQL manual, LIMIT Query Optimization.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let main = view.main().filter(|main| view.shape.kind == StatementKind::Select && is_open(main))?;
    let limit = main.limit.as_deref()?.trim();
    // Where literals are hidden the limit is a placeholder: one row a call in the mean says that it is 1.
    let hidden = limit.parse::<u64>().is_err();
    let single = limit == "1" || hidden && view.rows_a_call().is_some_and(|rows| rows <= 1.0);
    let tables: Vec<&Collection> = main.sources.iter().filter_map(|source| context.table(source.table.as_ref()?)).collect();
    let tests_existence = (single || hidden) && !view.shape.columns.iter().any(|used| used.uses.selected);
    if limit == "0" || tests_existence || tables.is_empty() || !tables.iter().all(|table| is_plain(table)) {
        return None;
    }
    if tables.iter().all(|table| context.asks_one_row(main, table)) || holds_all(context, main, &tables, limit) {
        return None;
    }
    let message = format!("{} keeps {limit} of its rows without an order: which ones is left to chance.", view.title());
    let finding = view.finding(message).graded(Grade::Inferred).evidence(Evidence::text("limit", limit, "statement"));
    Some(if single { finding.severe(Severity::Info).risks(0.1) } else { finding.risks(0.2) })
}

/// Whether rows are kept in no order.
fn is_open(main: &Block) -> bool {
    let aggregated = !main.select.aggregates.is_empty() && main.group_by.is_empty() && !main.select.window;
    main.order_by.is_empty()
        && !main.order_by_random
        && !main.locks_rows
        && !aggregated
        && !main.sources.is_empty()
        && !main.select.distinct_on
}

const fn is_plain(table: &Collection) -> bool {
    matches!(
        table.kind,
        CollectionKind::Table | CollectionKind::PartitionedTable | CollectionKind::Partition | CollectionKind::MaterializedView
    )
}

/// Whether the only table holds no more rows than the limit lets through.
fn holds_all(context: &Context<'_>, main: &Block, tables: &[&Collection], limit: &str) -> bool {
    let [table] = tables else { return false };
    let most = limit.parse::<u64>().ok().map(|rows| rows as f64);
    main.sources.len() == 1 && most.zip(context.rows_of(table)).is_some_and(|(most, rows)| rows <= most)
}
