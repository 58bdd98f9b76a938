//! `storage/duplicated-data`.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::catalog::Collection;
use dbwright_model::{FactKind, Finding, ObjectName, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::with_rows;

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/duplicated-data",
    title: "Copy of a table left behind",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Endings of names that say: this was put aside.
const ENDINGS: &[&str] = &["backup", "bak", "bkp", "copy", "old", "orig", "save", "saved", "tmp", "temp"];

const DOCS: &str = r#"
## Finds
Tables with rows that are named like a copy of another one (`customer_old`, `customer_backup_20240131`) and have the
same columns.

```facts finds sqlite
{"catalog": {"collections": [
  {"name": {"name": "customer"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "city", "family": "text"}], "keys": [{"columns": ["id"], "primary": true}],
   "storage": {"rows": {"value": 9000, "exactness": "measured", "source": "count"}, "table_bytes": {"value": 900000, "exactness": "measured", "source": "dbstat"}}},
  {"name": {"name": "customer_backup_20240131"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "city", "family": "text"}], "keys": [{"columns": ["id"], "primary": true}],
   "storage": {"rows": {"value": 8800, "exactness": "measured", "source": "count"}, "table_bytes": {"value": 880000, "exactness": "measured", "source": "dbstat"}}}]}}
```

```facts quiet sqlite
{"catalog": {"collections": [
  {"name": {"name": "customer"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "city", "family": "text"}], "keys": [{"columns": ["id"], "primary": true}],
   "storage": {"rows": {"value": 9000, "exactness": "measured", "source": "count"}, "table_bytes": {"value": 900000, "exactness": "measured", "source": "dbstat"}}},
  {"name": {"name": "customer_archive"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "city", "family": "text"}], "keys": [{"columns": ["id"], "primary": true}],
   "storage": {"rows": {"value": 8800, "exactness": "measured", "source": "count"}, "table_bytes": {"value": 880000, "exactness": "measured", "source": "dbstat"}}}]}}
```

## Why it matters
It takes its room again in every backup and replica, it is forgotten when people ask to be deleted, and somebody reads
it by mistake.

## When not to follow
A copy that somebody keeps on purpose for a time: write down until when.

## Fix
Make sure that nobody reads it, keep a dump if in doubt, and drop it.

## How we verify
Read from the catalog: names, columns and rows. Dropping is not proposed as a statement, since what is gone is gone.

## References
GDPR, article 5(1)(e), storage limitation; PostgreSQL manual, DROP TABLE.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let tables: Vec<&Collection> = context.facts.catalog.tables().collect();
    let places: BTreeMap<&ObjectName, &Collection> = tables.iter().map(|table| (&table.name, *table)).collect();
    let copies = tables.iter().filter(|table| table.rows().is_some_and(|rows| rows > 0.0));
    copies.filter_map(|copy| Some(finding(copy, original(copy, &places)?))).collect()
}

/// The table whose name is left when a copy's ending is taken away, if it has the same columns.
fn original<'a>(copy: &Collection, places: &BTreeMap<&ObjectName, &'a Collection>) -> Option<&'a Collection> {
    let mut stem = copy.name.name.as_str();
    let mut marked = false;
    while let Some((head, tail)) = stem.rsplit_once('_') {
        let date = (6..=8).contains(&tail.len()) && tail.bytes().all(|byte| byte.is_ascii_digit());
        if !date && !ENDINGS.contains(&tail.to_ascii_lowercase().as_str()) {
            break;
        }
        marked |= !date;
        stem = head;
    }
    let name = ObjectName { schema: copy.name.schema.clone(), name: stem.to_owned() };
    let columns = |table: &Collection| -> BTreeSet<String> { table.fields.iter().map(|field| field.name.clone()).collect() };
    places.get(&name).copied().filter(|table| marked && columns(table) == columns(copy))
}

fn finding(copy: &Collection, original: &Collection) -> Finding {
    let bytes = copy.total_bytes().unwrap_or(0.0);
    let message = format!("{} looks like a copy of {} that was left behind.", copy.name, original.name);
    with_rows(Finding::new(copy.name.to_string(), message).costs_bytes(bytes).risks(0.1), copy)
}
