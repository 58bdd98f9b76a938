//! `index/invalid`.

use dbwright_model::catalog::{Collection, CollectionKind, Index};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

use super::same::cost;

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/invalid",
    title: "Index that is written but never read",
    severity: Severity::Error,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Endings of names that a failed REINDEX CONCURRENTLY leaves behind.
const LEFTOVERS: &[&str] = &["_ccnew", "_ccold"];

const DOCS: &str = r#"
## Finds
Indexes that PostgreSQL marks invalid: left behind by a concurrent build that failed, or, on a partitioned table,
waiting for partitions without their index.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "indexes": [{"name": "ticket_a_idx", "method": "btree", "valid": false, "parts": [{"column": "a"}]}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "indexes": [{"name": "ticket_a_idx", "method": "btree", "valid": true, "parts": [{"column": "a"}]}]}]}}
```

## Why it matters
Every insert and update still writes it, no query may use it, and whoever asked for it believes that it is there. A
unique one may refuse rows and yet not guarantee anything.

## When not to follow
While a concurrent build is running: look at pg_stat_progress_create_index.

## Fix
Rebuild it concurrently, or drop it; names that end in _ccnew or _ccold are what a failed REINDEX left behind and can be
dropped.

## How we verify
Read from pg_index. After the change the index is valid or gone.

## References
PostgreSQL manual, CREATE INDEX, Building Indexes Concurrently; REINDEX.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let catalog = &context.facts.catalog;
    let held =
        |table: &&Collection| table.kind.is_table() || matches!(table.kind, CollectionKind::Partition | CollectionKind::MaterializedView);
    let mut findings = Vec::new();
    for table in catalog.collections.iter().filter(held) {
        findings.extend(table.indexes.iter().filter(|index| !index.valid).map(|index| finding(context, table, index)));
    }
    findings
}

fn finding(context: &Context<'_>, table: &Collection, index: &Index) -> Finding {
    let object = index.object(&table.name);
    if index.partitioned {
        let message = format!("Index {} of {} is not valid: not every partition has its own index attached.", index.name, table.name);
        return Finding::new(object, message).severe(Severity::Warning).risks(0.4);
    }
    let message = format!("Index {} of {} is invalid: it is written on every change, and no query may use it.", index.name, table.name);
    let leftover = LEFTOVERS.iter().any(|ending| index.name.trim_end_matches(|last: char| last.is_ascii_digit()).ends_with(ending));
    let ddl = Ddl::of(context.facts);
    let change = if leftover { ddl.drop_index(table, index) } else { ddl.rebuild_index(table, index) };
    cost(Finding::new(object, message).change_if(change), index).risks(if index.unique { 0.7 } else { 0.5 })
}
