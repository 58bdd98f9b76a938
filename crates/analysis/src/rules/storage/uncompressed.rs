//! `storage/uncompressed`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::{Ddl, quote};
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::{MEGABYTE, column_object, mean_bytes, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/uncompressed",
    title: "Large texts stored uncompressed",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog, FactKind::Sizes, FactKind::ColumnStatistics],
    docs: DOCS,
    check,
};

/// Mean bytes from which a value is worth compressing.
const LARGE_VALUE: f64 = 1024.0;
/// Bytes of a table below which nothing is gained.
const LEAST_BYTES: f64 = 100.0 * MEGABYTE;
/// Bytes of an InnoDB table from which compression pays for its work.
const LEAST_BYTES_OF_INNODB: f64 = 1024.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
PostgreSQL: text and JSON columns of 1 kB and more on average whose storage is `external` or `plain`, where their table
holds 100 MB or more. MySQL and MariaDB: InnoDB tables of 1 GB and more that hold such columns without compression.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "body", "type_name": "text", "family": "text", "storage": "external", "statistics": {"source": "pg_stats", "mean_bytes": 6000, "distinct": 900000}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}, "large_value_bytes": {"value": 5000000000, "exactness": "measured", "source": "pg_total_relation_size"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}, {"name": "body", "type_name": "text", "family": "text", "storage": "extended", "statistics": {"source": "pg_stats", "mean_bytes": 6000, "distinct": 900000}}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}, "large_value_bytes": {"value": 5000000000, "exactness": "measured", "source": "pg_total_relation_size"}}}]}}
```

## Why it matters
Texts and JSON usually shrink to a third or less; what is not compressed is read, cached, backed up and copied in full.

## When not to follow
Values that are compressed already (images, archives), and texts of which only parts are read by substr: external
storage is made for that.

## Fix
PostgreSQL: SET STORAGE EXTENDED, from version 14 on with lz4; new values follow, old ones when they are written again.
MySQL: ROW_FORMAT=COMPRESSED, MariaDB: PAGE_COMPRESSED, after measuring on a copy.

## How we verify
Storage and mean width from the catalog and statistics. How much is gained is measured on a copy.

## References
PostgreSQL manual, TOAST; default_toast_compression; MySQL manual, InnoDB Table Compression.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let Some(bytes) = table.total_bytes().filter(|bytes| *bytes >= LEAST_BYTES) else { continue };
        let large: Vec<&Field> = table.fields.iter().filter(|field| is_large_text(field)).collect();
        if context.engine() == Engine::Postgresql {
            findings.extend(large.into_iter().filter(|field| is_held_back(field)).map(|field| column(context, table, field, bytes)));
        } else if let Some(field) = large.first().filter(|_| bytes >= LEAST_BYTES_OF_INNODB && !is_compressed(table)) {
            findings.push(whole(table, field, bytes));
        }
    }
    findings
}

fn is_large_text(field: &Field) -> bool {
    let kind = matches!(field.family, TypeFamily::Text | TypeFamily::Json);
    kind && mean_bytes(field).is_some_and(|bytes| bytes >= LARGE_VALUE)
}

fn is_held_back(field: &Field) -> bool {
    field.storage.as_deref().is_some_and(|storage| storage.starts_with("external") || storage.starts_with("plain"))
}

fn is_compressed(table: &Collection) -> bool {
    let is = |value: &String| value.to_lowercase().contains("compress") || value == "1" || value.eq_ignore_ascii_case("yes");
    table
        .storage
        .options
        .iter()
        .any(|(name, value)| name.to_lowercase().contains("compress") && is(value) || name.eq_ignore_ascii_case("row_format") && is(value))
}

fn column(context: &Context<'_>, table: &Collection, field: &Field, bytes: f64) -> Finding {
    let width = mean_bytes(field).unwrap_or(LARGE_VALUE);
    let message = format!("{} holds texts of {} on average without compression.", column_object(table, field), size(width));
    let alter = format!(
        "ALTER TABLE {} ALTER COLUMN {} SET STORAGE",
        Ddl::of(context.facts).object(&table.name),
        quote(Engine::Postgresql, &field.name)
    );
    let before = field.storage.as_deref().and_then(|storage| storage.split([' ', ',']).next()).unwrap_or("external").to_uppercase();
    let change = Change::new("Compress new values")
        .step(format!("{alter} EXTENDED"), format!("{alter} {before}"))
        .locking(format!("ACCESS EXCLUSIVE on {} for a moment", table.name));
    let finding = Finding::new(column_object(table, field), message)
        .evidence(Evidence::estimated("mean width", width, Unit::Bytes, "column statistics"))
        .evidence(Evidence::measured("size of the table", bytes, Unit::Bytes, "sizes"));
    finding.change(change).costs_bytes(width * table.rows().unwrap_or(0.0) / 2.0).risks(0.1)
}

fn whole(table: &Collection, field: &Field, bytes: f64) -> Finding {
    let message = format!("{} is {} and keeps large texts such as {} uncompressed.", table.name, size(bytes), field.name);
    let finding = Finding::new(table.name.to_string(), message).evidence(Evidence::measured("size", bytes, Unit::Bytes, "sizes"));
    finding.costs_bytes(bytes / 2.0).risks(0.05)
}
