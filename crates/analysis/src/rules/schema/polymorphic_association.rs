//! `schema/polymorphic-association`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{is_text, known_values, starts_reference, with_rows, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/polymorphic-association",
    title: "Reference to one of several tables",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Parts that rows of several tables can play.
const ROLES: &[&str] =
    &["content", "entity", "model", "object", "owner", "parent", "record", "related", "resource", "source", "subject", "target"];

const DOCS: &str = r"
## Finds
A pair of columns that names a table and a row of it (`commentable_type`, `commentable_id`), so that no foreign key can
be declared. The pair must be named for such a use, or the values of its first column must be names of tables.

```sql finds
CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE remark (id INTEGER PRIMARY KEY, commentable_type TEXT NOT NULL, commentable_id INTEGER NOT NULL, body TEXT NOT NULL);
```

```sql quiet
CREATE TABLE payment (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL);
CREATE TABLE refund (id INTEGER PRIMARY KEY, payment_type TEXT NOT NULL, payment_id INTEGER NOT NULL REFERENCES payment (id));
CREATE INDEX refund_payment ON refund (payment_id);
CREATE TABLE guest (id INTEGER PRIMARY KEY, document_type TEXT NOT NULL, document_id TEXT NOT NULL);
```

## Why it matters
The database can't keep such references right: rows point to what was deleted long ago, and every join has to name the
table in a condition that somebody forgets.

## When not to follow
Audit trails that must outlive what they speak of.

## Fix
One nullable foreign key for each table with a check that exactly one is set; or a common parent table to which all of
them and the reference point.

## How we verify
Read from the catalog, and from the most common values where statistics are there.

## References
B. Karwin, SQL Antipatterns, 2010, chapter 7; PostgreSQL manual, num_nonnulls.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for kind in table.fields.iter().filter(|field| is_text(field) || matches!(field.family, TypeFamily::Integer | TypeFamily::Enum)) {
            let Some(stem) = kind.name.strip_suffix("_type").or_else(|| kind.name.strip_suffix("Type")).filter(|stem| !stem.is_empty())
            else {
                continue;
            };
            let Some(id) = table.field(&format!("{stem}_id")).or_else(|| table.field(&format!("{stem}Id"))) else { continue };
            let declared = starts_reference(table, id) || starts_reference(table, kind);
            let own = table.primary_key().is_some_and(|key| key.columns == [id.name.clone()]);
            if !declared && !own && !is_table(context, stem) && (is_role(stem) || names_tables(context, kind)) {
                findings.push(finding(table, kind, id));
            }
        }
    }
    findings
}

fn is_table(context: &Context<'_>, name: &str) -> bool {
    let name = words(name).join("_");
    context.facts.catalog.tables().any(|table| {
        let other = words(&table.name.name).join("_");
        other == name || other == format!("{name}s")
    })
}

/// Stems that say which part the other row plays rather than what it is.
fn is_role(stem: &str) -> bool {
    words(stem).last().is_some_and(|word| word.len() > 5 && word.ends_with("able") || ROLES.contains(&word.as_str()))
}

/// Whether at least two of the column's values are names of tables.
fn names_tables(context: &Context<'_>, kind: &Field) -> bool {
    let statistics = kind.statistics.as_ref();
    statistics.is_some_and(|statistics| {
        known_values(statistics).into_iter().filter(|value| !value.is_empty() && is_table(context, value)).count() >= 2
    })
}

fn finding(table: &Collection, kind: &Field, id: &Field) -> Finding {
    let columns = [&kind.name, &id.name];
    let message = format!(
        "{} points to rows of several tables through {} and {}, which no foreign key can keep right.",
        table.name, kind.name, id.name
    );
    with_rows(Finding::new(table.name.with_columns(&columns), message).risks(0.35), table)
}
