//! `query/redundant-union-distinct`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, ColumnUse, Operand, Role, SetKind};

use crate::context::tables::holds_a_key;
use crate::context::{Context, StatementView};
use crate::rewrite;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/redundant-union-distinct",
    title: "UNION removes duplicates that can't be",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`UNION` of two queries on one table whose conditions exclude each other, and that give the table's key: no row can come twice,
in one or in both.

```sql finds
CREATE TABLE purchase (id INTEGER PRIMARY KEY, status TEXT NOT NULL, placed_at TEXT NOT NULL);
-- workload
SELECT id, placed_at FROM purchase WHERE status = 'open' UNION SELECT id, placed_at FROM purchase WHERE status = 'returned';
```

```sql quiet
CREATE TABLE purchase (id INTEGER PRIMARY KEY, status TEXT NOT NULL, placed_at TEXT NOT NULL);
CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE TABLE supplier (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
-- workload
SELECT id, placed_at FROM purchase WHERE status = 'open' UNION ALL SELECT id, placed_at FROM purchase WHERE status = 'returned';
SELECT placed_at FROM purchase WHERE status = 'open' UNION SELECT placed_at FROM purchase WHERE status = 'returned';
SELECT email FROM customer UNION SELECT email FROM supplier;
```

## Why it matters
To remove duplicates all rows are sorted or hashed, and none can be given out before the last was read.

## When not to follow
There is no reason to keep it but habit.

## Fix
Write `UNION ALL`: the rows are the same, and the first ones come at once.

## How we verify
Proved from the statement's text and the catalog: the key is selected, and the same column is compared with different values.
After the change the results are equal.

## References
PostgreSQL manual, Combining Queries. G. N. Paulley and P.-Å. Larson, Exploiting Uniqueness in Query Optimization, 1994.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let main = view.main()?;
    let [operation] = main.set_operations.as_slice() else { return None };
    if operation.kind != SetKind::Union || operation.all {
        return None;
    }
    let sides: Vec<&Block> = view.shape.blocks.iter().filter(|block| block.role == Role::SetOperand).collect();
    let [one, two] = sides.as_slice() else { return None };
    let table = only_table(context, one).filter(|table| only_table(context, two).is_some_and(|other| std::ptr::eq(*table, other)))?;
    let apart = excluding(one, two)?;
    if view.shape.blocks.len() != 3 || !both_give_a_key(table, &view.shape.columns, one, two) {
        return None;
    }
    let message = format!("{} removes duplicates from two sets of rows of {} that {apart} keeps apart.", view.title(), table.name);
    let finding =
        view.finding(message).graded(Grade::Inferred).evidence(Evidence::text("column that tells the sides apart", apart, "statement"));
    Some(finding.risks(0.05).change_if(rewrite::union_all(context, view)))
}

fn only_table<'a>(context: &Context<'a>, side: &Block) -> Option<&'a Collection> {
    let [source] = side.sources.as_slice() else { return None };
    context.table(source.table.as_ref()?)
}

/// The column that both sides compare with different literals of one form.
fn excluding(one: &Block, two: &Block) -> Option<String> {
    let fixed = |side: &Block| -> Vec<(String, String)> {
        let equal = side
            .predicates
            .iter()
            .filter(|predicate| predicate.kind == PredicateKind::Equality && !predicate.negated && !predicate.alternative);
        let pairs = equal.filter_map(|predicate| match &predicate.operand {
            Operand::Literal(value) => Some((predicate.column.column.to_lowercase(), value.clone())),
            _ => None,
        });
        pairs.collect()
    };
    let others = fixed(two);
    let differ = |mine: &(String, String)| {
        others.iter().any(|other| other.0 == mine.0 && other.1.to_lowercase() != mine.1.to_lowercase() && alike(&other.1, &mine.1))
    };
    fixed(one).into_iter().find(differ).map(|(column, _)| column)
}

/// Two texts, or two whole numbers: `1` and `1.0`, or `1` and `'1'`, may be equal.
fn alike(one: &str, two: &str) -> bool {
    let text = |value: &str| value.starts_with('\'') && value.trim_end_matches('\'').trim_end() == value.trim_end_matches('\'');
    let whole = |value: &str| value.parse::<i64>().is_ok();
    text(one) && text(two) || whole(one) && whole(two)
}

/// Whether both sides select the same plain columns, a key among them: as many columns as items, on each side.
fn both_give_a_key(table: &Collection, columns: &[ColumnUse], one: &Block, two: &Block) -> bool {
    let selected: Vec<&str> = columns.iter().filter(|used| used.uses.selected).map(|used| used.column.column.as_str()).collect();
    let plain = |side: &Block| !side.select.star && side.select.items == selected.len() && side.limit.is_none();
    plain(one) && plain(two) && holds_a_key(table, &selected)
}
