//! `schema/uuid-as-text`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{Rule, SQL};
use crate::rules::shared::{Form, SameForm, all_of_form, column_object, is_quickly_rewritten, is_text, is_uuid, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/uuid-as-text",
    title: "UUIDs kept as text",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// A text of 36 bytes with its length, against 16 bytes.
const SAVED_BYTES: f64 = 21.0;

const FORM: Form = Form { counted: |profile| profile.uuid_like, fits: is_uuid };

const DOCS: &str = r#"
## Finds
Text columns in which all of ten or more values seen are UUIDs of canonical form. SQLite, which has no type for them, is
mentioned only for its room.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "token"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "character varying(36)", "family": "text", "nullable": false,
    "values": {"rows_read": 500, "complete": true, "texts": 500, "uuid_like": 500, "distinct": 500}}],
  "keys": [{"name": "token_pkey", "columns": ["id"], "primary": true}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "token"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "character varying(36)", "family": "text", "nullable": false,
    "values": {"rows_read": 500, "complete": true, "texts": 500, "uuid_like": 498, "distinct": 500}}],
  "keys": [{"name": "token_pkey", "columns": ["id"], "primary": true}]}]}}
```

## Why it matters
Each takes 37 bytes instead of 16, in the table, in every index and in every column that refers to it; comparing texts
is slower; and the same UUID in capitals is another text.

## When not to follow
Identifiers from elsewhere that are UUIDs only today.

## Fix
PostgreSQL: uuid. MariaDB 10.7 and newer: UUID. MySQL: BINARY(16) with UUID_TO_BIN. SQLite: a BLOB of 16 bytes. Columns
that refer to it change together.

## How we verify
Rows were read, or all values that the planner's statistics keep were tried.

## References
PostgreSQL manual, UUID Type; RFC 9562; MySQL manual, UUID_TO_BIN.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for field in table.fields.iter().filter(|field| is_text(field)) {
            if let Some(values) = all_of_form(field, &FORM) {
                findings.extend(judge(context, table, field, &values));
            }
        }
    }
    findings
}

fn judge(context: &Context<'_>, table: &Collection, field: &Field, values: &SameForm) -> Option<Finding> {
    let message = format!("{} holds nothing but UUIDs, as {}.", column_object(table, field), field.type_name);
    let places = 1 + table.indexes.iter().filter(|index| index.parts.iter().any(|part| part.column.as_ref() == Some(&field.name))).count();
    let saved = table.rows().unwrap_or(0.0) * SAVED_BYTES * places as f64;
    let finding = Finding::new(column_object(table, field), message)
        .evidence(values.evidence("values seen"))
        .evidence(Evidence::estimated("room given back", saved, Unit::Bytes, "21 bytes a value, in the table and its indexes"))
        .change_if(change(context, table, field))
        .costs_bytes(saved);
    let finding = if context.engine() == Engine::Sqlite { finding.severe(Severity::Info).risks(0.05) } else { finding.risks(0.25) };
    Some(with_rows(finding, table))
}

fn change(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Change> {
    if context.engine() != Engine::Postgresql || !is_quickly_rewritten(table) || field.default.is_some() {
        return None;
    }
    let name = quote(Engine::Postgresql, &field.name);
    let (using, back) = (format!("{name}::uuid"), format!("{name}::{}", field.type_name));
    let new = NewType { type_name: "uuid", using: Some(&using), using_back: Some(&back), rewrites: true };
    Ddl::of(context.facts).alter_type(table, field, new)
}
