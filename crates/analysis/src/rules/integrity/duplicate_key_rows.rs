//! `integrity/duplicate-key-rows`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/duplicate-key-rows",
    title: "Rows that a key should have kept apart",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Declared keys whose values occur more than once, counted by a scan that does not use the key's own index.

```facts finds postgresql
{"data": {"keys": [{"table": {"schema": "public", "name": "product"}, "columns": ["sku"], "duplicates": 2, "complete": true}]}}
```

```facts quiet postgresql
{"data": {"keys": [{"table": {"schema": "public", "name": "product"}, "columns": ["sku"], "duplicates": 0, "complete": true}]}}
```

## Why it matters
A unique index that is valid can lie over duplicates: after a change of collation, a crash without durable writes, a
broken operator class. It then answers with one of the rows, and not always the same.

## When not to follow
Never: the key promises that there are none.

## Fix
Find the rows with a scan that does not use the index (`SET enable_indexscan = off`, `NOT INDEXED`), merge them by
hand, and rebuild the index only then: a rebuild fails while they are there.

## How we verify
Counted by grouping the rows without the index. Afterwards the count is 0.

## References
PostgreSQL manual, amcheck; notes on collation version changes.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let broken = context.facts.data.keys.iter().filter(|one| one.duplicates > 0);
    broken
        .map(|one| {
            let object = one.table.with_columns(&one.columns);
            let message = format!(
                "{} rows of {} repeat a value of the key ({}), which should be unique.",
                one.duplicates,
                one.table,
                one.columns.join(", ")
            );
            Finding::new(object, message)
                .evidence(Evidence::measured("duplicates", one.duplicates as f64, Unit::Rows, "grouped scan without the key's index"))
                .risks(0.95)
        })
        .collect()
}
