//! `schema/boolean-as-text`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{Rule, SQL};
use crate::rules::shared::{
    FEWEST_VALUES, column_object, distinct, is_quickly_rewritten, is_text, known_values, starts_reference, with_rows,
};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/boolean-as-text",
    title: "Truth values kept as text",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Words of truth, the true one first.
const PAIRS: &[[&str; 2]] = &[["yes", "no"], ["y", "n"], ["Y", "N"], ["true", "false"], ["t", "f"], ["on", "off"], ["1", "0"]];

const DOCS: &str = r#"
## Finds
Text columns in which all of ten or more values seen are the two words of one pair: yes and no, y and n, true and false,
t and f, on and off, 0 and 1.

```sql finds
CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT NOT NULL, newsletter TEXT NOT NULL);
INSERT INTO member (name, newsletter) VALUES ('a', 'yes'), ('b', 'no'), ('c', 'no'), ('d', 'yes'), ('e', 'no'), ('f', 'no'), ('g', 'yes'), ('h', 'no'),
  ('i', 'no'), ('j', 'yes'), ('k', 'no');
```

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "member"}, "kind": "table",
  "fields": [{"name": "id", "nullable": false}, {"name": "active", "type_name": "character varying(5)", "family": "text",
    "statistics": {"source": "pg_stats", "distinct": 2, "common": [{"value": "Y", "share": 0.8}, {"value": "N", "share": 0.2}]}}],
  "keys": [{"name": "member_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]}}
```

```sql quiet
CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT NOT NULL, answer TEXT NOT NULL);
INSERT INTO member (name, answer) VALUES ('a', 'yes'), ('b', 'no'), ('c', 'no'), ('d', 'yes'), ('e', 'perhaps'), ('f', 'no'), ('g', 'yes'), ('h', 'no'),
  ('i', 'no'), ('j', 'yes'), ('k', 'no');
```

## Why it matters
'Yes', 'yes', 'y' and a blank are all accepted sooner or later, and each query that forgets one of them is wrong without
an error.

## When not to follow
Answers to which a third will be added.

## Fix
A boolean; MySQL: BOOLEAN, which is TINYINT(1); SQLite: INTEGER with CHECK (column IN (0, 1)).

## How we verify
Rows were read, or all values that the planner's statistics keep were tried.

## References
PostgreSQL manual, Boolean Type; SQLite manual, Datatypes, section 2.1.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let texts = table.fields.iter().filter(|field| is_text(field) && !starts_reference(table, field));
        findings.extend(texts.filter(|field| is_pair(table, field)).map(|field| finding(context, table, field)));
    }
    findings
}

/// Whether the column holds the words of one pair and nothing else.
fn is_pair(table: &Collection, field: &Field) -> bool {
    let words: Option<Vec<&str>> = field.statistics.as_ref().map(known_values).filter(|values| !values.is_empty());
    let one_pair = |words: &[&str]| PAIRS.iter().any(|pair| words.iter().all(|word| pair.iter().any(|one| one.eq_ignore_ascii_case(word))));
    let of_pair = words.as_ref().map(|words| one_pair(words));
    match &field.values {
        Some(profile) => {
            let only_these =
                profile.texts >= FEWEST_VALUES && profile.boolean_like == profile.texts && profile.integers + profile.floats == 0;
            // One word alone is no pair: NO is a country too.
            let both = profile.distinct.map_or_else(|| distinct(field) == Some(2.0), |distinct| distinct == 2);
            only_these && both && of_pair != Some(false)
        }
        None => {
            let both = words.is_some_and(|words| words.len() == 2);
            let few = distinct(field).is_some_and(|distinct| distinct <= 2.0);
            of_pair == Some(true) && both && few && table.rows().is_some_and(|rows| rows >= FEWEST_VALUES as f64)
        }
    }
}

fn finding(context: &Context<'_>, table: &Collection, field: &Field) -> Finding {
    let message = format!("{} holds truth values as {}.", column_object(table, field), field.type_name);
    let finding = Finding::new(column_object(table, field), message).change_if(change(context, table, field)).risks(0.25);
    let finding = match &field.values {
        Some(profile) => finding.evidence(Evidence::measured("values seen", profile.texts as f64, Unit::Rows, "rows read")),
        None => finding.evidence(Evidence::estimated("distinct values", distinct(field).unwrap_or(2.0), Unit::Count, "column statistics")),
    };
    with_rows(finding, table)
}

/// PostgreSQL reads all words of these pairs as booleans.
fn change(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Change> {
    if context.engine() != Engine::Postgresql || !is_quickly_rewritten(table) || field.default.is_some() {
        return None;
    }
    let words: Vec<&str> = field.statistics.as_ref().map(known_values).unwrap_or_default();
    let pair = PAIRS.iter().find(|pair| pair.iter().all(|word| words.contains(word)))?;
    let name = quote(Engine::Postgresql, &field.name);
    let (using, back) = (format!("{name}::boolean"), format!("CASE WHEN {name} THEN '{}' ELSE '{}' END", pair[0], pair[1]));
    let new = NewType { type_name: "boolean", using: Some(&using), using_back: Some(&back), rewrites: true };
    Ddl::of(context.facts).alter_type(table, field, new)
}
