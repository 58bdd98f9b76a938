//! `schema/fk-to-non-unique`.

use dbwright_model::catalog::{Collection, Index, Key, Reference};
use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/fk-to-non-unique",
    title: "Foreign key to columns that are not unique",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Foreign keys to columns that are neither primary key nor unique, or, with SQLite, to a table that does not exist.

```sql finds
CREATE TABLE country (code TEXT NOT NULL, name TEXT NOT NULL PRIMARY KEY);
CREATE TABLE city (id INTEGER PRIMARY KEY, country_code TEXT NOT NULL REFERENCES country (code));
```

```sql quiet
CREATE TABLE country (code TEXT NOT NULL, name TEXT NOT NULL PRIMARY KEY);
CREATE UNIQUE INDEX country_code ON country (code);
CREATE TABLE city (id INTEGER PRIMARY KEY, country_code TEXT NOT NULL REFERENCES country (code));
```

## Why it matters
SQLite refuses every write to such a table once foreign keys are enforced ("foreign key mismatch"). InnoDB accepts it
and lets one row refer to several, so that nothing says what a delete of one of them means; MySQL 8.4 refuses to make
new ones.

## When not to follow
Never: a reference has to say to which row it refers.

## Fix
Declare the columns referred to unique, or refer to the primary key.

## How we verify
Read from the catalog: the columns referred to are compared with the primary key and the unique indexes.

## References
SQLite manual, Foreign Key Support, section 3; MySQL manual, restrict_fk_on_non_standard_key.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for reference in table.references.iter().filter(|reference| !reference.target_columns.is_empty()) {
            match context.collection(&reference.target) {
                Some(target) if target.kind.is_table() && !is_unique(target, &reference.target_columns) => {
                    findings.push(not_unique(table, reference));
                }
                None if context.engine() == Engine::Sqlite => findings.push(not_there(table, reference)),
                _ => {}
            }
        }
        let bare = table.references.iter().filter(|one| one.target_columns.is_empty() && context.engine() == Engine::Sqlite);
        findings.extend(bare.map(|reference| match context.collection(&reference.target) {
            Some(_) => not_unique(table, reference),
            None => not_there(table, reference),
        }));
    }
    findings
}

/// Whether exactly these columns, in any order, are a key or a whole unique index.
fn is_unique(target: &Collection, columns: &[String]) -> bool {
    let same = |names: &[&str]| {
        names.len() == columns.len() && columns.iter().all(|column| names.iter().any(|name| name.eq_ignore_ascii_case(column)))
    };
    let key = |key: &Key| same(&key.columns.iter().map(String::as_str).collect::<Vec<_>>());
    let index = |index: &Index| index.unique && index.predicate.is_none() && index.columns().is_some_and(|names| same(&names));
    target.keys.iter().any(key) || target.indexes.iter().any(index)
}

fn not_unique(table: &Collection, reference: &Reference) -> Finding {
    let message = format!(
        "{} refers to {}, which is not unique there.",
        table.name.with_columns(&reference.columns),
        reference.target.with_columns(&reference.target_columns)
    );
    Finding::new(table.name.with_columns(&reference.columns), message).risks(0.7)
}

fn not_there(table: &Collection, reference: &Reference) -> Finding {
    let message = format!("{} refers to {}, which does not exist.", table.name.with_columns(&reference.columns), reference.target);
    Finding::new(table.name.with_columns(&reference.columns), message).risks(0.7)
}
