//! `query/offset-pagination`.

use dbwright_model::plan::{Operation, PlanNode};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::shape;
use dbwright_sql::shape::Block;

use crate::context::tables::holds_a_key;
use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/offset-pagination",
    title: "Deep page by OFFSET",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

/// Rows skipped from which a page costs noticeably more than the first one.
const DEEP: f64 = 1000.0;
/// Samples of a statement that are looked through.
const SAMPLES: usize = 32;

const DOCS: &str = r#"
## Finds
Statements that skip 1,000 rows or more by OFFSET, as their text or one of their samples says, or as their executed plan
shows when the number is a parameter.

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO product (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'Product ' || i FROM n;
-- workload
SELECT id, name FROM product ORDER BY id LIMIT 24 OFFSET 2400;
```

```sql quiet
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO product (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'Product ' || i FROM n;
-- workload
SELECT id, name FROM product ORDER BY id LIMIT 24 OFFSET 48;
SELECT id, name FROM product WHERE id > 2400 ORDER BY id LIMIT 24;
```

## Why it matters
The engine makes all rows before the page, in order, and throws them away: the hundredth page costs a hundred times the
first. Rows that are inserted or deleted meanwhile make readers see one twice or miss it.

## When not to follow
Where people really jump to page 500 and the list is short enough for it.

## Fix
Remember where the last page ended and go on from there: `WHERE (placed_at, id) < (last_placed_at, last_id) ORDER BY placed_at
DESC, id DESC LIMIT 24`, with an index in that order.

## How we verify
Read from the text, the samples and the executed plan. After the change the page costs the same at any depth.

## References
M. Winand, SQL Performance Explained, Partial Results, Paging Through Results. PostgreSQL manual, LIMIT and OFFSET.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let main = view.main().filter(|main| main.offset.is_some())?;
    let (skipped, source) = skipped(context, view, main).filter(|(rows, _)| *rows >= DEEP)?;
    let message = format!("{} skips {skipped:.0} rows by OFFSET: all of them are made and thrown away for each page.", view.title());
    let observed = source == "executed plan";
    let mut finding = view
        .finding(message)
        .graded(if observed { Grade::Observed } else { Grade::Inferred })
        .evidence(Evidence::measured("rows skipped", skipped, Unit::Rows, source))
        .risks(0.2);
    if let Some(form) = keyset(context, main) {
        finding = finding.evidence(Evidence::text("condition instead of OFFSET", form, "order of the statement"));
    }
    Some(finding)
}

/// The most rows that a known execution skipped, and how that is known.
fn skipped(context: &Context<'_>, view: &StatementView<'_>, main: &Block) -> Option<(f64, &'static str)> {
    let written = number(main.offset.as_deref());
    let samples = view.statement.samples.iter().take(SAMPLES);
    let sampled = samples.filter_map(|sample| number(shape(&sample.text, context.engine()).main()?.offset.as_deref()));
    let most = written.into_iter().chain(sampled).fold(None, |most: Option<f64>, rows| Some(most.map_or(rows, |before| before.max(rows))));
    most.map(|rows| (rows, "statement")).or_else(|| Some((planned(view)?, "executed plan")))
}

fn number(text: Option<&str>) -> Option<f64> {
    text?.trim().parse::<u64>().ok().map(|rows| rows as f64)
}

/// Rows that came to the topmost LIMIT and did not leave it.
fn planned(view: &StatementView<'_>) -> Option<f64> {
    if !view.was_executed() {
        return None;
    }
    let limit: &PlanNode = view.plan_nodes().into_iter().find(|node| node.operation == Operation::Limit)?;
    let child = limit.children.first()?;
    Some(child.rows_actual? * child.loops.unwrap_or(1.0) - limit.rows_actual? * limit.loops.unwrap_or(1.0))
}

/// The condition that goes on after the last row, where the order is that of a key and runs one way.
fn keyset(context: &Context<'_>, main: &Block) -> Option<String> {
    let [source] = main.sources.as_slice() else { return None };
    let table = context.table(source.table.as_ref()?)?;
    let first = main.order_by.first()?;
    let columns: Option<Vec<&str>> = main.order_by.iter().map(|item| item.column.as_ref().map(|column| column.column.as_str())).collect();
    let columns = columns?;
    let one_way = main.order_by.iter().all(|item| item.descending == first.descending && item.nulls_first.is_none());
    if !one_way || !holds_a_key(table, &columns) {
        return None;
    }
    let last: Vec<String> = columns.iter().map(|column| format!(":last_{column}")).collect();
    let sign = if first.descending { '<' } else { '>' };
    Some(match columns.as_slice() {
        [only] => format!("{only} {sign} {}", last.join("")),
        several => format!("({}) {sign} ({})", several.join(", "), last.join(", ")),
    })
}
