//! `schema/legacy-charset`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::with_rows;

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/legacy-charset",
    title: "Character set that does not hold all characters",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Sets that hold all characters, or none but plain ones on purpose.
const FULL: &[&str] = &["ascii", "binary", "gb18030", "utf16", "utf16le", "utf32", "utf8mb4"];

const DOCS: &str = r#"
## Finds
MySQL and MariaDB: tables with text columns in utf8mb3 or a single-byte set other than ascii. PostgreSQL: a database in
SQL_ASCII or in a single-byte encoding.

```facts finds mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "person"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "city", "type_name": "varchar(80)", "family": "text", "charset": "utf8mb3"}],
  "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true}]}]}}
```

```facts finds postgresql
{"catalog": {"encoding": "SQL_ASCII"}}
```

```facts quiet mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "person"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "city", "type_name": "varchar(80)", "family": "text", "charset": "utf8mb4"},
             {"name": "country", "type_name": "char(2)", "family": "padded-text", "length": 2, "charset": "ascii"}],
  "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true}]}]}}
```

## Why it matters
Names and messages with other characters are refused or turned into question marks; SQL_ASCII takes any bytes, so that
nobody can say later what they mean; and joins between columns of two sets convert on each row.

## When not to follow
Columns that hold codes of plain letters and digits only: declare those ascii.

## Fix
MySQL, MariaDB: convert table by table to utf8mb4; the table is copied, and keys over long columns may grow too large.
PostgreSQL: dump, and restore into a database made with UTF8.

## How we verify
Read from the catalog: the set of each column, or of the database.

## References
MySQL manual, The utf8mb3 Character Set; PostgreSQL manual, Character Set Support.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if context.engine() == Engine::Postgresql {
        return database(context).into_iter().collect();
    }
    context.facts.catalog.tables().filter_map(judge).collect()
}

fn database(context: &Context<'_>) -> Option<Finding> {
    let encoding = context.facts.catalog.encoding.as_deref()?;
    let upper = encoding.to_ascii_uppercase();
    let single_byte = upper == "SQL_ASCII"
        || upper.starts_with("LATIN")
        || upper.starts_with("WIN")
        || upper.starts_with("ISO_8859")
        || upper.starts_with("KOI8");
    let message = if upper == "SQL_ASCII" {
        "The database is in SQL_ASCII: it takes any bytes and knows no characters.".to_owned()
    } else {
        format!("The database is in {encoding}, which holds a few hundred characters.")
    };
    let risk = if upper == "SQL_ASCII" { 0.5 } else { 0.3 };
    single_byte.then(|| Finding::new("database", message).evidence(Evidence::text("encoding", encoding, "pg_database")).risks(risk))
}

fn judge(table: &Collection) -> Option<Finding> {
    let legacy = |field: &&Field| field.charset.as_deref().is_some_and(|charset| !FULL.contains(&charset.to_ascii_lowercase().as_str()));
    let columns: Vec<&Field> =
        table.fields.iter().filter(|field| matches!(field.family, TypeFamily::Text | TypeFamily::PaddedText)).filter(legacy).collect();
    let charset = columns.first()?.charset.as_deref()?;
    let names: Vec<&str> = columns.iter().map(|field| field.name.as_str()).collect();
    let message = format!("{} keeps text in {charset}, which does not hold all characters: {}.", table.name, names.join(", "));
    let finding = Finding::new(table.name.to_string(), message).evidence(Evidence::text("character set", charset, "catalog")).risks(0.3);
    Some(with_rows(finding, table))
}
