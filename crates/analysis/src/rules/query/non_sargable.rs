//! `query/non-sargable`.

use dbwright_model::catalog::{Collection, CollectionKind, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, ObjectName, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, Clause, Operand, Predicate};

use crate::context::tables::{leads_an_index, usable_indexes};
use crate::context::{Access, Context, StatementView};
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/non-sargable",
    title: "Condition hides its column from every index",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Conditions that compare a function, cast or sum of a column with a value (`date(placed_at) = …`, `lower(email) = …`,
`price + 1 > …`), on a table that is not small, where no index has that expression and nothing else leads to few rows.

```sql finds
CREATE TABLE purchase (id INTEGER PRIMARY KEY, placed_at TEXT NOT NULL);
CREATE INDEX purchase_placed ON purchase (placed_at);
INSERT INTO purchase (id, placed_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, datetime('2026-01-01', '+' || i || ' minutes') FROM n;
-- workload
SELECT count(*) FROM purchase WHERE date(placed_at) = '2026-01-03';
```

```sql quiet
CREATE TABLE purchase (id INTEGER PRIMARY KEY, placed_at TEXT NOT NULL, email TEXT NOT NULL);
CREATE INDEX purchase_placed ON purchase (placed_at);
CREATE INDEX purchase_email ON purchase (lower(email));
INSERT INTO purchase (id, placed_at, email) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, datetime('2026-01-01', '+' || i || ' minutes'), 'A' || i FROM n;
-- workload
SELECT count(*) FROM purchase WHERE placed_at >= '2026-01-03' AND placed_at < date('2026-01-03', '+1 day');
SELECT id FROM purchase WHERE lower(email) = 'a77';
SELECT id FROM purchase WHERE id = 7 AND length(email) = 3;
```

## Why it matters
An index on the column is sorted by the column, not by what a function makes of it. So every row is read and the function
called for each, and the planner has no statistics of its results.

## When not to follow
Where most rows meet the condition anyway, or the table will stay small.

## Fix
Turn the condition round so that the column stands alone: a day is `placed_at >= '2026-01-03' AND placed_at < '2026-01-04'`.
Where that can't be, index the expression (PostgreSQL, SQLite, MySQL 8.0.13) or a generated column (MariaDB).

## How we verify
Read from the statement's text, the indexes and, where there is one, the plan. After the change the plan uses an index.

## References
P. G. Selinger and others, Access Path Selection in a Relational Database Management System, 1979 (sargable predicates).
PostgreSQL manual, Indexes on Expressions. SQLite manual, Indexes On Expressions. MySQL manual, Functional Key Parts.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    view.shape.blocks.iter().find_map(|block| block.predicates.iter().find_map(|predicate| finding(context, view, block, predicate)))
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block, predicate: &Predicate) -> Option<Finding> {
    let PredicateKind::Expression(expression) = &predicate.kind else { return None };
    let (table, field) = context.column(&predicate.column)?;
    let constant = match &predicate.operand {
        Operand::Literal(_) | Operand::Parameter => true,
        Operand::Expression(text) => !mentions_a_column(text, table),
        _ => false,
    };
    let access = view.access_to(table);
    if !constant || predicate.negated || predicate.alternative || predicate.clause != Clause::Where || !table.kind.is_table() {
        return None;
    }
    if context.is_small(table)
        || has_index_on(table, expression)
        || matches!(access, Access::Index)
        || context.is_narrowed(block, table, None)
    {
        return None;
    }
    let column = table.name.with_columns(&[&field.name]);
    let indexed = leads_an_index(table, &field.name);
    let message = match indexed {
        true => format!("{} compares {expression}, so the index on {column} can't be used and every row is read.", view.title()),
        false => format!("{} compares {expression}: no index on {column} could help, and every row is read.", view.title()),
    };
    let planned = matches!(access, Access::Whole(_));
    let mut finding = view
        .finding(message)
        .graded(if planned { Grade::Planned } else { Grade::Inferred })
        .evidence(Evidence::text("expression", expression.clone(), "statement"))
        .risks(if indexed { 0.25 } else { 0.15 });
    if let Some(rows) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows", rows, Unit::Rows));
    }
    Some(finding.change_if(expression_index(context, table, field, expression)))
}

fn mentions_a_column(text: &str, table: &Collection) -> bool {
    let mut words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.'));
    words.any(|word| {
        word.contains('.') && !word.starts_with(|first: char| first.is_ascii_digit())
            || table.fields.iter().any(|field| field.name.eq_ignore_ascii_case(word))
    })
}

/// Whether an index, or a generated column that one leads with, holds the expression.
fn has_index_on(table: &Collection, expression: &str) -> bool {
    let wanted = plain(expression);
    let part = usable_indexes(table).any(|index| {
        let first = index.parts.first().and_then(|part| part.expression.as_deref());
        first.is_some_and(|indexed| plain(indexed) == wanted)
    });
    let generated = |field: &&Field| field.generated.as_deref().is_some_and(|formula| plain(formula) == wanted);
    part || table.fields.iter().filter(generated).any(|field| leads_an_index(table, &field.name))
}

/// An expression without what two writings of it differ in: case, blanks, quotes, parentheses, casts, qualifiers.
fn plain(expression: &str) -> String {
    let mut result = String::new();
    let mut rest = expression;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            ':' if rest.starts_with(':') => {
                let is_type = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | ':');
                rest = rest.trim_start_matches(is_type);
            }
            '.' => {
                let start = result.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
                if result[start..].starts_with(|first: char| first.is_ascii_digit()) { result.push('.') } else { result.truncate(start) }
            }
            '"' | '`' | '[' | ']' => {}
            blank if blank.is_whitespace() => {}
            other => result.extend(other.to_lowercase()),
        }
    }
    result.retain(|letter| !matches!(letter, '(' | ')'));
    result
}

/// An index on the expression, where the engine can have one and the function gives the same result at all times.
fn expression_index(context: &Context<'_>, table: &Collection, field: &Field, expression: &str) -> Option<Change> {
    const STEADY: [&str; 8] = ["lower", "upper", "length", "abs", "trim", "ltrim", "rtrim", "reverse"];
    let inner = plain(expression);
    let function = STEADY.into_iter().find(|name| inner == format!("{name}{}", field.name.to_lowercase()))?;
    let ddl = Ddl::of(context.facts);
    let stem: String = format!("{}_{}", table.name.name, field.name).chars().take(48).collect();
    let index = ObjectName { schema: table.name.schema.clone(), name: format!("{stem}_{function}") };
    let (on, column, name) = (ddl.object(&table.name), ddl.name(&field.name), ddl.name(&index.name));
    let change = Change::new(format!("Index {function} of {}", table.name.with_columns(&[&field.name])));
    match context.engine() {
        Engine::Postgresql if table.kind != CollectionKind::PartitionedTable => Some(
            change
                .step(
                    format!("CREATE INDEX CONCURRENTLY {name} ON {on} ({function}({column}))"),
                    format!("DROP INDEX CONCURRENTLY IF EXISTS {}", ddl.object(&index)),
                )
                .locking("SHARE UPDATE EXCLUSIVE on the table: reads and writes go on, other DDL and vacuum wait"),
        ),
        Engine::Sqlite => Some(
            change
                .step(format!("CREATE INDEX {name} ON {on} ({function}({column}))"), format!("DROP INDEX IF EXISTS {name}"))
                .locking("RESERVED on the file until the index is built: other writers wait"),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn writings_of_one_expression_are_equal() {
        assert_eq!(plain("lower((email)::text)"), plain("lower(c.\"Email\")"));
        assert_eq!(plain("LOWER( `email` )"), plain("lower(email)"));
        assert_ne!(plain("lower(email)"), plain("upper(email)"));
        assert_eq!(plain("price * 1.5"), "price*1.5");
    }
}
