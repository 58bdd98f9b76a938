//! `integrity/sequence-behind`.

use std::collections::HashSet;

use dbwright_model::catalog::Field;
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, ObjectName, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/sequence-behind",
    title: "Number generator behind its column",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Sequences and auto-increment counters whose next number is not beyond the largest that the column already holds: after
a restore or a load that gave numbers of its own.

```facts finds postgresql
{"catalog": {"sequences": [{"name": {"schema": "public", "name": "sale_id_seq"}, "last": 1000, "limit": 9223372036854775807, "increment": 1, "owned_by": [{"schema": "public", "name": "sale"}, "id"]}], "collections": [{"name": {"schema": "public", "name": "sale"}, "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "values": {"rows_read": 4000, "complete": true, "integers": 4000, "integer_range": [1, 4000]}}]}]}}
```

```facts quiet postgresql
{"catalog": {"sequences": [{"name": {"schema": "public", "name": "sale_id_seq"}, "last": 4000, "limit": 9223372036854775807, "increment": 1, "owned_by": [{"schema": "public", "name": "sale"}, "id"]}], "collections": [{"name": {"schema": "public", "name": "sale"}, "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "values": {"rows_read": 4000, "complete": true, "integers": 4000, "integer_range": [1, 4000]}}]}]}}
```

## Why it matters
The next inserts fail with a duplicate key, one by one, until the generator has caught up; without a key they repeat
numbers in silence.

## When not to follow
When numbers beyond the generator are given out by somebody else on purpose, from another range.

## Fix
Set the generator to the largest number of the column.

## How we verify
Compared are the generator's last number and the largest that was seen in the column, from reading rows or from
planner statistics.

## References
PostgreSQL manual, sequence functions, setval. SQLite manual, AUTOINCREMENT.
"#;

/// The largest number seen in a column, and whether it was read from rows.
fn largest(field: &Field) -> Option<(f64, bool)> {
    if let Some((_, high)) = field.values.as_ref().and_then(|values| values.integer_range) {
        return Some((high as f64, true));
    }
    let statistics = field.statistics.as_ref()?;
    let common = statistics.common.iter().map(|one| one.value.as_str());
    let seen = statistics.histogram.last().map(String::as_str).into_iter().chain(common);
    seen.filter_map(|text| text.parse::<f64>().ok()).reduce(f64::max).map(|high| (high, false))
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let catalog = &context.facts.catalog;
    let mut findings = Vec::new();
    for sequence in catalog.sequences.iter().filter(|one| one.increment > 0.0 && !one.cycle) {
        let (Some(last), Some((table, column))) = (sequence.last, &sequence.owned_by) else { continue };
        let Some(field) = catalog.find(table).and_then(|table| table.field(column)) else { continue };
        if let Some(finding) = finding(context, &sequence.name.to_string(), last, field, table) {
            findings.push(finding.change_if(set(context, &sequence.name, table, column)));
        }
    }
    let owned: HashSet<&(ObjectName, String)> = catalog.sequences.iter().filter_map(|one| one.owned_by.as_ref()).collect();
    let fed = |table: &ObjectName, column: &str| owned.contains(&(table.clone(), column.to_owned()));
    for table in catalog.tables() {
        let Some(counter) = table.storage.counter.as_ref().filter(|counter| !fed(&table.name, &counter.column)) else { continue };
        let Some(field) = table.field(&counter.column) else { continue };
        findings.extend(finding(context, &table.name.with_columns(&[&counter.column]), counter.last, field, &table.name));
    }
    findings
}

fn finding(context: &Context<'_>, generator: &str, last: f64, field: &Field, table: &ObjectName) -> Option<Finding> {
    let (high, measured) = largest(field).filter(|(high, _)| *high > last)?;
    let column = table.with_columns(&[&field.name]);
    let source = if measured { "rows read" } else { "planner statistics" };
    let message = format!("The generator of {column} gave out {last:.0} last, but the column holds {high:.0}: the next inserts collide.");
    let evidence = Evidence::measured("last number", last, Unit::Count, format!("catalog of {}", context.engine()));
    let found = Finding::new(generator, message).evidence(evidence).evidence(Evidence::measured(
        "largest in the column",
        high,
        Unit::Count,
        source,
    ));
    Some(if measured { found.risks(0.8) } else { found.severe(Severity::Warning).risks(0.6) })
}

fn set(context: &Context<'_>, sequence: &ObjectName, table: &ObjectName, column: &str) -> Option<Change> {
    if context.engine() != Engine::Postgresql {
        return None;
    }
    let ddl = Ddl::of(context.facts);
    let name = ddl.object(sequence).replace('\'', "''");
    let largest = format!("(SELECT max({}) FROM {})", ddl.name(column), ddl.object(table));
    Some(
        Change::new(format!("Set {sequence} to the largest number in use"))
            .step(format!("SELECT setval('{name}', {largest})"), "")
            .locking("none that blocks"),
    )
}
