//! `query/outer-join-nullified`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity};

use crate::context::{Context, StatementView};
use crate::rewrite;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/outer-join-nullified",
    title: "WHERE turns an outer join into an inner one",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
LEFT and RIGHT joins whose optional side must have a value by a condition of WHERE, so that the rows without partner, for which
the join was made an outer one, are dropped again.

```sql finds
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE booking (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, cents INTEGER NOT NULL);
-- workload
SELECT a.id, b.cents FROM account AS a LEFT JOIN booking AS b ON b.account_id = a.id WHERE b.cents > 10;
```

```sql quiet
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE booking (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, cents INTEGER NOT NULL);
-- workload
SELECT a.id FROM account AS a LEFT JOIN booking AS b ON b.account_id = a.id WHERE b.id IS NULL;
SELECT a.id, b.cents FROM account AS a LEFT JOIN booking AS b ON b.account_id = a.id AND b.cents > 10;
SELECT a.id, b.cents FROM account AS a LEFT JOIN booking AS b ON b.account_id = a.id WHERE a.name = 'x' OR b.cents > 10;
```

## Why it matters
Either the condition belongs to the join and the result lacks rows, or an inner join was meant and says something else to the next
reader. Older planners are also kept from the better join order.

## When not to follow
Statements that a generator makes from parts.

## Fix
If rows without partner are wanted, move the condition into ON. If not, write JOIN: the result is the same.

## How we verify
Read from the statement's text: the condition is not true for NULL.

## References
C. Galindo-Legaria and A. Rosenthal, Outerjoin Simplification and Reordering for Query Optimization, 1997.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| finding(context, view)).collect()
}

fn finding(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let block = view.shape.blocks.iter().find(|block| !block.nullified.is_empty())?;
    let column = block.nullified.first()?;
    let message = format!("{} joins outwards and then demands a value in {column}: rows without partner are dropped again.", view.title());
    let finding = view.finding(message).graded(Grade::Inferred).evidence(Evidence::text(
        "column that must have a value",
        column.to_string(),
        "statement",
    ));
    Some(finding.risks(0.25).change_if(rewrite::inner_join(context, view)))
}
