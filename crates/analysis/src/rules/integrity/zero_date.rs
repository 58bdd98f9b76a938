//! `integrity/zero-date`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{MYSQL_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/zero-date",
    title: "Dates that do not exist",
    severity: Severity::Warning,
    engines: MYSQL_FAMILY,
    needs: &[FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Date columns that hold `0000-00-00`, or a day or month of zero.

```facts finds mysql
{"data": {"violations": [{"kind": "zero-date", "table": {"schema": "store", "name": "sale"}, "columns": ["sold_at"], "declaration": "sold_at timestamp", "rows": 9}]}}
```

```facts quiet mysql
{"data": {"violations": []}}
```

## Why it matters
No calendar has such a day: other engines refuse it on migration, drivers turn it into NULL or an error, and
comparisons sort it before everything.

## When not to follow
While a migration away from it is under way.

## Fix
Replace it by NULL or by the true date, and put NO_ZERO_DATE and a strict mode into `sql_mode`.

## How we verify
Counted by a scan. Afterwards the count is 0 and the server refuses new ones.

## References
MySQL manual, SQL modes, NO_ZERO_DATE.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let broken = context.facts.data.violations.iter().filter(|one| one.kind == "zero-date" && one.rows > 0);
    broken
        .map(|one| {
            let object = if one.columns.is_empty() { one.table.to_string() } else { one.table.with_columns(&one.columns) };
            let message = format!("{} rows of {} hold a date that does not exist in {}.", one.rows, one.table, one.columns.join(", "));
            Finding::new(object, message)
                .evidence(Evidence::measured("rows", one.rows as f64, Unit::Rows, "scan of the rows"))
                .evidence(Evidence::text("declaration", one.declaration.clone(), "catalog"))
                .risks(0.5)
        })
        .collect()
}
