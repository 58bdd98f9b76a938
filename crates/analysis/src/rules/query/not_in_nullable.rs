//! `query/not-in-nullable`.

use dbwright_model::catalog::Field;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, ColumnRef, Role};

use crate::context::{Context, StatementView};
use crate::rewrite;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/not-in-nullable",
    title: "NOT IN over a column that may hold NULL",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`NOT IN (SELECT column …)` where the column may hold NULL and the subquery does not exclude it. An error where NULLs are known
to be there: then the condition is never true.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id));
-- workload
SELECT count(*) FROM customer WHERE id NOT IN (SELECT customer_id FROM review);
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id), product_id INTEGER NOT NULL);
-- workload
SELECT count(*) FROM customer WHERE id NOT IN (SELECT product_id FROM review);
SELECT count(*) FROM customer WHERE id NOT IN (SELECT customer_id FROM review WHERE customer_id IS NOT NULL);
SELECT count(*) FROM customer WHERE id IN (SELECT customer_id FROM review);
SELECT count(*) FROM customer AS c WHERE NOT EXISTS (SELECT 1 FROM review AS r WHERE r.customer_id = c.id);
```

## Why it matters
`7 NOT IN (1, NULL)` is neither true nor false but unknown, since the NULL might be 7. A single NULL in the subquery makes the
whole result empty, without an error. Because of this rule PostgreSQL can't make an anti join of it either.

## When not to follow
Where the column holds no NULL and never will: then declare it NOT NULL.

## Fix
`NOT EXISTS (SELECT 1 FROM review AS r WHERE r.customer_id = c.id)`, which asks what was meant and can be planned as an anti
join. Or exclude NULL in the subquery.

## How we verify
Read from the statement's text, the column's declaration and the count of NULLs in its statistics or values.

## References
C. J. Date, SQL and Relational Theory, chapter on nulls. PostgreSQL manual, Subquery Expressions, NOT IN.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| view.shape.blocks.iter().find_map(|block| finding(context, view, block))).collect()
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block) -> Option<Finding> {
    let Role::In { negated: true, selected: Some(selected), .. } = &block.role else { return None };
    let (table, field) = context.column(selected)?;
    if !context.is_nullable(table, field) || excludes_null(block, selected) {
        return None;
    }
    let column = table.name.with_columns(&[&field.name]);
    let nulls = null_share(field);
    let message = match nulls {
        Some((share, _)) if share > 0.0 => {
            format!("{} asks NOT IN over {column}, which holds NULLs: the condition is never true.", view.title())
        }
        _ => format!("{} asks NOT IN over {column}, which may hold NULL: one NULL makes the result empty.", view.title()),
    };
    let mut finding = view.finding(message).graded(Grade::Inferred).risks(0.5);
    if let Some((share, source)) = nulls {
        finding = finding.evidence(Evidence::estimated("share of NULLs", share, Unit::Share, source));
        if share > 0.0 {
            finding = finding.severe(Severity::Error).graded(Grade::Observed).risks(0.7);
        }
    }
    Some(finding.change_if(rewrite::not_exists(context, view, block).or_else(|| rewrite::without_nulls(context, view, block))))
}

/// Whether the subquery keeps rows only where the column has a value.
fn excludes_null(block: &Block, selected: &ColumnRef) -> bool {
    block.predicates.iter().filter(|predicate| !predicate.alternative && predicate.column == *selected).any(|predicate| {
        match &predicate.kind {
            PredicateKind::NullTest => predicate.negated,
            PredicateKind::Expression(_) | PredicateKind::Other(_) => false,
            _ => true,
        }
    })
}

/// The share of NULLs among the values, where known.
fn null_share(field: &Field) -> Option<(f64, &'static str)> {
    let read = field
        .values
        .as_ref()
        .filter(|values| values.rows_read > 0)
        .map(|values| (values.nulls as f64 / values.rows_read as f64, "rows read"));
    read.or_else(|| Some((field.statistics.as_ref()?.null_share?, "planner statistics")))
}
