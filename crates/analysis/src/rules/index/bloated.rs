//! `index/bloated`.

use dbwright_model::catalog::{Collection, CollectionKind, Index};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/bloated",
    title: "Index mostly empty",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog, FactKind::Bloat],
    docs: DOCS,
    check,
};

/// Bytes below which a rebuild is not worth its locks.
const LEAST_BYTES: f64 = 10.0 * MEGABYTE;
/// Share of the index that must be empty.
const LEAST_SHARE: f64 = 0.3;

const DOCS: &str = r#"
## Finds
Indexes of which a rebuild would give back at least 30 % and 10 MB, by the lower end of the estimate.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "indexes": [{"name": "ticket_a_idx", "method": "btree", "valid": true, "parts": [{"column": "a"}],
    "bytes": {"value": 104857600, "exactness": "measured", "source": "pg_relation_size"},
    "bloat_bytes": {"value": 60000000, "low": 50000000, "high": 70000000, "exactness": "estimated", "source": "key widths"}}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "indexes": [{"name": "ticket_a_idx", "method": "btree", "valid": true, "parts": [{"column": "a"}],
    "bytes": {"value": 104857600, "exactness": "measured", "source": "pg_relation_size"},
    "bloat_bytes": {"value": 60000000, "low": 5000000, "high": 70000000, "exactness": "estimated", "source": "key widths"}}]}]}}
```

## Why it matters
More pages have to be read and kept in cache for the same rows. Pages that emptied in the middle of a b-tree are used
again only for keys that belong there.

## When not to follow
Tables that shrink and grow again: the room will be used.

## Fix
REINDEX INDEX CONCURRENTLY; then look for what emptied it: a mass delete, or vacuum that came too late.

## How we verify
Entries times their width, from statistics, against the size; with an interval, of which the lower end counts. After the
change the size is smaller.

## References
PostgreSQL manual, Routine Reindexing; REINDEX.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let held =
        |table: &&Collection| table.kind.is_table() || matches!(table.kind, CollectionKind::Partition | CollectionKind::MaterializedView);
    for table in context.facts.catalog.collections.iter().filter(held) {
        findings.extend(table.indexes.iter().filter_map(|index| judge(context, table, index)));
    }
    findings
}

fn judge(context: &Context<'_>, table: &Collection, index: &Index) -> Option<Finding> {
    let (bloat, bytes) = index.bloat_bytes.as_ref().zip(index.bytes.as_ref())?;
    let sure = bloat.low.unwrap_or(0.0);
    if sure < LEAST_BYTES || sure < bytes.value * LEAST_SHARE {
        return None;
    }
    let message =
        format!("Index {} of {} is {}, of which a rebuild gives back {} or more.", index.name, table.name, size(bytes.value), size(sure));
    let finding = Finding::new(index.object(&table.name), message)
        .evidence(Evidence::of("size", bytes, Unit::Bytes))
        .evidence(Evidence::estimated("given back at least", sure, Unit::Bytes, bloat.source.clone()));
    Some(finding.change_if(Ddl::of(context.facts).rebuild_index(table, index)).costs_bytes(sure).risks(0.15))
}
