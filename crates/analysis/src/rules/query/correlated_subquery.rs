//! `query/correlated-subquery`.

use dbwright_model::plan::{Operation, PlanNode};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::shape::Role;

use crate::context::{Context, StatementView, reads_whole};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/correlated-subquery",
    title: "Subquery runs again for each row, and costs",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Plans],
    docs: DOCS,
    check,
};

/// Runs from which a subquery takes a noticeable part of the statement, when its time is known to be that.
const MANY_RUNS: f64 = 100.0;
/// Part of the statement's time from which the subquery is what costs.
const TIME_PART: f64 = 0.5;
/// Statement time below which nothing needs to be done, ms.
const WORTH_MS: f64 = 5.0;

const DOCS: &str = r#"
## Finds
Subqueries that the plan evaluates once for each row of the outer query, and that read a whole table each time; or that, as
the executed plan shows, ran 100 times or more and took more than half of the statement's time. A subquery that finds its rows
by an index stays quiet.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
INSERT INTO customer (id, city) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, 'City' FROM n;
INSERT INTO purchase (id, customer_id, placed_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i % 300, '2026-01-01' FROM n;
-- workload
SELECT c.id, (SELECT max(p.placed_at) FROM purchase AS p WHERE p.customer_id = c.id) FROM customer AS c;
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
CREATE INDEX purchase_customer ON purchase (customer_id, placed_at);
INSERT INTO customer (id, city) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, 'City' FROM n;
INSERT INTO purchase (id, customer_id, placed_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i % 300, '2026-01-01' FROM n;
-- workload
SELECT c.id, (SELECT max(p.placed_at) FROM purchase AS p WHERE p.customer_id = c.id) FROM customer AS c;
```

## Why it matters
The cost is the subquery's cost times the rows outside: a scan of 5,000 rows for each of 300 customers reads 1.5 million.

## When not to follow
Where the outer query always gives a few rows, or an index makes each run a look-up.

## Fix
Index the column that ties the subquery to the outer row, or compute all values at once: join with a grouped subquery, or use a
window function.

## How we verify
Read from the plan. After the change the subquery is evaluated once, or by an index.

## References
W. Kim, On Optimizing an SQL-like Nested Query, 1982. T. Neumann and A. Kemper, Unnesting Arbitrary Queries, 2015.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let depends = |node: &&PlanNode| node.operation == Operation::CorrelatedSubquery;
    let written = view.shape.blocks.iter().any(|block| block.correlated && !matches!(block.role, Role::Main));
    if view.shape.parsed && !written {
        return None;
    }
    view.plan_nodes().into_iter().filter(depends).find_map(|node| scanning(context, view, node).or_else(|| busy(view, node)))
}

/// Each run reads a whole table.
fn scanning(context: &Context<'_>, view: &StatementView<'_>, node: &PlanNode) -> Option<Finding> {
    let below = descendants(node);
    let whole = |one: &&&PlanNode| one.operation != Operation::FullIndexScan && reads_whole(one) && one.loops != Some(0.0);
    let (scan, table) = below.iter().filter(whole).find_map(|one| Some((one, context.collection(one.collection.as_ref()?)?)))?;
    if context.is_small(table) || scan.loops.or(node.loops).is_some_and(|loops| loops <= 1.0) {
        return None;
    }
    let message = format!("{} runs a subquery for each of its rows, and each run reads {} as a whole.", view.title(), table.name);
    let executed = view.was_executed();
    let mut finding = view.finding(message).graded(if executed { Grade::Observed } else { Grade::Planned }).risks(0.3);
    if let Some(rows) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows read by each run", rows, Unit::Rows));
    }
    if let Some(loops) = scan.loops.filter(|_| executed) {
        finding = finding.evidence(Evidence::measured("runs", loops, Unit::Count, "executed plan"));
    }
    Some(finding)
}

/// The subquery takes most of the time.
fn busy(view: &StatementView<'_>, node: &PlanNode) -> Option<Finding> {
    let below = descendants(node);
    let runs = below.iter().filter_map(|one| one.loops).fold(0.0, f64::max);
    let spent: f64 = below.iter().filter_map(|one| one.self_ms).sum();
    let whole = view.statement.plan.as_ref()?.execution_ms?;
    if runs < MANY_RUNS || whole < WORTH_MS || spent < whole * TIME_PART {
        return None;
    }
    let message = format!("{} runs a subquery {runs:.0} times, {:.0} % of its time.", view.title(), spent / whole * 100.0);
    let finding = view
        .finding(message)
        .graded(Grade::Observed)
        .evidence(Evidence::measured("runs", runs, Unit::Count, "executed plan"))
        .evidence(Evidence::measured("time in the subquery", spent, Unit::Ms, "executed plan"))
        .evidence(Evidence::measured("time of the statement", whole, Unit::Ms, "executed plan"));
    Some(finding.risks(0.2))
}

/// The node and all below it.
fn descendants(node: &PlanNode) -> Vec<&PlanNode> {
    let mut found = vec![node];
    let mut next = 0;
    while let Some(one) = found.get(next).copied() {
        found.extend(&one.children);
        next += 1;
    }
    found
}
