//! `schema/type-inconsistent`.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{ALL, Rule};
use crate::rules::keyspace::{FEWEST_KEYS, Pattern, is_numbered, patterns};
use crate::rules::shared::{column_object, starts_reference, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/type-inconsistent",
    title: "One name, several types",
    severity: Severity::Info,
    engines: ALL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Tables in which a name must occur before they can be said to agree on its type.
const FEWEST_TABLES: usize = 3;
/// Names that mean something else in each table.
const GENERIC: &[&str] = &[
    "amount",
    "client_id",
    "code",
    "content",
    "correlation_id",
    "count",
    "data",
    "date",
    "day",
    "default",
    "description",
    "duration",
    "enabled",
    "end",
    "entity_id",
    "event_id",
    "external_id",
    "id",
    "item_id",
    "job_id",
    "key",
    "kind",
    "label",
    "level",
    "limit",
    "message",
    "message_id",
    "mode",
    "month",
    "name",
    "note",
    "number",
    "object_id",
    "options",
    "order",
    "owner_id",
    "parameters",
    "parent_id",
    "period",
    "position",
    "priority",
    "quantity",
    "rank",
    "rating",
    "reason",
    "record_id",
    "ref",
    "ref_id",
    "reference",
    "reference_id",
    "remote_id",
    "request_id",
    "resource_id",
    "result",
    "role",
    "score",
    "session_id",
    "severity",
    "size",
    "source",
    "source_id",
    "start",
    "state",
    "status",
    "subject_id",
    "target",
    "target_id",
    "time",
    "timestamp",
    "title",
    "total",
    "trace_id",
    "transaction_id",
    "type",
    "unit",
    "value",
    "version",
    "weight",
    "year",
];

const DOCS: &str = r#"
## Finds
Columns of one name that have different kinds of type in different tables, where the name is that of a reference
(`…_id`) or occurs in three or more tables and most of them agree. Columns with a foreign key are left to
schema/fk-type-mismatch; names that mean something else in each table (`status`, `value`, `date`) are left out. Redis and
Valkey: keys of one pattern that hold values of several types, which is a warning.

```sql finds
CREATE TABLE invoice (id INTEGER PRIMARY KEY, warehouse_id INTEGER NOT NULL);
CREATE TABLE delivery (id INTEGER PRIMARY KEY, warehouse_id INTEGER NOT NULL);
CREATE TABLE stock_count (id INTEGER PRIMARY KEY, warehouse_id TEXT NOT NULL);
```

```sql quiet
CREATE TABLE invoice (id INTEGER PRIMARY KEY, warehouse_id INTEGER NOT NULL, status TEXT NOT NULL);
CREATE TABLE delivery (id INTEGER PRIMARY KEY, warehouse_id INT NOT NULL, status INTEGER NOT NULL);
CREATE TABLE stock_count (id INTEGER PRIMARY KEY, warehouse_id BIGINT NOT NULL, status TEXT NOT NULL);
```

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "cart:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 900, "exactness": "measured", "source": "SCAN"}},
  "records": {"types": {"hash": 870, "string": 30}, "sampled": 900, "examples": {"hash": "cart:17", "string": "cart:18"}}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "app:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 90, "exactness": "measured", "source": "SCAN"}},
  "records": {"types": {"hash": 60, "string": 30}, "sampled": 90, "examples": {"hash": "app:settings", "string": "app:theme"}}}]}}
```

## Why it matters
Keys: a command meant for one type is answered WRONGTYPE by the other. Columns: whoever joins by the name gets a conversion on each row, an index that is not used, or, with SQLite, no match at all.

## When not to follow
Names that happen to be the same and are never compared; keys of a change under way that programs know how to read.

## Fix
Give the odd one the type of the others, or another name. Keys: find out which program writes the odd type, give its keys a
prefix of their own, and carry the old ones over.

## How we verify
Read from the catalog: the family of types of each column by name; of keys the TYPE of those sampled.

## References
PostgreSQL manual, Type Conversion; SQLite manual, Datatypes, section 4.2.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.engine().speaks_sql() {
        return patterns(context).filter_map(|pattern| mixed(&pattern)).collect();
    }
    let mut by_name: BTreeMap<String, Vec<(&Collection, &Field)>> = BTreeMap::new();
    for table in context.facts.catalog.tables() {
        for field in table.fields.iter().filter(|field| !field.type_name.is_empty() && field.family != TypeFamily::Other) {
            by_name.entry(field.name.to_lowercase()).or_default().push((table, field));
        }
    }
    by_name.into_iter().filter(|(name, _)| !GENERIC.contains(&name.as_str())).flat_map(|(_, places)| judge(&places)).collect()
}

/// Keys whose variable part is an identifier are of one kind, and so should their values be.
fn mixed(pattern: &Pattern<'_>) -> Option<Finding> {
    let shape = pattern.shape;
    let numbered = shape.examples.values().all(|name| is_numbered(&pattern.collection.name.name, name));
    // A key that went between SCAN and TYPE has none.
    let types: Vec<(&String, &u64)> = shape.types.iter().filter(|(kind, _)| !matches!(kind.as_str(), "none" | "")).collect();
    if types.len() < 2 || !numbered || shape.sampled < FEWEST_KEYS {
        return None;
    }
    let list: Vec<String> = types.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let message = format!("Keys {} hold values of several types: of those looked at {}.", pattern.name(), list.join(", "));
    let mut finding = Finding::new(pattern.name(), message)
        .severe(Severity::Warning)
        .evidence(Evidence::measured("keys sampled", shape.sampled as f64, Unit::Count, "SCAN"))
        .risks(0.3);
    for (kind, name) in &shape.examples {
        finding = finding.evidence(Evidence::text(format!("a {kind}"), name.clone(), "TYPE"));
    }
    Some(finding)
}

fn judge(places: &[(&Collection, &Field)]) -> Vec<Finding> {
    let mut counts: BTreeMap<TypeFamily, usize> = BTreeMap::new();
    for (_, field) in places {
        *counts.entry(kind(field)).or_default() += 1;
    }
    let Some((usual, most)) =
        counts.iter().map(|(family, count)| (*family, *count)).max_by_key(|(family, count)| (*count, *family != TypeFamily::Text))
    else {
        return Vec::new();
    };
    let reference =
        places.first().is_some_and(|(_, field)| words(&field.name).len() > 1 && words(&field.name).last().is_some_and(|word| word == "id"));
    let agreed = if reference {
        places.len() > 1 && most * 2 >= places.len()
    } else {
        places.len() >= FEWEST_TABLES && most * 3 >= places.len() * 2
    };
    if counts.len() < 2 || !agreed {
        return Vec::new();
    }
    let Some(example) = places.iter().find(|(_, field)| kind(field) == usual) else { return Vec::new() };
    let odd = places.iter().filter(|(table, field)| kind(field) != usual && !starts_reference(table, field));
    odd.map(|(table, field)| finding(table, field, example, most, reference)).collect()
}

/// Families that compare with each other as they are count as one.
fn kind(field: &Field) -> TypeFamily {
    match field.family {
        TypeFamily::PaddedText | TypeFamily::Enum => TypeFamily::Text,
        TypeFamily::Decimal | TypeFamily::Float | TypeFamily::Money => TypeFamily::Decimal,
        TypeFamily::Timestamp | TypeFamily::TimestampWithZone => TypeFamily::Timestamp,
        other => other,
    }
}

fn finding(table: &Collection, field: &Field, example: &(&Collection, &Field), most: usize, reference: bool) -> Finding {
    let (other, usual) = example;
    let message = format!(
        "{} is {}; columns of that name are {} in {most} other tables, as in {}.",
        column_object(table, field),
        field.type_name,
        usual.type_name,
        other.name
    );
    let finding = Finding::new(column_object(table, field), message);
    if reference { finding.severe(Severity::Warning).risks(0.3) } else { finding.risks(0.1) }
}
