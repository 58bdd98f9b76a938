//! `query/order-by-random`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::shape::Block;

use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/order-by-random",
    title: "Random rows by sorting all of them",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`ORDER BY random()` (`rand()`) over a table that is not small and of which no condition picks few rows by an index.

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO product (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'Product ' || i FROM n;
-- workload
SELECT id, name FROM product ORDER BY random() LIMIT 6;
```

```sql quiet
CREATE TABLE product (id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL);
CREATE INDEX product_category ON product (category_id);
CREATE TABLE slogan (id INTEGER PRIMARY KEY, words TEXT NOT NULL);
INSERT INTO product (id, category_id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i % 500 FROM n;
INSERT INTO slogan (id, words) VALUES (1, 'Buy'), (2, 'Now');
-- workload
SELECT words FROM slogan ORDER BY random() LIMIT 1;
SELECT id FROM product WHERE category_id = 7 ORDER BY random() LIMIT 3;
```

## Why it matters
Each row gets a random number and all of them are sorted, to keep a handful.

## When not to follow
Jobs that draw a sample once, where it must be exactly uniform.

## Fix
Pick random keys: `WHERE id >= ?` with a random number of the application, in the key's order. PostgreSQL: `TABLESAMPLE SYSTEM`,
or tsm_system_rows. Or shuffle a list of keys that the application keeps.

## How we verify
Read from the statement's text and the table's rows.

## References
PostgreSQL manual, SELECT, TABLESAMPLE; tsm_system_rows. B. Karwin, SQL Antipatterns, chapter Random Selection.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| view.shape.blocks.iter().find_map(|block| finding(context, view, block))).collect()
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block) -> Option<Finding> {
    if !block.order_by_random {
        return None;
    }
    let tables = block.sources.iter().filter_map(|source| context.table(source.table.as_ref()?));
    let table = tables.into_iter().find(|table| !context.is_small(table) && !context.is_narrowed(block, table, None))?;
    let message = format!("{} sorts all rows of {} by a random number to keep a few.", view.title(), table.name);
    let mut finding = view.finding(message).graded(Grade::Inferred).risks(0.2);
    if let Some(rows) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows", rows, Unit::Rows));
    }
    Some(finding)
}
