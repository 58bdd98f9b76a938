//! `integrity/check-violated`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/check-violated",
    title: "Rows that a check should have refused",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Rows that do not satisfy a declared CHECK: from before the check was there, or written while it was switched off.

```facts finds sqlite
{"data": {"violations": [{"kind": "check", "table": {"name": "product"}, "columns": ["title"], "declaration": "length(title) > 0", "rows": 4}]}}
```

```facts quiet sqlite
{"data": {"violations": [{"kind": "not-null", "table": {"name": "product"}, "columns": ["title"], "declaration": "title NOT NULL", "rows": 4}]}}
```

```sql quiet
CREATE TABLE price (id INTEGER PRIMARY KEY, cents INTEGER CHECK (cents > 0));
INSERT INTO price VALUES (1, 5), (2, NULL);
```

## Why it matters
Code relies on what the check promises. The next rebuild of the table, or restore of a dump, stops at these rows.

## When not to follow
Where old rows are known to differ and stay as they are: then the check should say so, by date for instance.

## Fix
List the rows, correct them, then let the engine validate the check.

## How we verify
The check's expression was evaluated over all rows. Afterwards the count is 0.

## References
SQLite manual, PRAGMA ignore_check_constraints. PostgreSQL manual, ALTER TABLE, NOT VALID.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let broken = context.facts.data.violations.iter().filter(|one| one.kind == "check" && one.rows > 0);
    broken
        .map(|one| {
            let object = if one.columns.is_empty() { one.table.to_string() } else { one.table.with_columns(&one.columns) };
            let message = format!("{} rows of {} violate its check {}.", one.rows, one.table, one.declaration);
            Finding::new(object, message)
                .evidence(Evidence::measured("rows", one.rows as f64, Unit::Rows, "scan of the rows"))
                .evidence(Evidence::text("declaration", one.declaration.clone(), "catalog"))
                .risks(0.8)
        })
        .collect()
}
