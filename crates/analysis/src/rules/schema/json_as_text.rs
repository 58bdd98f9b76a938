//! `schema/json-as-text`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{Rule, SQL};
use crate::rules::shared::{Form, SameForm, all_of_form, column_object, is_quickly_rewritten, is_text, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/json-as-text",
    title: "JSON kept as text",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const FORM: Form = Form { counted: |profile| profile.json_like, fits: is_json };

const DOCS: &str = r#"
## Finds
Text columns in which all of ten or more values seen are JSON objects or arrays, without a check that they are. SQLite
and MariaDB keep JSON as text by design: there a column without check is only mentioned.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "message"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "payload", "type_name": "text", "family": "text",
    "values": {"rows_read": 500, "complete": true, "texts": 500, "json_like": 500}}],
  "keys": [{"name": "message_pkey", "columns": ["id"], "primary": true}]}]}}
```

```sql quiet
CREATE TABLE message (id INTEGER PRIMARY KEY, payload TEXT NOT NULL CHECK (json_valid(payload)));
INSERT INTO message (payload) VALUES ('{"a":1}'), ('{"a":2}'), ('{"a":3}'), ('{"a":4}'), ('{"a":5}'), ('{"a":6}'), ('{"a":7}'), ('{"a":8}'), ('{"a":9}'), ('{}'), ('[]');
```

## Why it matters
A broken document is accepted and found by the reader; every look inside parses the text anew; no index reaches a
member.

## When not to follow
Documents that must be kept letter by letter, as signed messages are.

## Fix
PostgreSQL: jsonb. MySQL: JSON. SQLite and MariaDB: CHECK (json_valid(column)), and an index over an expression for the
members that are asked for.

## How we verify
Rows were read, or all values that the planner's statistics keep were tried.

## References
PostgreSQL manual, JSON Types; SQLite manual, JSON Functions; MariaDB documentation, JSON Data Type.
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
    if table.checks.iter().any(|check| check.expression.to_lowercase().contains("json") && check.expression.contains(&field.name)) {
        return None;
    }
    let own_type = matches!(context.engine(), Engine::Postgresql | Engine::Mysql);
    let message = if own_type {
        format!("{} holds nothing but JSON, as {}.", column_object(table, field), field.type_name)
    } else {
        format!("{} holds nothing but JSON, and no check keeps it so.", column_object(table, field))
    };
    let finding = Finding::new(column_object(table, field), message).evidence(values.evidence("values seen")).risks(0.2);
    let finding = finding.change_if(change(context, table, field));
    Some(with_rows(if own_type { finding } else { finding.severe(Severity::Info) }, table))
}

fn change(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Change> {
    if context.engine() != Engine::Postgresql || !is_quickly_rewritten(table) || field.default.is_some() {
        return None;
    }
    let name = quote(Engine::Postgresql, &field.name);
    let (using, back) = (format!("{name}::jsonb"), format!("{name}::{}", field.type_name));
    let new = NewType { type_name: "jsonb", using: Some(&using), using_back: Some(&back), rewrites: true };
    Ddl::of(context.facts).alter_type(table, field, new)
}

fn is_json(value: &str) -> bool {
    value.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok()
}
