//! `query/nondeterministic-group-by`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, Severity};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, ColumnRef};

use crate::context::tables::holds_a_key;
use crate::context::{Context, StatementView};
use crate::rule::Rule;

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/nondeterministic-group-by",
    title: "Column from any row of its group",
    severity: Severity::Error,
    engines: &[Engine::Sqlite, Engine::Mysql, Engine::Mariadb],
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Columns selected beside GROUP BY or aggregates that are neither grouped nor aggregated nor decided by what is grouped. PostgreSQL
refuses such statements, and so do MySQL and MariaDB with ONLY_FULL_GROUP_BY. Quiet are columns of a table whose key is grouped,
also through a join with it, and SQLite's columns beside a single min() or max(), which come from the row of that value.

```sql finds
CREATE TABLE booking (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, cents INTEGER NOT NULL, booked_on TEXT NOT NULL);
-- workload
SELECT account_id, booked_on, sum(cents) FROM booking GROUP BY account_id;
```

```sql quiet
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE booking (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, cents INTEGER NOT NULL, booked_on TEXT NOT NULL);
-- workload
SELECT a.id, a.name, sum(b.cents) FROM account AS a JOIN booking AS b ON b.account_id = a.id GROUP BY a.id;
SELECT a.name, sum(b.cents) FROM booking AS b JOIN account AS a ON b.account_id = a.id GROUP BY b.account_id;
SELECT account_id, booked_on, max(cents) FROM booking GROUP BY account_id;
SELECT account_id, max(booked_on), sum(cents) FROM booking GROUP BY account_id;
```

## Why it matters
The value comes from whichever row of the group the plan met first or last. It is right in tests, where groups are uniform, and
changes with the next index or version.

## When not to follow
Where all rows of a group hold the same value although no key says so: say so by min() or any_value().

## Fix
Group by the column too, or say which value is meant: min(), max(), or the row by a window function.

## How we verify
Read from the statement's text; what grouping decides follows from keys and equalities.

## References
ISO/IEC 9075-2, functional dependencies. MySQL manual, MySQL Handling of GROUP BY. SQLite manual, SELECT, Bare columns in an
aggregate query.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if is_refused(context) {
        return Vec::new();
    }
    context.statements().iter().filter_map(|view| view.shape.blocks.iter().find_map(|block| finding(context, view, block))).collect()
}

/// Whether the server refuses such statements: MySQL unless its mode is known to lack the word, MariaDB if it has it.
fn is_refused(context: &Context<'_>) -> bool {
    let strict = context.setting_text("sql_mode").map(|mode| mode.contains("only_full_group_by"));
    match context.engine() {
        Engine::Mysql => strict.unwrap_or(true),
        Engine::Mariadb => strict.unwrap_or(false),
        _ => false,
    }
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block) -> Option<Finding> {
    let extremes = block.select.aggregates.iter().filter(|name| matches!(name.as_str(), "min" | "max")).count();
    if context.engine() == Engine::Sqlite && extremes == 1 {
        return None;
    }
    let decided = decided(context, block);
    let column = block.ungrouped.iter().find(|column| column.table.is_some() && !is_decided(context, block, &decided, column))?;
    let message = format!("{} selects {column} from any row of its group: which value comes is left to chance.", view.title());
    let finding = view.finding(message).graded(Grade::Inferred).evidence(Evidence::text("column", column.to_string(), "statement"));
    Some(finding.risks(0.5))
}

/// The columns that have one value in each group: those grouped, those equal to a value, and those equal to one of these.
fn decided(context: &Context<'_>, block: &Block) -> Vec<ColumnRef> {
    let mut known: Vec<ColumnRef> = block.group_by.iter().filter_map(|item| item.column.clone()).collect();
    let plain = block.predicates.iter().filter(|predicate| !predicate.alternative && !predicate.negated);
    let plain: Vec<_> = plain.collect();
    known.extend(plain.iter().filter(|predicate| predicate.kind == PredicateKind::Equality).map(|predicate| predicate.column.clone()));
    loop {
        let before = known.len();
        for predicate in &plain {
            let PredicateKind::Join(other, true) = &predicate.kind else { continue };
            let (here, there) = (is_decided(context, block, &known, &predicate.column), is_decided(context, block, &known, other));
            if here && !known.contains(other) {
                known.push(other.clone());
            }
            if there && !known.contains(&predicate.column) {
                known.push(predicate.column.clone());
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

/// Whether the column is known, or its table's key is.
fn is_decided(context: &Context<'_>, block: &Block, known: &[ColumnRef], column: &ColumnRef) -> bool {
    if known.contains(column) {
        return true;
    }
    let Some(table) = column.table.as_ref().and_then(|name| context.table(name)) else { return false };
    let uses = block.sources.iter().filter(|source| source.table == column.table).count();
    uses == 1 && holds_a_key(table, &names_of(context, known, table))
}

fn names_of<'k>(context: &Context<'_>, known: &'k [ColumnRef], table: &Collection) -> Vec<&'k str> {
    let own =
        |column: &&ColumnRef| column.table.as_ref().and_then(|name| context.table(name)).is_some_and(|found| std::ptr::eq(found, table));
    known.iter().filter(own).map(|column| column.column.as_str()).collect()
}
