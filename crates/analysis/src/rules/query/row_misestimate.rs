//! `query/row-misestimate`.

use dbwright_model::catalog::Collection;
use dbwright_model::change::Change;
use dbwright_model::plan::{Operation, PlanNode};
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::{Context, StatementView};
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/row-misestimate",
    title: "The planner expects far more or fewer rows than there are",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Workload, FactKind::Plans],
    docs: DOCS,
    check,
};

/// How many times too few rows the planner may expect: joins by loops then run that many times more often than priced.
const TOO_FEW: f64 = 10.0;
/// How many times too many: that errs on the safe side, so more is allowed.
const TOO_MANY: f64 = 100.0;
/// Rows, over all loops, below which no plan choice matters.
const ROWS: f64 = 1000.0;
/// Mean time below which a wrong estimate has done no harm, ms.
const WORTH_MS: f64 = 5.0;
/// Share of a table's rows changed since ANALYZE from which its statistics are stale.
const STALE_SHARE: f64 = 0.1;

const DOCS: &str = r#"
## Finds
In executed plans: the lowest node at which the planner expected ten times fewer rows than came, or a hundred times more,
where 1,000 rows or more are at stake and the statement takes 5 ms or longer. Nodes below a LIMIT, or below a join that
stops early, that delivered less than expected were only not read to the end; nodes that never ran say nothing.

```facts finds postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}, {"fact": "plans", "state": "read", "detail": ""}],
 "workload": {"source": "measured", "statements": [{"text": "SELECT c.name FROM customer c JOIN orders o ON o.customer_id = c.id WHERE c.city = 'X' AND c.zip = '1'", "calls": 10, "total_ms": 6000,
  "plan": {"executed": true, "root": {"operation": "nested-loop", "label": "Nested Loop", "rows_estimated": 3, "rows_actual": 50000, "loops": 1, "children": [
    {"operation": "full-scan", "label": "Seq Scan", "collection": {"schema": "public", "name": "customer"}, "filter": "(city = 'X') AND (zip = '1')", "rows_estimated": 1, "rows_actual": 5000, "loops": 1},
    {"operation": "index-scan", "label": "Index Scan", "collection": {"schema": "public", "name": "orders"}, "rows_estimated": 9, "rows_actual": 10, "loops": 5000}]}}}]}}
```

```facts quiet postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}, {"fact": "plans", "state": "read", "detail": ""}],
 "workload": {"source": "measured", "statements": [{"text": "SELECT name FROM customer ORDER BY id LIMIT 10", "calls": 10, "total_ms": 60,
  "plan": {"executed": true, "root": {"operation": "limit", "label": "Limit", "rows_estimated": 10, "rows_actual": 10, "loops": 1, "children": [
    {"operation": "index-scan", "label": "Index Scan", "collection": {"schema": "public", "name": "customer"}, "rows_estimated": 500000, "rows_actual": 10, "loops": 1}]}}}]}}
```

## Why it matters
The planner chose this plan for the rows it expected. With a thousand times more, the loop join that was the cheapest for
one row is the dearest, and memory for hashes and sorts is too small.

## When not to follow
Where no other plan exists, as for a table with one useful index, a wrong estimate costs nothing.

## Fix
ANALYZE where statistics are stale. Where columns depend on each other (city and postal code), `CREATE STATISTICS` on them.
Where a value is skewed, a larger statistics target for its column. Where an expression hides the column, an index or
statistics on the expression.

## How we verify
Read from the executed plan: rows per loop, expected and seen. After the change the statement is executed again.

## References
V. Leis and others, How Good Are Query Optimizers, Really?, VLDB 2015. PostgreSQL manual, Planner Statistics; Extended
Statistics.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter(|view| view.was_executed() && is_slow(view)).filter_map(|view| judge(context, view)).collect()
}

fn is_slow(view: &StatementView<'_>) -> bool {
    let ran = view.statement.plan.as_ref().and_then(|plan| plan.execution_ms);
    view.statement.mean_ms().or(ran).is_none_or(|ms| ms >= WORTH_MS)
}

/// A node whose estimate is wrong.
struct Wrong<'a> {
    node: &'a PlanNode,
    factor: f64,
    too_few: bool,
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let plan = view.statement.plan.as_ref()?;
    let mut found = Vec::new();
    look(&plan.root, false, &mut found);
    let wrong = found.into_iter().max_by(|one, other| one.factor.total_cmp(&other.factor))?;
    let (expected, came) = (wrong.node.rows_estimated?, wrong.node.rows_actual?);
    let place = wrong.node.collection.as_ref().map_or(String::new(), |table| format!(" on {table}"));
    let direction = if wrong.too_few { "fewer" } else { "more" };
    let message = format!(
        "{}: at {}{place} the planner expects {expected:.0} rows and {came:.0} come, {:.0} times {direction} than there are.",
        view.title(),
        wrong.node.label,
        wrong.factor
    );
    let mut finding = view
        .finding(message)
        .graded(Grade::Observed)
        .evidence(Evidence::estimated("rows expected a loop", expected, Unit::Rows, "plan"))
        .evidence(Evidence::measured("rows seen a loop", came, Unit::Rows, "executed plan"))
        .evidence(Evidence::measured("loops", wrong.node.loops.unwrap_or(1.0), Unit::Count, "executed plan"))
        .risks(if wrong.too_few { 0.3 } else { 0.1 });
    if let Some(condition) = wrong.node.filter.as_ref().or(wrong.node.access_condition.as_ref()) {
        finding = finding.evidence(Evidence::text("condition", condition.clone(), "plan"));
    }
    if !wrong.too_few {
        finding = finding.severe(Severity::Info);
    }
    let table = wrong.node.collection.as_ref().and_then(|name| context.collection(name));
    Some(finding.change_if(table.filter(|table| is_stale(table)).map(|table| analyse(context, table))))
}

/// Collects the lowest wrong nodes: what stands above one is wrong because of it.
fn look<'a>(node: &'a PlanNode, may_stop_early: bool, found: &mut Vec<Wrong<'a>>) -> bool {
    let stops = may_stop_early
        || matches!(node.operation, Operation::Limit | Operation::MergeJoin | Operation::CorrelatedSubquery | Operation::Subquery)
        || is_semi_join(node);
    let mut below = false;
    for child in &node.children {
        below |= look(child, stops, found);
    }
    if below {
        return true;
    }
    let Some(wrong) = wrong(node).filter(|wrong| wrong.too_few || !may_stop_early) else { return false };
    found.push(wrong);
    true
}

fn is_semi_join(node: &PlanNode) -> bool {
    let joins = matches!(node.operation, Operation::NestedLoop | Operation::HashJoin);
    joins && ["Semi", "Anti", "semi", "anti"].into_iter().any(|word| node.label.contains(word))
}

fn wrong(node: &PlanNode) -> Option<Wrong<'_>> {
    if matches!(node.operation, Operation::Modify | Operation::Materialize | Operation::Limit)
        || node.label.starts_with("BitmapAnd")
        || node.label.starts_with("BitmapOr")
    {
        return None;
    }
    // No planner knows what part of the rows a subquery's result lets through.
    if node.filter.as_deref().is_some_and(|filter| filter.contains("SubPlan")) {
        return None;
    }
    let loops = node.loops.unwrap_or(1.0);
    let (expected, came) = (node.rows_estimated?, node.rows_actual?);
    if loops <= 0.0 || expected.max(came) * loops < ROWS {
        return None;
    }
    let too_few = came > expected;
    let factor = came.max(expected).max(1.0) / came.min(expected).max(1.0);
    (factor >= if too_few { TOO_FEW } else { TOO_MANY }).then_some(Wrong { node, factor, too_few })
}

fn is_stale(table: &Collection) -> bool {
    let Some(activity) = &table.activity else { return false };
    let changed = activity.changed_since_analyze.unwrap_or(0) as f64;
    let rows = table.rows().unwrap_or(0.0);
    activity.last_analyze.is_none() && table.fields.iter().all(|field| field.statistics.is_none()) || changed > rows.max(1.0) * STALE_SHARE
}

fn analyse(context: &Context<'_>, table: &Collection) -> Change {
    let name = Ddl::of(context.facts).object(&table.name);
    match context.engine() {
        Engine::Postgresql => Change::new("Renew the planner's statistics")
            .step(format!("ANALYZE {name}"), "")
            .locking("SHARE UPDATE EXCLUSIVE: reads and writes go on"),
        _ => Change::new("Renew the planner's statistics").step(format!("ANALYZE TABLE {name}"), "").locking("reads and writes go on"),
    }
}
