//! `query/sequential-scan`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::plan::{Operation, PlanNode};
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, Operand, Predicate};

use crate::context::access::conditions_on;
use crate::context::tables::field;
use crate::context::{Context, StatementView, reads_whole, uses_partial_index};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/sequential-scan",
    title: "Whole table read for few of its rows",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Plans, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Rows from which reading a table as a whole takes long enough to matter.
const LARGE_ROWS: f64 = 5000.0;
/// Share of the rows that a scan keeps from which on reading them all is right.
const FEW: f64 = 0.1;

const DOCS: &str = r#"
## Finds
Plans that read a whole table of 5,000 rows or more to keep at most a tenth of them: by the rows that the executed plan threw away,
by the planner's estimate, or, where a plan shows neither, by equality on a column with ten values or more. Also scans inside a
loop, and indexes that the engine builds for a single execution. Scans that a LIMIT stops early, and those that need most rows, stay
quiet.

```sql finds
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
INSERT INTO purchase (id, customer_id, placed_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, i % 3000, '2026-01-01' FROM n;
-- workload
SELECT id, placed_at FROM purchase WHERE customer_id = 7;
```

```sql quiet
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, status TEXT NOT NULL);
CREATE INDEX purchase_customer ON purchase (customer_id);
CREATE TABLE status (code TEXT PRIMARY KEY, label TEXT NOT NULL);
INSERT INTO purchase (id, customer_id, status) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, i % 3000, CASE i % 2 WHEN 0 THEN 'open' ELSE 'done' END FROM n;
INSERT INTO status (code, label) VALUES ('open', 'Open'), ('done', 'Done');
-- workload
SELECT id, status FROM purchase WHERE customer_id = 7;
SELECT count(*) FROM purchase WHERE status = 'open';
SELECT code FROM status WHERE label = 'Open';
SELECT status, count(*) FROM purchase GROUP BY status;
```

## Why it matters
The time grows with the table, whatever is asked: what takes 2 ms today takes 200 ms when there are a hundred times as many rows.

## When not to follow
Reports that need a large part of the table; tables that will stay as small as they are.

## Fix
Index the columns of the condition, those compared by equality first: see index/missing, which tries it. If an index is there, see
why it is not used: an expression, a conversion, a wildcard, old statistics.

## How we verify
Read from the plan, its rows and the planner's statistics. After the change the plan uses an index.

## References
P. G. Selinger and others, Access Path Selection in a Relational Database Management System, 1979. PostgreSQL manual, Using
EXPLAIN. SQLite manual, EXPLAIN QUERY PLAN.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

/// A scan with what surrounds it.
struct Scan<'a> {
    node: &'a PlanNode,
    /// Something above may stop it early.
    stops_early: bool,
    /// It stands inside a loop and so runs more than once.
    repeated: bool,
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let plan = view.statement.plan.as_ref()?;
    let mut scans = Vec::new();
    collect(&plan.root, false, false, &mut scans);
    scans.iter().find_map(|scan| finding(context, view, scan))
}

fn collect<'a>(node: &'a PlanNode, stops_early: bool, repeated: bool, scans: &mut Vec<Scan<'a>>) {
    if reads_whole(node) {
        scans.push(Scan { node, stops_early, repeated });
    }
    let all_rows_first = matches!(node.operation, Operation::Sort | Operation::Aggregate | Operation::HashJoin | Operation::Modify);
    let stops = (stops_early || node.operation == Operation::Limit) && !all_rows_first;
    let depends = node.operation == Operation::CorrelatedSubquery;
    for (position, child) in node.children.iter().enumerate() {
        let inner = node.operation == Operation::NestedLoop && position > 0;
        let once = matches!(child.operation, Operation::Materialize | Operation::Subquery | Operation::CorrelatedSubquery);
        collect(child, stops, depends || (repeated || inner) && !once, scans);
    }
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, scan: &Scan<'_>) -> Option<Finding> {
    let table = context.collection(scan.node.collection.as_ref()?)?;
    let rows = context.rows_of(table).filter(|rows| *rows >= LARGE_ROWS)?;
    if uses_partial_index(scan.node, table)
        || scan.node.loops == Some(0.0)
        || scan.node.filter.as_deref().is_some_and(|filter| filter.contains("SubPlan"))
    {
        return None;
    }
    let looped = scan.repeated && scan.node.loops.is_none_or(|loops| loops > 1.0);
    let built = scan.node.operation == Operation::AutomaticIndex;
    let kept = kept_share(context, view, scan, table, rows);
    let few = kept.is_some_and(|share| share <= FEW);
    let tied = scan.node.filter.is_some() || is_tied(context, view, table);
    if !(few || built || looped && tied) || scan.stops_early && !read_many(scan.node) {
        return None;
    }
    let what = match (built, looped) {
        (true, _) => format!("builds an index on {} for each execution, reading all {rows:.0} rows", table.name),
        (false, true) => format!("reads {} as a whole, {rows:.0} rows, again and again", table.name),
        (false, false) => format!("reads all {rows:.0} rows of {} to keep about {:.0}", table.name, (kept.unwrap_or(0.0) * rows).max(1.0)),
    };
    let executed = view.was_executed();
    let mut finding = view
        .finding(format!("{} {what}.", view.title()))
        .graded(if executed { Grade::Observed } else { Grade::Planned })
        .evidence(Evidence::text("plan node", scan.node.label.clone(), "plan"))
        .risks(if looped || built { 0.35 } else { 0.25 });
    if let Some(quantity) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows", quantity, Unit::Rows));
    }
    if let Some(share) = kept {
        finding = finding.evidence(Evidence::estimated("share of rows kept", share, Unit::Share, "plan and statistics"));
    }
    if let Some(filter) = &scan.node.filter {
        finding = finding.evidence(Evidence::text("filter", filter.clone(), "plan"));
    }
    Some(finding)
}

/// Whether the statement compares a column of the table with one of another table.
fn is_tied(context: &Context<'_>, view: &StatementView<'_>, table: &Collection) -> bool {
    let joins = |predicate: &Predicate| matches!(predicate.kind, PredicateKind::Join(_, true));
    view.shape.blocks.iter().any(|block| conditions_on(context, block, table).any(joins))
}

/// Whether the executed scan read many rows although something may stop it; not known to have, without execution.
fn read_many(node: &PlanNode) -> bool {
    let read = node.rows_actual.zip(node.loops).map(|(rows, loops)| (rows + node.rows_removed.unwrap_or(0.0)) * loops);
    read.is_some_and(|read| read >= LARGE_ROWS)
}

/// The share of the table's rows that its conditions keep: seen, else estimated by the planner, else by distinct values.
fn kept_share(context: &Context<'_>, view: &StatementView<'_>, scan: &Scan<'_>, table: &Collection, rows: f64) -> Option<f64> {
    let node = scan.node;
    if let (Some(kept), true) = (node.rows_actual, node.filter.is_some()) {
        let read = kept + node.rows_removed.unwrap_or(0.0);
        return (read > 0.0).then(|| kept / read);
    }
    // PostgreSQL's plans show what is filtered at a scan: without a filter all rows are needed there.
    if context.engine() == Engine::Postgresql && node.filter.is_none() {
        return None;
    }
    let estimate = node.rows_estimated.filter(|_| node.filter.is_some()).map(|kept| kept / rows);
    estimate.or_else(|| {
        let shares = view.shape.blocks.iter().flat_map(|block| block_shares(context, block, table));
        shares.min_by(f64::total_cmp)
    })
}

/// What each condition of a block on the table keeps, as far as its column's values say.
fn block_shares<'b>(context: &'b Context<'_>, block: &'b Block, table: &'b Collection) -> impl Iterator<Item = f64> {
    // `IS NULL` on the optional side of an outer join asks for rows without partner, not for NULLs.
    let plain = |predicate: &&Predicate| block.joins.is_empty() || predicate.kind != PredicateKind::NullTest;
    conditions_on(context, block, table).filter(plain).filter_map(|predicate| share_of(table, predicate))
}

fn share_of(table: &Collection, predicate: &Predicate) -> Option<f64> {
    let column = field(table, &predicate.column.column)?;
    if predicate.negated {
        return None;
    }
    match (&predicate.kind, &predicate.operand) {
        (PredicateKind::Equality, Operand::Literal(value)) => Some(common_share(column, value).unwrap_or(1.0 / distinct(table, column)?)),
        (PredicateKind::Equality, Operand::Parameter) => Some(1.0 / distinct(table, column)?),
        (PredicateKind::In(Some(count)), _) => Some(*count as f64 / distinct(table, column)?),
        (PredicateKind::NullTest, _) => null_share(column),
        _ => None,
    }
}

fn common_share(column: &Field, value: &str) -> Option<f64> {
    let wanted = value.trim_matches('\'');
    column.statistics.as_ref()?.common.iter().find(|common| common.value == wanted).map(|common| common.share)
}

/// Distinct values of a column: by the planner's statistics, by reading it, or as the leading column of an index or key.
fn distinct(table: &Collection, column: &Field) -> Option<f64> {
    let statistics = column.statistics.as_ref().and_then(|statistics| statistics.distinct);
    let read = || column.values.as_ref().filter(|values| values.complete)?.distinct.map(|count| count as f64);
    let leading = || {
        let index = table.indexes.iter().find(|index| index.leading_columns().first() == Some(&column.name.as_str()))?;
        index.prefix_distinct.first().copied()
    };
    statistics.or_else(read).or_else(leading).filter(|count| *count >= 1.0)
}

fn null_share(column: &Field) -> Option<f64> {
    let read = column.values.as_ref().filter(|values| values.rows_read > 0).map(|values| values.nulls as f64 / values.rows_read as f64);
    column.statistics.as_ref().and_then(|statistics| statistics.null_share).or(read)
}
