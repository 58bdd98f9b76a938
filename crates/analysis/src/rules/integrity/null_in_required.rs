//! `integrity/null-in-required`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/null-in-required",
    title: "NULL where a value is required",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Columns declared NOT NULL that hold NULL all the same, found by looking at the stored values.

```facts finds sqlite
{"data": {"violations": [{"kind": "not-null", "table": {"name": "product"}, "columns": ["title"], "declaration": "title NOT NULL", "rows": 4}]}}
```

```facts quiet sqlite
{"data": {"violations": []}}
```

## Why it matters
Programs read such a column without a test for NULL, and the optimizer drops the test as needless: the same query
answers differently by plan.

## When not to follow
Never: the declaration promises a value.

## Fix
Fill in the missing values or remove the rows; then find out what wrote past the constraint (a damaged file,
writable_schema, a restored backup).

## How we verify
The stored type of each value was looked at, since the engine itself answers IS NULL on such a column without looking.
Afterwards the count is 0.

## References
SQLite manual, quirks and PRAGMA integrity_check, NOT NULL.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let broken = context.facts.data.violations.iter().filter(|one| one.kind == "not-null" && one.rows > 0);
    broken
        .map(|one| {
            let object = if one.columns.is_empty() { one.table.to_string() } else { one.table.with_columns(&one.columns) };
            let message =
                format!("{} rows of {} hold NULL in {}, which is declared NOT NULL.", one.rows, one.table, one.columns.join(", "));
            Finding::new(object, message)
                .evidence(Evidence::measured("rows", one.rows as f64, Unit::Rows, "scan of the rows"))
                .evidence(Evidence::text("declaration", one.declaration.clone(), "catalog"))
                .risks(0.8)
        })
        .collect()
}
