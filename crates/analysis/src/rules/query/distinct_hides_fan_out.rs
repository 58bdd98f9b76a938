//! `query/distinct-hides-fan-out`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity};
use dbwright_sql::shape::{Block, Clause, Operand};
use dbwright_sql::{PredicateKind, StatementKind};

use crate::context::tables::holds_a_key;
use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/distinct-hides-fan-out",
    title: "DISTINCT removes rows that only the join made",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`SELECT DISTINCT` with columns of one table only, its key among them, joined with another table of which several rows can belong
to one: the duplicates that are removed come from the join alone. A remark where the key is not selected.

```sql finds
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, stars INTEGER NOT NULL);
-- workload
SELECT DISTINCT p.id, p.placed_at FROM purchase AS p JOIN review AS r ON r.customer_id = p.customer_id WHERE r.stars > 3;
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
-- workload
SELECT DISTINCT city FROM customer;
SELECT DISTINCT c.city, p.placed_at FROM purchase AS p JOIN customer AS c ON c.id = p.customer_id;
SELECT p.id FROM purchase AS p WHERE EXISTS (SELECT 1 FROM customer AS c WHERE c.id = p.customer_id);
```

## Why it matters
The join makes one row for each partner, and DISTINCT sorts or hashes them all to get back to what was there before.

## When not to follow
Where the joined table has one partner nearly always, the cost is small.

## Fix
Ask `EXISTS` for what is only a condition: the search stops at the first partner and no duplicate is made.

## How we verify
Read from the statement's text and the keys of the catalog: the joined columns hold no key of the other table.

## References
M. Stonebraker and others on semi-joins in Readings in Database Systems. PostgreSQL manual, Subquery Expressions, EXISTS.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let main = view.main().filter(|main| view.shape.kind == StatementKind::Select && view.shape.blocks.len() == 1 && hides(main))?;
    let tables: Option<Vec<&Collection>> = main.sources.iter().map(|source| context.table(source.table.as_ref()?)).collect();
    let tables = tables?;
    let selected: Vec<_> = view.shape.columns.iter().filter(|used| used.uses.selected).collect();
    let kept = context.table(selected.first()?.column.table.as_ref()?)?;
    let of_kept = |column: &dbwright_sql::shape::ColumnRef| {
        column.table.as_ref().and_then(|name| context.table(name)).is_some_and(|table| std::ptr::eq(table, kept))
    };
    let once = tables.iter().filter(|table| std::ptr::eq(**table, kept)).count() == 1;
    if !once || !selected.iter().all(|used| of_kept(&used.column)) {
        return None;
    }
    let many = tables.iter().find(|table| !std::ptr::eq(**table, kept) && fans_out(context, main, table))?;
    let names: Vec<&str> = selected.iter().map(|used| used.column.column.as_str()).collect();
    let keyed = holds_a_key(kept, &names);
    let message = match keyed {
        true => format!(
            "{} joins {} only to test for it, and removes by DISTINCT the copies of {} that the join made.",
            view.title(),
            many.name,
            kept.name
        ),
        false => {
            format!("{} joins {} without selecting from it, and removes by DISTINCT what the join multiplied.", view.title(), many.name)
        }
    };
    let finding = view.finding(message).graded(Grade::Inferred).evidence(Evidence::text(
        "table that multiplies",
        many.name.to_string(),
        "statement and keys",
    ));
    Some(if keyed { finding.risks(0.15) } else { finding.severe(Severity::Info).risks(0.05) })
}

fn hides(main: &Block) -> bool {
    main.select.distinct
        && !main.select.star
        && !main.select.window
        && main.select.aggregates.is_empty()
        && main.group_by.is_empty()
        && main.sources.len() > 1
}

/// Whether several rows of the table can belong to one row of the others: what ties it holds no key of it.
fn fans_out(context: &Context<'_>, main: &Block, table: &Collection) -> bool {
    let own = |name: &Option<dbwright_sql::TableName>| {
        name.as_ref().and_then(|name| context.table(name)).is_some_and(|found| std::ptr::eq(found, table))
    };
    let mut tied: Vec<&str> = Vec::new();
    for predicate in
        main.predicates.iter().filter(|predicate| !predicate.alternative && !predicate.negated && predicate.clause != Clause::Having)
    {
        match &predicate.kind {
            PredicateKind::Join(other, true) => {
                tied.extend(own(&predicate.column.table).then_some(predicate.column.column.as_str()));
                tied.extend(own(&other.table).then_some(other.column.as_str()));
            }
            PredicateKind::Equality if own(&predicate.column.table) && predicate.operand != Operand::Null => {
                tied.push(&predicate.column.column)
            }
            _ => {}
        }
    }
    !tied.is_empty() && !holds_a_key(table, &tied)
}
