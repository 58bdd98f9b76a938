//! `query/cartesian-join`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, JoinKind, Operand};

use crate::context::tables::SMALL_TABLE_ROWS;
use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/cartesian-join",
    title: "Tables joined without a condition",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Tables in one FROM that no condition ties together, directly or through others, when the rows of the product are not few.
Quiet are `CROSS JOIN` written out, tables of which a key picks one row, and tables that are compared with the same value.

```sql finds
CREATE TABLE coupon (code TEXT PRIMARY KEY, percent INTEGER NOT NULL);
CREATE TABLE supplier (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO coupon (code, percent) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT 'C' || i, 5 FROM n;
INSERT INTO supplier (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT i, 'S' || i FROM n;
-- workload
SELECT c.code, s.name FROM coupon AS c, supplier AS s WHERE c.percent > 2;
```

```sql quiet
CREATE TABLE coupon (code TEXT PRIMARY KEY, percent INTEGER NOT NULL);
CREATE TABLE supplier (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO coupon (code, percent) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT 'C' || i, 5 FROM n;
INSERT INTO supplier (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT i, 'S' || i FROM n;
-- workload
SELECT c.code, s.name FROM coupon AS c CROSS JOIN supplier AS s;
SELECT c.code, s.name FROM coupon AS c, supplier AS s WHERE s.id = 7;
SELECT c.code, s.name FROM coupon AS c, supplier AS s WHERE c.code = s.name;
```

## Why it matters
Every row of one is paired with every row of the other: a thousand times a thousand rows are a million, nearly all of them
without meaning. Nearly always a join condition was forgotten.

## When not to follow
Where all pairs are wanted: write `CROSS JOIN`, so that the next reader knows.

## Fix
Add the condition, or make two statements of it.

## How we verify
Read from the statement's text: its tables as nodes, its conditions as edges, and the parts that are not connected.

## References
C. J. Date, An Introduction to Database Systems, Relational Algebra. PostgreSQL manual, Joined Tables.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| view.shape.blocks.iter().find_map(|block| finding(context, view, block))).collect()
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block) -> Option<Finding> {
    let loose: Vec<&Collection> =
        block.cartesian.iter().filter(|alias| !is_meant(block, alias)).filter_map(|alias| table_of(context, block, alias)).collect();
    let other = loose.iter().find(|table| !context.asks_one_row(block, table) && !shares_a_value(context, block, table))?;
    let rest: Vec<&Collection> = block.sources.iter().filter_map(|source| context.table(source.table.as_ref()?)).collect();
    if rest.len() < block.sources.len() {
        return None;
    }
    let tied: Vec<&&Collection> = rest.iter().filter(|table| !loose.iter().any(|one| std::ptr::eq(*one, **table))).collect();
    if !tied.is_empty() && tied.iter().all(|table| context.asks_one_row(block, table)) {
        return None;
    }
    let pairs = pairs(context, block, &rest);
    if pairs.is_some_and(|pairs| pairs < SMALL_TABLE_ROWS) {
        return None;
    }
    let message =
        format!("{} pairs every row of {} with every row of the other tables: no condition ties it to them.", view.title(), other.name);
    let mut finding = view.finding(message).graded(Grade::Inferred).risks(0.5);
    if let Some(pairs) = pairs {
        finding = finding.evidence(Evidence::estimated("pairs", pairs, Unit::Rows, "product of the tables' rows"));
    }
    Some(finding)
}

fn is_meant(block: &Block, alias: &str) -> bool {
    block.joins.iter().any(|join| join.right == alias && matches!(join.kind, JoinKind::Cross | JoinKind::Other))
}

fn table_of<'a>(context: &Context<'a>, block: &Block, alias: &str) -> Option<&'a Collection> {
    let source = block.sources.iter().find(|source| source.alias == alias)?;
    context.table(source.table.as_ref()?)
}

/// Whether a column of the table is compared with the very value that a column of another table is compared with.
fn shares_a_value(context: &Context<'_>, block: &Block, table: &Collection) -> bool {
    let fixed = |own: bool| {
        block.predicates.iter().filter_map(move |predicate| {
            let found = context.table(predicate.column.table.as_ref()?)?;
            let equal = predicate.kind == PredicateKind::Equality && !predicate.negated && !predicate.alternative;
            match &predicate.operand {
                Operand::Literal(value) if equal && std::ptr::eq(found, table) == own => Some((&predicate.column.column, value.as_str())),
                // Where literals are hidden, equal columns are taken to be compared with equal values.
                Operand::Parameter if equal && std::ptr::eq(found, table) == own => Some((&predicate.column.column, "?")),
                _ => None,
            }
        })
    };
    fixed(true).any(|mine| fixed(false).any(|theirs| mine == theirs))
}

/// Rows of the product, less those that equality with a value leaves out; none when a table's rows are not known.
fn pairs(context: &Context<'_>, block: &Block, tables: &[&Collection]) -> Option<f64> {
    tables.iter().map(|table| if context.asks_one_row(block, table) { Some(1.0) } else { context.rows_of(table) }).product()
}
