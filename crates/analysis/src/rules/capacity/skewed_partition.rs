//! `capacity/skewed-partition`.

use std::collections::BTreeMap;

use dbwright_model::catalog::Collection;
use dbwright_model::{Evidence, FactKind, Finding, ObjectName, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/skewed-partition",
    title: "Partition far larger than the others",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Partitions below which a mean says nothing.
const FEWEST_PARTITIONS: usize = 4;
/// Rows below which skew costs nothing.
const LEAST_ROWS: f64 = 1_000_000.0;
/// Times the mean from which one partition is most of the work.
const TIMES_MEAN: f64 = 4.0;

const DOCS: &str = r#"
## Finds
Tables partitioned by hash or list of which one partition holds more than four times the mean, a million rows or more;
and default partitions with rows in them. Partitions by range of time differ by nature and are not compared.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "click"}, "kind": "partitioned-table", "fields": [{"name": "id"}], "keys": [{"columns": ["id"], "primary": true}], "partitioning": {"strategy": "hash", "key": ["id"]}},
  {"name": {"schema": "public", "name": "click_0"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 9000000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_1"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 200000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_2"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 200000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_3"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 200000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_4"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 200000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]}}
```

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "click"}, "kind": "partitioned-table", "fields": [{"name": "id"}], "keys": [{"columns": ["id"], "primary": true}], "partitioning": {"strategy": "range", "key": ["id"]}},
  {"name": {"schema": "public", "name": "click_0"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 1000000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_1"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 1000000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_default"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": true}, "storage": {"rows": {"value": 40000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "click"}, "kind": "partitioned-table", "fields": [{"name": "id"}], "keys": [{"columns": ["id"], "primary": true}], "partitioning": {"strategy": "hash", "key": ["id"]}},
  {"name": {"schema": "public", "name": "click_0"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 1000000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_1"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 1100000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_2"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 900000, "exactness": "estimated", "source": "pg_class.reltuples"}}},
  {"name": {"schema": "public", "name": "click_3"}, "kind": "partition", "partitioning": {"parent": {"schema": "public", "name": "click"}, "default_partition": false}, "storage": {"rows": {"value": 1000000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]}}
```

## Why it matters
Work that partitions should spread falls on one of them: its vacuum, its indexes and its locks are those of the whole
table. Rows in the default partition keep a new partition from being attached without reading all of them.

## When not to follow
Lists in which one value is most of the business, and everybody knows it.

## Fix
Split the large one, or choose another key; move the rows of the default partition to partitions of their own before
their range is needed.

## How we verify
Rows of each partition from the catalog.

## References
PostgreSQL manual, Table Partitioning, Partition Maintenance.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut children: BTreeMap<&ObjectName, Vec<&Collection>> = BTreeMap::new();
    for part in &context.facts.catalog.collections {
        if let Some(parent) = part.partitioning.as_ref().and_then(|place| place.parent.as_ref()) {
            children.entry(parent).or_default().push(part);
        }
    }
    let mut findings = Vec::new();
    for (parent, parts) in children {
        findings.extend(parts.iter().filter_map(|part| not_empty(parent, part)));
        let strategy = context.collection(parent).and_then(|table| table.partitioning.as_ref()?.strategy.clone()).unwrap_or_default();
        if matches!(strategy.to_ascii_lowercase().as_str(), "hash" | "list" | "key" | "linear hash" | "linear key") {
            findings.extend(skew(parent, &parts));
        }
    }
    findings
}

fn not_empty(parent: &ObjectName, part: &Collection) -> Option<Finding> {
    let rows = part
        .storage
        .rows
        .as_ref()
        .filter(|rows| rows.value >= 1.0 && part.partitioning.as_ref().is_some_and(|place| place.default_partition))?;
    let message = format!("The default partition of {parent} holds {:.0} rows that fit into no other.", rows.value);
    Some(Finding::new(part.name.to_string(), message).evidence(Evidence::of("rows", rows, Unit::Rows)).risks(0.3))
}

fn skew(parent: &ObjectName, parts: &[&Collection]) -> Option<Finding> {
    let sizes: Vec<(f64, &Collection)> = parts.iter().filter_map(|part| Some((part.rows()?, *part))).collect();
    let (most, largest) = sizes.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let mean = sizes.iter().map(|(rows, _)| rows).sum::<f64>() / sizes.len() as f64;
    if sizes.len() < FEWEST_PARTITIONS || most < LEAST_ROWS || most < mean * TIMES_MEAN {
        return None;
    }
    let message =
        format!("{} holds {most:.0} rows, {:.1} times the mean of the {} partitions of {parent}.", largest.name, most / mean, sizes.len());
    let finding = Finding::new(largest.name.to_string(), message)
        .evidence(Evidence::estimated("rows", most, Unit::Rows, "catalog"))
        .evidence(Evidence::estimated("mean of all partitions", mean, Unit::Rows, "catalog"));
    Some(finding.risks(0.3))
}
