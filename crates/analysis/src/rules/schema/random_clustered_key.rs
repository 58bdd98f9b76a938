//! `schema/random-clustered-key`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{FEWEST_VALUES, column_object, has_word, is_uuid, known_values, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/random-clustered-key",
    title: "Rows stored in random order",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Rows from which a table no longer lies in a few pages.
const MANY_ROWS: f64 = 10_000.0;

const DOCS: &str = r#"
## Finds
Tables that are stored in the order of their primary key (InnoDB, SQLite WITHOUT ROWID) where the key is a random UUID
and the table holds 10,000 rows or more, or a number that is not known. UUIDs of version 7 and swapped ones of version 1
rise with time and are left out.

```facts finds mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "char(36)", "family": "padded-text", "length": 36, "nullable": false, "default": "uuid()"}, {"name": "body", "type_name": "text", "family": "text"}],
  "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true}],
  "storage": {"engine": "InnoDB", "rows": {"value": 4000000, "exactness": "estimated", "source": "information_schema.tables"}}}]}}
```

```facts quiet mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "binary(16)", "family": "binary", "nullable": false, "default": "uuid_to_bin(uuid(),1)"}, {"name": "body", "type_name": "text", "family": "text"}],
  "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true}],
  "storage": {"engine": "InnoDB", "rows": {"value": 4000000, "exactness": "estimated", "source": "information_schema.tables"}}}]}}
```

```sql quiet
CREATE TABLE coupon (code TEXT PRIMARY KEY, percent INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE event (id TEXT PRIMARY KEY, body TEXT NOT NULL);
```

## Why it matters
Each insert goes to another page: pages split and stay half full, the whole table has to be in cache for inserts to be
fast, and with InnoDB every other index carries the wide key too.

## When not to follow
Small tables, and tables that are read by single key only and written rarely.

## Fix
A number that rises as primary key with the UUID in a unique index beside it; or UUIDs of version 7, which begin with
the time.

## How we verify
Type, default and values of the key, from the catalog and the column's statistics.

## References
MySQL manual, Clustered and Secondary Indexes; SQLite manual, WITHOUT ROWID; RFC 9562, section 6.13.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().filter_map(|table| judge(context, table)).collect()
}

fn judge(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let in_key_order = match context.engine() {
        Engine::Sqlite => table.storage.without_rowid,
        Engine::Mysql | Engine::Mariadb => table.storage.engine.as_deref().is_none_or(|engine| engine.eq_ignore_ascii_case("innodb")),
        _ => false,
    };
    let field = table.field(table.primary_key()?.columns.first()?)?;
    let large = context.rows_of(table).is_none_or(|rows| rows >= MANY_ROWS);
    if !in_key_order || !large || !is_random_uuid(field) {
        return None;
    }
    let message = format!("{} is stored in the order of {}, a random UUID: each insert goes to another page.", table.name, field.name);
    let finding = Finding::new(column_object(table, field), message).evidence(Evidence::text("type", field.type_name.clone(), "catalog"));
    Some(with_rows(finding.risks(0.35), table))
}

/// By type, default or values; not when the values rise with the rows.
fn is_random_uuid(field: &Field) -> bool {
    let default = field.default.as_deref().unwrap_or_default().to_lowercase().replace(' ', "");
    let rising = default.contains(",1)") || default.contains(",true)") || default.contains("v7") || default.contains("uuid_v7");
    let values: Vec<&str> = field.statistics.as_ref().map(known_values).unwrap_or_default();
    let version_7 = !values.is_empty() && values.iter().all(|value| is_uuid(value) && value.as_bytes()[14] == b'7');
    let correlated = field.statistics.as_ref().and_then(|one| one.correlation).is_some_and(|correlation| correlation.abs() > 0.9);
    let by_values = field.values.as_ref().is_some_and(|one| one.texts >= FEWEST_VALUES && one.uuid_like == one.texts)
        || values.len() as u64 >= FEWEST_VALUES && values.iter().all(|value| is_uuid(value));
    let says_uuid = has_word(&field.name, &["uuid", "guid"]);
    let wide = field.length == Some(36) || field.type_name.eq_ignore_ascii_case("binary(16)");
    let is_uuid = field.family == TypeFamily::Uuid || by_values || default.contains("uuid") || says_uuid && wide;
    is_uuid && !rising && !version_7 && !correlated
}
