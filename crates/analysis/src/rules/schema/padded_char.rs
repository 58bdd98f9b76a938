//! `schema/padded-char`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::{column_object, is_quickly_rewritten, known_values, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/padded-char",
    title: "Text padded with blanks",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Characters from which padding is likely to be waste.
const LONG: u32 = 8;
/// Lengths of UUIDs and of hashes in hexadecimal or base64.
const FIXED: &[u32] = &[22, 24, 26, 27, 28, 32, 36, 40, 43, 44, 48, 56, 60, 64, 86, 88, 96, 128];

const DOCS: &str = r#"
## Finds
Columns of a padded type (`char(n)`) whose known values are shorter than the declared length: a warning. Where no values
are known, padded columns of eight and more characters are mentioned, unless their length is that of a hash or UUID.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "person"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "city", "type_name": "character(40)", "family": "padded-text", "length": 40,
    "statistics": {"source": "pg_stats", "common": [{"value": "Oslo                                    ", "share": 0.2}]}}],
  "keys": [{"name": "person_pkey", "columns": ["id"], "primary": true}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "country"}, "kind": "table",
  "fields": [{"name": "code", "type_name": "character(2)", "family": "padded-text", "length": 2, "nullable": false,
    "statistics": {"source": "pg_stats", "common": [{"value": "NO", "share": 0.2}, {"value": "SE", "share": 0.2}]}},
    {"name": "digest", "type_name": "character(64)", "family": "padded-text", "length": 64}],
  "keys": [{"name": "country_pkey", "columns": ["code"], "primary": true}]}]}}
```

## Why it matters
Every value takes the full length on disk, in cache and in indexes, and blanks at the end are kept, cut or ignored by
rules that differ between comparison, length() and LIKE.

## When not to follow
Codes that all have the declared length: countries, currencies, hashes.

## Fix
Use text or varchar(n), with a check on the length where it matters.

## How we verify
Values from the planner's statistics, without their blanks at the end, against the declared length.

## References
PostgreSQL manual, Character Types; MySQL manual, The CHAR and VARCHAR Types.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let padded = table.fields.iter().filter(|field| field.family == TypeFamily::PaddedText);
        findings.extend(padded.filter_map(|field| judge(context, table, field)));
    }
    findings
}

fn judge(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Finding> {
    let length = field.length.filter(|length| *length > 1)?;
    let object = column_object(table, field);
    let values: Vec<&str> = field.statistics.as_ref().map(known_values).unwrap_or_default();
    if values.is_empty() {
        let message = format!("{object} is {}: shorter values are padded with blanks.", field.type_name);
        let unknown = length >= LONG && !FIXED.contains(&length);
        return unknown.then(|| Finding::new(object, message).graded(Grade::Inferred).risks(0.1));
    }
    let mean = values.iter().map(|value| value.trim_end().chars().count() as f64).sum::<f64>() / values.len() as f64;
    let wasted = f64::from(length) - mean;
    let message = format!("{object} is {}, but its values are {mean:.1} characters long: the rest is blanks.", field.type_name);
    (wasted >= 0.5).then(|| {
        let finding = Finding::new(object, message)
            .evidence(Evidence::estimated("mean length", mean, Unit::Count, "column statistics, without blanks at the end"))
            .change_if(change(context, table, field, length));
        with_rows(finding.severe(Severity::Warning).costs_bytes(wasted * table.rows().unwrap_or(0.0)).risks(0.2), table)
    })
}

fn change(context: &Context<'_>, table: &Collection, field: &Field, length: u32) -> Option<Change> {
    if context.engine() != Engine::Postgresql || !is_quickly_rewritten(table) {
        return None;
    }
    let type_name = format!("character varying({length})");
    let using = format!("rtrim({})", quote(Engine::Postgresql, &field.name));
    let new = NewType { type_name: &type_name, using: Some(&using), using_back: None, rewrites: true };
    Ddl::of(context.facts).alter_type(table, field, new)
}
