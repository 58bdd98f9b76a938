//! `query/or-across-columns`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, ColumnRef};

use crate::context::tables::leads_an_index;
use crate::context::{Access, Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/or-across-columns",
    title: "OR over different columns makes a scan of it",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Conditions `a = … OR b = …` over different columns of a table that is not small, because of which the plan reads the whole
table; without a plan, when one of the columns has no index and nothing else leads to few rows.

```sql finds
CREATE TABLE member (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, phone TEXT NOT NULL);
INSERT INTO member (id, email, phone) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'm' || i, 'p' || i FROM n;
-- workload
SELECT id FROM member WHERE email = 'm7' OR phone = 'p7';
```

```sql quiet
CREATE TABLE member (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, phone TEXT NOT NULL);
CREATE INDEX member_phone ON member (phone);
INSERT INTO member (id, email, phone) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'm' || i, 'p' || i FROM n;
-- workload
SELECT id FROM member WHERE email = 'm7' OR phone = 'p7';
SELECT id FROM member WHERE email = 'm7' OR email = 'm8';
```

## Why it matters
One index can't answer for two columns. Unless each alternative has its own index and the engine combines them, it reads all
rows and tests both.

## When not to follow
Where the alternatives together match most rows anyway.

## Fix
Give each column its index, so that the engine can combine them; or write each alternative as a query of its own and join them by
UNION, which removes rows found twice.

## How we verify
Read from the statement's text, the indexes and, where there is one, the plan. After the change the plan uses the indexes.

## References
PostgreSQL manual, Combining Multiple Indexes. SQLite manual, The Query Optimizer Overview, OR Optimizations. MySQL manual, Index
Merge Optimization.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    view.shape.blocks.iter().find_map(|block| block.or_across_columns.iter().find_map(|columns| finding(context, view, block, columns)))
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block, columns: &[ColumnRef]) -> Option<Finding> {
    let table = only_table(context, columns)?;
    let names: Vec<&str> = columns.iter().map(|column| column.column.as_str()).collect();
    let bare: Vec<&&str> = names.iter().filter(|name| !leads_an_index(table, name)).collect();
    let access = view.access_to(table);
    let scans = match access {
        Access::Whole(_) => true,
        Access::Index => false,
        Access::Unknown => !bare.is_empty(),
    };
    if !scans
        || !columns.iter().all(|column| could_be_looked_up(block, column))
        || context.is_small(table)
        || !table.kind.is_table()
        || context.is_narrowed(block, table, None)
    {
        return None;
    }
    let object = table.name.with_columns(&names);
    let message = match bare.first() {
        Some(name) => format!("{} asks for one or the other of {object}; {name} has no index, so every row is read.", view.title()),
        None => format!("{} asks for one or the other of {object}, and the plan reads every row although each has an index.", view.title()),
    };
    let planned = matches!(access, Access::Whole(_));
    let mut finding = view.finding(message).graded(if planned { Grade::Planned } else { Grade::Inferred }).risks(0.2);
    if let Some(rows) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows", rows, Unit::Rows));
    }
    Some(finding)
}

/// Whether an index on the column could serve its alternative: a pattern with an open beginning is another problem.
fn could_be_looked_up(block: &Block, column: &ColumnRef) -> bool {
    let served = |kind: &PredicateKind| {
        matches!(
            kind,
            PredicateKind::Equality
                | PredicateKind::In(_)
                | PredicateKind::InSubquery
                | PredicateKind::Range(_)
                | PredicateKind::Prefix
                | PredicateKind::NullTest
        )
    };
    block
        .predicates
        .iter()
        .any(|predicate| predicate.column == *column && predicate.alternative && !predicate.negated && served(&predicate.kind))
}

/// The table, if all columns are of one, and more than one column is there.
fn only_table<'a>(context: &Context<'a>, columns: &[ColumnRef]) -> Option<&'a Collection> {
    let first = columns.first()?;
    let same = columns.iter().all(|column| column.table == first.table);
    let several = columns.iter().any(|column| !column.column.eq_ignore_ascii_case(&first.column));
    (same && several).then(|| context.table(first.table.as_ref()?)).flatten()
}
