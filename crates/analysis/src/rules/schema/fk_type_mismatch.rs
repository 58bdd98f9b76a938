//! `schema/fk-type-mismatch`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{column_object, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/fk-type-mismatch",
    title: "Foreign key of another type than its target",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Foreign keys whose column has another kind of type than the column referred to, or is too narrow for all its values.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customer (id));
```

```facts finds postgresql
{"catalog": {"collections": [
  {"name": {"schema": "public", "name": "device"}, "kind": "table",
   "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8}],
   "keys": [{"name": "device_pkey", "columns": ["id"], "primary": true}]},
  {"name": {"schema": "public", "name": "signal"}, "kind": "table",
   "fields": [{"name": "device_id", "type_name": "integer", "family": "integer", "type_bytes": 4}],
   "references": [{"name": "signal_device_fkey", "columns": ["device_id"], "target": {"schema": "public", "name": "device"}, "target_columns": ["id"]}]}]}}
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, code VARCHAR(8) NOT NULL UNIQUE);
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id BIGINT NOT NULL REFERENCES customer (id), code TEXT REFERENCES customer (code));
```

## Why it matters
The engine converts on every comparison, which can keep it from using an index; a narrower column fails on the first
number that does not fit; and with SQLite a text never equals a number that looks the same.

## When not to follow
A referring column wider than its target does no harm and is not reported.

## Fix
Give the referring column the type of its target. Both ends of a key have to change together.

## How we verify
Read from the catalog: families and widths of both columns.

## References
PostgreSQL manual, CREATE TABLE, REFERENCES; SQLite manual, Datatypes, section 4.2.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for reference in &table.references {
            let Some(target) = context.collection(&reference.target) else { continue };
            for (column, target_column) in reference.columns.iter().zip(&reference.target_columns) {
                let Some((from, to)) = table.field(column).zip(target.field(target_column)) else { continue };
                findings.extend(difference(from, to).map(|what| finding(table, from, target, to, what)));
            }
        }
    }
    findings
}

/// What is wrong between both ends.
fn difference(from: &Field, to: &Field) -> Option<Difference> {
    let known = |field: &Field| !field.type_name.is_empty() && field.family != TypeFamily::Other;
    if from.type_name.eq_ignore_ascii_case(&to.type_name) || !known(from) || !known(to) {
        return None;
    }
    if family(from) != family(to) {
        return Some(Difference::Kind);
    }
    let narrower = |mine: Option<u32>, theirs: Option<u32>| mine.zip(theirs).is_some_and(|(mine, theirs)| mine < theirs);
    let number = from.family == TypeFamily::Integer && narrower(from.type_bytes, to.type_bytes);
    (number || narrower(from.length, to.length)).then_some(Difference::Width)
}

/// Families that compare with each other as they are.
fn family(field: &Field) -> TypeFamily {
    match field.family {
        TypeFamily::PaddedText => TypeFamily::Text,
        other => other,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Difference {
    Kind,
    Width,
}

fn finding(table: &Collection, from: &Field, target: &Collection, to: &Field, what: Difference) -> Finding {
    let there = target.name.with_columns(&[&to.name]);
    let message = match what {
        Difference::Kind => {
            format!("{} is {} but refers to {there}, which is {}.", column_object(table, from), from.type_name, to.type_name)
        }
        Difference::Width => {
            format!(
                "{} is {}, too narrow for all values of {there}, which is {}.",
                column_object(table, from),
                from.type_name,
                to.type_name
            )
        }
    };
    let finding = Finding::new(column_object(table, from), message)
        .evidence(Evidence::text("type", from.type_name.clone(), "catalog"))
        .evidence(Evidence::text("type referred to", to.type_name.clone(), "catalog"));
    with_rows(finding.risks(if what == Difference::Kind { 0.5 } else { 0.4 }), table)
}
