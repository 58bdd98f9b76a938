//! `schema/date-as-text`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, FactKind, Finding, Severity, Timestamp};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::{Form, SameForm, all_of_form, column_object, is_quickly_rewritten, is_text, known_values, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/date-as-text",
    title: "Dates kept as text",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Characters of `YYYY-MM-DD`.
const DAY_LENGTH: usize = 10;
/// Characters of ` HH:MM`.
const SHORTEST_TIME: usize = 6;

const FORM: Form = Form { counted: |profile| profile.date_like, fits: is_date };

const DOCS: &str = r#"
## Finds
Text columns in which all of ten or more values seen are dates or times of ISO form. SQLite has no other type for them
and is left out.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "visit"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "day", "type_name": "text", "family": "text", "statistics": {"source": "pg_stats", "distinct": 400,
    "histogram": ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01", "2025-06-01", "2025-07-01", "2025-08-01", "2025-09-01", "2025-10-01"]}}],
  "keys": [{"name": "visit_pkey", "columns": ["id"], "primary": true}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "visit"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "day", "type_name": "text", "family": "text", "statistics": {"source": "pg_stats", "distinct": 400,
    "histogram": ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01", "2025-06-01", "2025-07-01", "2025-08-01", "2025-09-01", "unknown"]}}],
  "keys": [{"name": "visit_pkey", "columns": ["id"], "primary": true}]}]}}
```

## Why it matters
Impossible dates are accepted, arithmetic and ranges need a conversion that no index serves, and a text takes two to
five times the room.

## When not to follow
Partial dates (only a year and month) that no type of the engine can hold.

## Fix
Change the type to date or timestamptz; the conversion fails loudly on the first value that is none.

## How we verify
All values that the planner's statistics keep were tried, or rows were read.

## References
PostgreSQL manual, Date/Time Types; MySQL manual, Date and Time Data Types.
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
    let message = format!("{} holds nothing but dates, as {}.", column_object(table, field), field.type_name);
    let finding = Finding::new(column_object(table, field), message).evidence(values.evidence("values seen"));
    Some(with_rows(finding.change_if(change(context, table, field)).risks(0.3), table))
}

/// To `date`, where every known value is a day; times need somebody who knows their zone.
fn change(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Change> {
    let days = field.statistics.as_ref().is_some_and(|one| known_values(one).iter().all(|value| value.len() == DAY_LENGTH));
    if context.engine() != Engine::Postgresql || !is_quickly_rewritten(table) || !days || field.default.is_some() {
        return None;
    }
    let name = quote(Engine::Postgresql, &field.name);
    let (using, back) = (format!("{name}::date"), format!("to_char({name}, 'YYYY-MM-DD')"));
    let new = NewType { type_name: "date", using: Some(&using), using_back: Some(&back), rewrites: true };
    Ddl::of(context.facts).alter_type(table, field, new)
}

/// `YYYY-MM-DD`, alone or with a time behind it.
fn is_date(value: &str) -> bool {
    let (Some(day), rest) = (value.get(..DAY_LENGTH), value.get(DAY_LENGTH..).unwrap_or_default()) else { return false };
    Timestamp::from_date(day).is_ok() && (rest.is_empty() || rest.starts_with([' ', 'T']) && rest.len() >= SHORTEST_TIME)
}
