//! `integrity/orphan-rows`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/orphan-rows",
    title: "Rows whose reference leads nowhere",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Declared references of which rows have no partner, found by looking the rows up.

```facts finds sqlite
{"data": {"references": [{"table": {"name": "sale"}, "columns": ["product_id"], "target": {"name": "product"}, "orphans": 3, "checked": 4000, "complete": true}]}}
```

```facts quiet sqlite
{"data": {"references": [{"table": {"name": "sale"}, "columns": ["product_id"], "target": {"name": "product"}, "orphans": 0, "checked": 4000, "complete": true}]}}
```

```sql finds
CREATE TABLE author (id INTEGER PRIMARY KEY);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES author (id));
INSERT INTO author VALUES (1);
INSERT INTO book VALUES (1, 1), (2, 7), (3, NULL);
```

```sql quiet
CREATE TABLE author (id INTEGER PRIMARY KEY);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES author (id));
INSERT INTO author VALUES (1);
INSERT INTO book VALUES (1, 1), (3, NULL);
```

## Why it matters
A row that refers to nothing drops out of joins: totals are too small and nobody sees why. The next validation of the
constraint, the next dump and restore, fails on it.

## When not to follow
Never for long: either the rows or the declaration is wrong.

## Fix
List the rows, decide with those who know the business whether the partner is to be restored or the row removed, then
switch enforcement on. No statement is proposed: both choices lose or invent something.

## How we verify
Counted by an anti-join over the rows, without trusting the constraint. Afterwards the count is 0.

## References
SQLite manual, foreign key support, PRAGMA foreign_key_check. PostgreSQL manual, Constraints.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let broken = context.facts.data.references.iter().filter(|one| one.orphans > 0);
    broken
        .map(|one| {
            let object = one.table.with_columns(&one.columns);
            let message = format!("{} of {} rows of {object} refer to nothing in {}.", one.orphans, one.checked, one.target);
            Finding::new(object, message)
                .evidence(Evidence::measured("orphans", one.orphans as f64, Unit::Rows, "anti-join over the rows"))
                .evidence(Evidence::measured("rows checked", one.checked as f64, Unit::Rows, "anti-join over the rows"))
                .risks(0.9)
        })
        .collect()
}
