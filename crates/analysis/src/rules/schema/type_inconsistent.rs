//! `schema/type-inconsistent`.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{column_object, starts_reference, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/type-inconsistent",
    title: "One name, several types",
    severity: Severity::Info,
    engines: SQL,
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

const DOCS: &str = r"
## Finds
Columns of one name that have different kinds of type in different tables, where the name is that of a reference
(`…_id`) or occurs in three or more tables and most of them agree. Columns with a foreign key are left to
schema/fk-type-mismatch; names that mean something else in each table (`status`, `value`, `date`) are left out.

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

## Why it matters
Whoever joins by the name gets a conversion on each row, an index that is not used, or, with SQLite, no match at all.

## When not to follow
Names that happen to be the same and are never compared.

## Fix
Give the odd one the type of the others, or another name.

## How we verify
Read from the catalog: the family of types of each column by name.

## References
PostgreSQL manual, Type Conversion; SQLite manual, Datatypes, section 4.2.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut by_name: BTreeMap<String, Vec<(&Collection, &Field)>> = BTreeMap::new();
    for table in context.facts.catalog.tables() {
        for field in table.fields.iter().filter(|field| !field.type_name.is_empty() && field.family != TypeFamily::Other) {
            by_name.entry(field.name.to_lowercase()).or_default().push((table, field));
        }
    }
    by_name.into_iter().filter(|(name, _)| !GENERIC.contains(&name.as_str())).flat_map(|(_, places)| judge(&places)).collect()
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
