//! `integrity/unvalidated-constraint`.

use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/unvalidated-constraint",
    title: "Constraint that old rows were never checked against",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Foreign keys and checks that were declared NOT VALID and never validated.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "checks": [{"name": "sale_note", "expression": "length(note) > 0", "validated": false, "enforced": true}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "checks": [{"name": "sale_note", "expression": "length(note) > 0", "validated": true, "enforced": true}]}]}}
```

```sql finds postgresql
CREATE TABLE author (id bigint PRIMARY KEY);
CREATE TABLE book (id bigint PRIMARY KEY, author_id bigint);
CREATE INDEX book_author ON book (author_id);
ALTER TABLE book ADD CONSTRAINT book_author_fkey FOREIGN KEY (author_id) REFERENCES author (id) NOT VALID;
```

```sql quiet postgresql
CREATE TABLE author (id bigint PRIMARY KEY);
CREATE TABLE book (id bigint PRIMARY KEY, author_id bigint);
CREATE INDEX book_author ON book (author_id);
ALTER TABLE book ADD CONSTRAINT book_author_fkey FOREIGN KEY (author_id) REFERENCES author (id) NOT VALID;
ALTER TABLE book VALIDATE CONSTRAINT book_author_fkey;
```

## Why it matters
New rows are checked, old ones may break the promise, and the planner can't use it. NOT VALID is half of a safe
migration; the other half was forgotten.

## When not to follow
Between the two halves of a migration, in which the old rows are being corrected.

## Fix
Validate it: reads and writes go on meanwhile. Should a row violate it, the statement fails and nothing changes.

## How we verify
Read from pg_constraint.convalidated. Afterwards the constraint counts as validated.

## References
PostgreSQL manual, ALTER TABLE, VALIDATE CONSTRAINT.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let ddl = Ddl::of(context.facts);
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for one in table.references.iter().filter(|one| !one.validated && one.enforced) {
            let object = table.name.with_columns(&one.columns);
            let message = format!("Foreign key {} of {} was never validated: old rows may refer to nothing.", one.name, table.name);
            findings.push(Finding::new(object, message).change_if(ddl.validate_constraint(&table.name, &one.name)).risks(0.5));
        }
        for one in table.checks.iter().filter(|one| !one.validated && one.enforced) {
            let message = format!("Check {} of {} was never validated: old rows may break it.", one.name, table.name);
            let finding =
                Finding::new(table.name.to_string(), message).evidence(Evidence::text("check", one.expression.clone(), "catalog"));
            findings.push(finding.change_if(ddl.validate_constraint(&table.name, &one.name)).risks(0.4));
        }
    }
    findings
}
