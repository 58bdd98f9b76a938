//! `query/implicit-conversion`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::plan::PlanNode;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, Severity};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, Operand, Predicate};

use crate::context::tables::leads_an_index;
use crate::context::{Access, Context, StatementView, reads_whole};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/implicit-conversion",
    title: "Comparison converts the column and so passes its index by",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Conditions in which the engine converts the column, not the value, on an indexed column of a table that is not small: in
MySQL and MariaDB a text column compared with a number; in PostgreSQL a whole-number column compared with a number with
decimals, by its text or as the plan's filter shows; and in SQLite, MySQL and MariaDB a join of a text column with a number column.

```facts finds mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "payment"}, "kind": "table",
   "fields": [{"name": "id", "family": "integer"}, {"name": "order_number", "family": "text", "type_name": "varchar(20)"}],
   "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true, "index": "PRIMARY"}],
   "indexes": [{"name": "payment_order", "method": "BTREE", "valid": true, "parts": [{"column": "order_number"}]}],
   "storage": {"rows": {"value": 80000, "exactness": "estimated", "source": "information_schema.tables"}}}]},
 "workload": {"statements": [{"text": "SELECT id FROM payment WHERE order_number = 4711", "calls": 10, "total_ms": 900}]}}
```

```facts quiet mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "payment"}, "kind": "table",
   "fields": [{"name": "id", "family": "integer"}, {"name": "order_number", "family": "text", "type_name": "varchar(20)"}],
   "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true, "index": "PRIMARY"}],
   "indexes": [{"name": "payment_order", "method": "BTREE", "valid": true, "parts": [{"column": "order_number"}]}],
   "storage": {"rows": {"value": 80000, "exactness": "estimated", "source": "information_schema.tables"}}}]},
 "workload": {"statements": [{"text": "SELECT id FROM payment WHERE order_number = '4711'", "calls": 10, "total_ms": 900}, {"text": "SELECT order_number FROM payment WHERE id = '7'", "calls": 10, "total_ms": 900}]}}
```

```sql quiet
CREATE TABLE payment (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL);
CREATE INDEX payment_order ON payment (order_id);
INSERT INTO payment (id, order_id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i FROM n;
-- workload
SELECT id FROM payment WHERE order_id = 77;
```

```sql finds
CREATE TABLE invoice (id INTEGER PRIMARY KEY, total INTEGER NOT NULL);
CREATE TABLE payment (id INTEGER PRIMARY KEY, invoice_id TEXT NOT NULL);
CREATE INDEX payment_invoice ON payment (invoice_id);
INSERT INTO invoice (id, total) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i FROM n;
INSERT INTO payment (id, invoice_id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i FROM n;
-- workload
SELECT p.id FROM invoice AS i JOIN payment AS p ON p.invoice_id = i.id WHERE i.total = 77;
```

## Why it matters
Many texts convert to the same number ('7', '07', '7.0'), so the engine can't look the number up in an index of texts: it
converts the column of every row, and compares.

## When not to follow
There is no reason to keep it; on a small table it costs little.

## Fix
Write the value in the column's type: quote it, or bind a parameter of that type. Where two columns are joined, give them one
type.

## How we verify
Read from the statement's text and the column's type. After the change the plan uses the index.

## References
MySQL manual, Type Conversion in Expression Evaluation. SQLite manual, Datatypes, Type Conversions Prior To Comparison.
PostgreSQL manual, Operator Type Resolution.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let written =
        view.shape.blocks.iter().find_map(|block| block.predicates.iter().find_map(|predicate| finding(context, view, block, predicate)));
    written.or_else(|| view.plan_nodes().into_iter().find_map(|node| planned(context, view, node)))
}

/// PostgreSQL shows in the plan's filter that it converts a whole-number column that the text does not cast: a parameter
/// was bound as a number with decimals.
fn planned(context: &Context<'_>, view: &StatementView<'_>, node: &PlanNode) -> Option<Finding> {
    if context.engine() != Engine::Postgresql || !reads_whole(node) {
        return None;
    }
    let (filter, table) = (node.filter.as_ref()?, context.collection(node.collection.as_ref()?)?);
    let converted = |field: &&Field| {
        let casts = ["numeric", "double precision", "real"].into_iter().any(|kind| filter.contains(&format!("({})::{kind} ", field.name)));
        field.family == TypeFamily::Integer && casts && leads_an_index(table, &field.name)
    };
    let field = table.fields.iter().find(converted).filter(|_| !context.is_small(table))?;
    let cast = |predicate: &Predicate| {
        matches!(predicate.kind, PredicateKind::Expression(_)) && predicate.column.column.eq_ignore_ascii_case(&field.name)
    };
    if view.shape.predicates().any(cast) {
        return None;
    }
    let column = table.name.with_columns(&[&field.name]);
    let message =
        format!("{} makes the server convert {column}, {}, in every row: its index can't be used.", view.title(), field.type_name);
    let finding = view
        .finding(message)
        .graded(Grade::Planned)
        .evidence(Evidence::text("filter", filter.clone(), "plan"))
        .evidence(Evidence::text("column type", field.type_name.clone(), "catalog"));
    Some(finding.risks(0.25))
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block, predicate: &Predicate) -> Option<Finding> {
    let (table, field, other) = converted(context, predicate)?;
    let spared = context.is_small(table) || matches!(view.access_to(table), Access::Index);
    if spared || !leads_an_index(table, &field.name) || context.is_narrowed(block, table, Some(&field.name)) {
        return None;
    }
    let column = table.name.with_columns(&[&field.name]);
    let message = format!(
        "{} compares {column}, {}, with {other}: the column is converted in every row, and its index can't be used.",
        view.title(),
        field.type_name
    );
    let planned = matches!(view.access_to(table), Access::Whole(_));
    let finding = view
        .finding(message)
        .graded(if planned { Grade::Planned } else { Grade::Inferred })
        .evidence(Evidence::text("column type", field.type_name.clone(), "catalog"))
        .evidence(Evidence::text("compared with", other, "statement"));
    Some(finding.risks(0.25))
}

/// The column that the engine converts, and what it is compared with.
fn converted<'a>(context: &Context<'a>, predicate: &Predicate) -> Option<(&'a Collection, &'a Field, String)> {
    let (table, field) = context.column(&predicate.column)?;
    if predicate.negated {
        return None;
    }
    match (&predicate.kind, &predicate.operand) {
        (PredicateKind::Join(other, true), _) => joined(context, (table, field), context.column(other)?),
        (PredicateKind::Equality | PredicateKind::Range(_) | PredicateKind::In(_), Operand::Literal(literal)) => {
            converts_literal(context.engine(), field, literal).then(|| (table, field, literal.clone()))
        }
        _ => None,
    }
}

/// Of a text joined with a number the text is converted.
fn joined<'a>(
    context: &Context<'a>,
    one: (&'a Collection, &'a Field),
    two: (&'a Collection, &'a Field),
) -> Option<(&'a Collection, &'a Field, String)> {
    if context.engine() == Engine::Postgresql {
        return None;
    }
    let (text, number) = match (is_text(one.1), is_text(two.1)) {
        (true, false) => (one, two),
        (false, true) => (two, one),
        _ => return None,
    };
    is_number(number.1).then(|| (text.0, text.1, format!("{}, {}", number.0.name.with_columns(&[&number.1.name]), number.1.type_name)))
}

const fn is_text(field: &Field) -> bool {
    matches!(field.family, TypeFamily::Text | TypeFamily::PaddedText)
}

const fn is_number(field: &Field) -> bool {
    matches!(field.family, TypeFamily::Integer | TypeFamily::Decimal | TypeFamily::Float)
}

fn converts_literal(engine: Engine, field: &Field, literal: &str) -> bool {
    let parts: Vec<&str> = literal.split(',').map(|part| part.trim().trim_start_matches(['-', '+'])).collect();
    let numeric = |part: &&str| part.starts_with(|first: char| first.is_ascii_digit());
    match engine {
        Engine::Mysql | Engine::Mariadb => is_text(field) && parts.iter().all(numeric),
        Engine::Postgresql => {
            field.family == TypeFamily::Integer
                && parts.iter().all(numeric)
                && parts.iter().any(|part| part.contains('.') || part.contains('e'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_converts_its_own_way() {
        let text = Field { family: TypeFamily::Text, ..Field::default() };
        let number = Field { family: TypeFamily::Integer, ..Field::default() };
        assert!(converts_literal(Engine::Mysql, &text, "4711"));
        assert!(!converts_literal(Engine::Mysql, &text, "'4711'"));
        assert!(!converts_literal(Engine::Mysql, &number, "'4711'"), "the value is converted, not the column");
        assert!(converts_literal(Engine::Postgresql, &number, "7.5"));
        assert!(!converts_literal(Engine::Postgresql, &number, "7"));
        assert!(!converts_literal(Engine::Sqlite, &text, "4711"), "affinity converts the literal");
    }
}
