//! `query/n-plus-one`.

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::shape::Predicate;
use dbwright_sql::{PredicateKind, StatementKind};

use crate::context::access::conditions_on;
use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/n-plus-one",
    title: "One query for each row of another",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Rows a call of the first query from which asking for each is worth a join.
const ROWS_A_CALL: f64 = 3.0;
/// Calls of the second from which the match of the numbers is no chance.
const FEWEST_CALLS: f64 = 1000.0;
/// How far the calls of the second may differ from the rows of the first.
const TOLERANCE: f64 = 0.03;

const DOCS: &str = r#"
## Finds
Pairs of queries of one role, the second a look-up by one column that refers to the first one's table or is referred to by it, and
called as often (within three in a hundred) as the first returned rows. Only from counted calls and rows, at least 1,000.

```facts finds postgresql
{"catalog": {"collections": [
   {"name": {"schema": "public", "name": "author"}, "kind": "table", "fields": [{"name": "id", "family": "integer"}, {"name": "name", "family": "text"}],
    "keys": [{"name": "author_pkey", "columns": ["id"], "primary": true}], "storage": {"rows": {"value": 900, "exactness": "estimated", "source": "pg_class.reltuples"}}},
   {"name": {"schema": "public", "name": "book"}, "kind": "table", "fields": [{"name": "id", "family": "integer"}, {"name": "author_id", "family": "integer"}, {"name": "title", "family": "text"}],
    "keys": [{"name": "book_pkey", "columns": ["id"], "primary": true}],
    "references": [{"name": "book_author", "columns": ["author_id"], "target": {"schema": "public", "name": "author"}, "target_columns": ["id"], "validated": true, "enforced": true}],
    "indexes": [{"name": "book_author_idx", "method": "btree", "valid": true, "parts": [{"column": "author_id"}]}],
    "storage": {"rows": {"value": 9000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]},
 "workload": {"source": "statistics", "statements": [
   {"text": "SELECT id, title, author_id FROM book WHERE title LIKE $1 ORDER BY title LIMIT $2", "calls": 1000, "rows": 20000, "total_ms": 900, "user": "app"},
   {"text": "SELECT name FROM author WHERE id = $1", "calls": 19900, "rows": 19900, "total_ms": 800, "user": "app"}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [
   {"name": {"schema": "public", "name": "author"}, "kind": "table", "fields": [{"name": "id", "family": "integer"}, {"name": "name", "family": "text"}],
    "keys": [{"name": "author_pkey", "columns": ["id"], "primary": true}], "storage": {"rows": {"value": 900, "exactness": "estimated", "source": "pg_class.reltuples"}}},
   {"name": {"schema": "public", "name": "book"}, "kind": "table", "fields": [{"name": "id", "family": "integer"}, {"name": "author_id", "family": "integer"}, {"name": "title", "family": "text"}],
    "keys": [{"name": "book_pkey", "columns": ["id"], "primary": true}],
    "references": [{"name": "book_author", "columns": ["author_id"], "target": {"schema": "public", "name": "author"}, "target_columns": ["id"], "validated": true, "enforced": true}],
    "indexes": [{"name": "book_author_idx", "method": "btree", "valid": true, "parts": [{"column": "author_id"}]}],
    "storage": {"rows": {"value": 9000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]},
 "workload": {"source": "statistics", "statements": [
   {"text": "SELECT id, title, author_id FROM book WHERE title LIKE $1 ORDER BY title LIMIT $2", "calls": 1000, "rows": 20000, "total_ms": 900, "user": "app"},
   {"text": "SELECT name FROM author WHERE id = $1", "calls": 5100, "rows": 5100, "total_ms": 200, "user": "app"}]}}
```

## Why it matters
A list of twenty rows takes twenty-one queries: each is fast, and together they wait for the network twenty times. On the
database's side no single statement stands out, so it goes unnoticed.

## When not to follow
Where the two numbers agree by chance: look into the application before changing it.

## Fix
Fetch both with one join, or the second for all rows at once (`WHERE id = ANY ($1)`, in mappers "eager loading").

## How we verify
From the counted calls and rows of both statements. After the change the second one's calls fall to the first one's.

## References
M. Fowler, Patterns of Enterprise Application Architecture, Lazy Load (ripple loading).
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let statements = context.statements();
    let looked: Vec<(&StatementView<'_>, &Collection)> =
        statements.iter().filter_map(|view| Some((view, look_up(context, view)?))).collect();
    looked.into_iter().filter_map(|(view, table)| finding(context, view, table, statements)).collect()
}

/// The table in which the statement looks rows up by one column, if that is all it does.
fn look_up<'a>(context: &Context<'a>, view: &StatementView<'_>) -> Option<&'a Collection> {
    let main = view.main().filter(|_| view.shape.kind == StatementKind::Select && view.shape.blocks.len() == 1)?;
    let [source] = main.sources.as_slice() else { return None };
    let often = view.statement.calls.is_some_and(|calls| calls >= FEWEST_CALLS);
    let table = context.table(source.table.as_ref()?)?;
    let mut conditions = conditions_on(context, main, table);
    let equal = |predicate: &Predicate| predicate.kind == PredicateKind::Equality && !predicate.negated;
    let single = conditions.next().is_some_and(equal) && conditions.next().is_none();
    (often && single).then_some(table)
}

fn finding(context: &Context<'_>, second: &StatementView<'_>, table: &Collection, all: &[StatementView<'_>]) -> Option<Finding> {
    let calls = second.statement.calls?;
    let column = &second.main()?.predicates.first()?.column.column;
    let fits = |first: &&StatementView<'_>| {
        let rows = first.statement.rows.unwrap_or(0.0);
        let lists = first.rows_a_call().is_some_and(|rows| rows >= ROWS_A_CALL) && first.shape.kind == StatementKind::Select;
        let same_role = first.statement.user == second.statement.user && !std::ptr::eq(*first, second);
        lists && same_role && (calls - rows).abs() <= rows * TOLERANCE && related(context, first, table, column)
    };
    let mut matching = all.iter().filter(fits);
    let first = matching.next().filter(|_| matching.next().is_none())?;
    let rows = first.statement.rows?;
    let message = format!(
        "{} is called {calls:.0} times, once for each of the {rows:.0} rows that {} returned.",
        second.title(),
        lower_first(&first.title())
    );
    let finding = second
        .finding(message)
        .graded(Grade::Inferred)
        .evidence(Evidence::measured("rows of the first query", rows, Unit::Rows, "workload"))
        .evidence(Evidence::text("first query", first.statement.text.chars().take(300).collect::<String>(), "workload"));
    Some(finding.risks(0.15))
}

/// Whether a foreign key ties the column looked up to a table of the first query, either way.
fn related(context: &Context<'_>, first: &StatementView<'_>, table: &Collection, column: &str) -> bool {
    first.shape.tables_read().filter_map(|name| context.table(name)).any(|other| {
        let away = table.references.iter().any(|reference| reference.target == other.name && reference.columns == [column]);
        let back = other.references.iter().any(|reference| reference.target == table.name && reference.target_columns == [column]);
        away || back
    })
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}
