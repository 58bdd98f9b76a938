//! `schema/not-first-normal-form`.

use dbwright_model::facts::DependencySearch;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/not-first-normal-form",
    title: "Rows that can't be told apart",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Tables in which whole rows stand twice or more: a relation is a set, and what can't be told apart can't be named, changed
or deleted one by one. Lists inside values, the other breach of the first form, are schema/multi-valued-column and
schema/repeating-columns.

```facts finds sqlite
{"catalog": {"collections": [{"name": {"name": "reading"}, "kind": "table", "fields": [{"name": "sensor", "family": "integer"}, {"name": "value", "family": "integer"}]}]},
 "data": {"dependencies": [{"table": {"name": "reading"}, "rows": 10000, "complete": true, "duplicate_rows": 40, "columns": ["sensor", "value"]}]}}
```

```facts quiet sqlite
{"catalog": {"collections": [{"name": {"name": "reading"}, "kind": "table", "fields": [{"name": "sensor", "family": "integer"}, {"name": "value", "family": "integer"}]}]},
 "data": {"dependencies": [{"table": {"name": "reading"}, "rows": 10000, "complete": true, "duplicate_rows": 0, "columns": ["sensor", "value"]}]}}
```

## Why it matters
Nobody can say whether the second row is a second event or a mistake. Joins multiply, sums count twice, replication by
rows can't find the row that changed.

## When not to follow
Where rows are only ever counted or summed, as in a raw log: ignore it with that reason.

## Fix
Add what tells the rows apart, the time of the event or a number, as a key; then remove the copies that are mistakes.

## How we verify
All rows were compared in all columns but documents and bytes, NULLs taken as equal.

## References
E. F. Codd, A Relational Model of Data for Large Shared Data Banks, 1970; C. J. Date, What First Normal Form Really Means, 2003.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context
        .facts
        .data
        .dependencies
        .iter()
        .filter(|search| search.duplicate_rows > 0)
        .filter_map(|search| finding(context, search))
        .collect()
}

fn finding(context: &Context<'_>, search: &DependencySearch) -> Option<Finding> {
    let table = context.facts.catalog.find(&search.table)?;
    // Rows that differ only in documents or bytes, which were not compared, differ all the same.
    if table.fields.len() > search.columns.len() {
        return None;
    }
    let message =
        format!("{} of {} rows of {} are copies of another row, in every column.", search.duplicate_rows, search.rows, table.name);
    let finding = Finding::new(table.name.to_string(), message)
        .graded(Grade::Observed)
        .evidence(Evidence::measured("rows searched", search.rows as f64, Unit::Rows, "all rows"))
        .evidence(Evidence::measured("copies", search.duplicate_rows as f64, Unit::Rows, "comparison of all rows"));
    Some(finding.risks(0.4))
}
