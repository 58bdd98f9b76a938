//! `capacity/scaling-limit`.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::{Engine, Evidence, FactKind, Finding, ObjectName, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/scaling-limit",
    title: "Limit of the engine in sight",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Bytes of the largest table of PostgreSQL: 2^32 - 1 pages of 8 kB.
const LARGEST_HEAP: f64 = 35_184_372_080_640.0;
/// Share of a limit from which it is in sight.
const IN_SIGHT: f64 = 0.5;
/// Partitions beyond which planning time grows noticeably.
const MANY_PARTITIONS: usize = 1000;

const DOCS: &str = r#"
## Finds
Half of a limit that the engine can't go beyond is reached: PostgreSQL tables of 32 TB (16 TB and more) or 1,600
columns; InnoDB tables of 1,017 columns; SQLite tables of 2,000 columns. PostgreSQL parents with more than 1,000
partitions, which planning has to look through, are mentioned.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 100000000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 20000000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 10000000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 2000000000000, "exactness": "measured", "source": "pg_relation_size"}}}]}}
```

## Why it matters
Such limits can't be raised by a setting: what helps is another design, and that takes months.

## When not to follow
When the table will not grow any more.

## Fix
Partition or shard the table, move old rows elsewhere, move groups of columns to tables of their own.

## How we verify
Sizes and columns from the catalog, against the limits of the manual.

## References
PostgreSQL manual, Appendix K, PostgreSQL Limits; MySQL manual, InnoDB Limits; SQLite manual, Limits In SQLite.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let most_columns = match context.engine() {
        Engine::Postgresql => 1600.0,
        Engine::Sqlite => 2000.0,
        _ => 1017.0,
    };
    for table in context.facts.catalog.collections.iter().filter(|table| table.kind.is_table() || table.kind == CollectionKind::Partition) {
        let columns = table.fields.len() as f64;
        if columns >= most_columns * IN_SIGHT {
            findings.push(finding(table, "columns", columns, most_columns, Unit::Count));
        }
        let bytes = table.storage.table_bytes.as_ref().map_or(0.0, |bytes| bytes.value);
        if context.engine() == Engine::Postgresql && bytes >= LARGEST_HEAP * IN_SIGHT {
            findings.push(finding(table, "bytes", bytes, LARGEST_HEAP, Unit::Bytes));
        }
    }
    findings.extend(many_partitions(context));
    findings
}

fn finding(table: &Collection, what: &str, value: f64, limit: f64, unit: Unit) -> Finding {
    let message = format!("{} has {value:.0} {what} of {limit:.0} that the engine can hold.", table.name);
    Finding::new(table.name.to_string(), message)
        .evidence(Evidence::measured(what, value, unit, "catalog"))
        .evidence(Evidence::measured("limit", limit, unit, "manual of the engine"))
        .risks(0.4 + 0.5 * (value / limit).min(1.0))
}

fn many_partitions(context: &Context<'_>) -> Vec<Finding> {
    let mut counts: BTreeMap<&ObjectName, usize> = BTreeMap::new();
    for part in context.facts.catalog.collections.iter().filter(|_| context.engine() == Engine::Postgresql) {
        if let Some(parent) = part.partitioning.as_ref().and_then(|place| place.parent.as_ref()) {
            *counts.entry(parent).or_default() += 1;
        }
    }
    let many = counts.into_iter().filter(|(_, count)| *count > MANY_PARTITIONS);
    let finding = |(parent, count): (&ObjectName, usize)| {
        let message = format!("{parent} has {count} partitions, all of which planning has to look through when none can be left out.");
        let evidence = Evidence::measured("partitions", count as f64, Unit::Count, "catalog");
        Finding::new(parent.to_string(), message).evidence(evidence).severe(Severity::Info).risks(0.2)
    };
    many.map(finding).collect()
}
