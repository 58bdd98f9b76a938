//! `integrity/rule-violated`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/rule-violated",
    title: "Rows that break a rule of the validation suite",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Rules that the database's owners wrote down for their data, and rows that break them.

```facts finds sqlite
{"data": {"violations": [{"kind": "rule", "table": {"name": "sale"}, "columns": [], "declaration": "every sale of a product is after it was added", "rows": 1}], "rules_checked": 3}}
```

```facts quiet sqlite
{"data": {"violations": [], "rules_checked": 3}}
```

## Why it matters
The rule says what the business relies on and no constraint can express.

## When not to follow
When the rule is wrong: correct the rule.

## Fix
Correct the rows, and let the rule run with every deployment.

## How we verify
The rule was run over the rows. Afterwards it finds none.

## References
The validation suite of the project.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let broken = context.facts.data.violations.iter().filter(|one| one.kind == "rule" && one.rows > 0);
    broken
        .map(|one| {
            let object = if one.columns.is_empty() { one.table.to_string() } else { one.table.with_columns(&one.columns) };
            let message = format!("{} rows of {} break the rule {}.", one.rows, one.table, one.declaration);
            Finding::new(object, message)
                .evidence(Evidence::measured("rows", one.rows as f64, Unit::Rows, "scan of the rows"))
                .evidence(Evidence::text("declaration", one.declaration.clone(), "catalog"))
                .risks(0.8)
        })
        .collect()
}
