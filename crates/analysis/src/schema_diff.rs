//! What differs between two schemas, in words; also between systems, as far as their words can be compared. It never judges
//! a difference.

use std::collections::BTreeMap;
use std::fmt;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection, CollectionKind, Field, Index, TypeFamily};
use serde::Serialize;

use crate::schema_hash::Record;

/// A difference: of an object as a whole where `part` is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table, view, sequence, routine or type.
    pub object: String,
    /// Its column, key, reference, check, index, trigger or the like; empty for the object itself.
    pub part: String,
    /// What it was; none where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is; none where it is not there any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.part.is_empty() { self.object.clone() } else { format!("{} of {}", self.part, self.object) };
        match (&self.before, &self.after) {
            (None, _) => write!(f, "{what} added"),
            (_, None) => write!(f, "{what} removed"),
            (Some(before), Some(after)) => write!(f, "{what} changed from {before} to {after}"),
        }
    }
}

/// What changed between two schemas of one system.
#[must_use]
pub fn between(before: &[Record], after: &[Record]) -> Vec<Difference> {
    let (before, after) = (Said::of(before), Said::of(after));
    let mut found = Vec::new();
    let objects: std::collections::BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
    for object in objects {
        let whole = |said: &BTreeMap<String, String>| said.get("").cloned().unwrap_or_default();
        match (before.0.get(object), after.0.get(object)) {
            (Some(old), Some(new)) => parts(object, old, new, &mut found),
            (old, new) => {
                found.push(Difference { object: object.clone(), part: String::new(), before: old.map(whole), after: new.map(whole) });
            }
        }
    }
    found
}

fn parts(object: &str, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>, found: &mut Vec<Difference>) {
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let same_columns = columns(old).eq(columns(new));
    for name in names {
        if old.get(name) == new.get(name) || name == ORDER && !same_columns {
            continue;
        }
        let (before, after) = (old.get(name).cloned(), new.get(name).cloned());
        found.push(Difference { object: object.to_owned(), part: name.clone(), before, after });
    }
}

/// The part that says in which order the columns stand.
pub const ORDER: &str = "order of columns";
const COLUMN: &str = "column ";

fn columns(said: &BTreeMap<String, String>) -> impl Iterator<Item = &String> {
    said.keys().filter(|name| name.starts_with(COLUMN))
}

/// What a schema says of each part of each object.
struct Said(BTreeMap<String, BTreeMap<String, String>>);

impl Said {
    fn of(records: &[Record]) -> Self {
        let mut said = Self(BTreeMap::new());
        let mut object = String::new();
        for record in records {
            let Some((kind, values)) = record.split_first() else { continue };
            let value = |at: usize| values.get(at).map_or("", String::as_str);
            match kind.as_str() {
                "collection" => {
                    object = format!("{} {}", value(1), value(0));
                    said.0.entry(object.clone()).or_default().insert(String::new(), collection(values));
                }
                "sequence" | "routine" | "type" => {
                    let name = if kind == "routine" { format!("{}({})", value(0), value(1)) } else { value(0).to_owned() };
                    let rest = values.get(1..).unwrap_or_default().join(", ");
                    said.add(&format!("{kind} {name}"), String::new(), rest);
                }
                _ => {
                    let (part, says) = part(kind, values);
                    if kind == "field" {
                        let order = said.0.entry(object.clone()).or_default().entry(ORDER.to_owned()).or_default();
                        order.push_str(if order.is_empty() { "" } else { ", " });
                        order.push_str(value(0));
                    }
                    said.add(&object, part, says);
                }
            }
        }
        said
    }

    /// A part that is there twice is told apart by its number.
    fn add(&mut self, object: &str, part: String, says: String) {
        let parts = self.0.entry(object.to_owned()).or_default();
        let mut name = part.clone();
        let mut number = 2;
        while parts.contains_key(&name) {
            name = format!("{part} ({number})");
            number += 1;
        }
        parts.insert(name, says);
    }
}

fn collection(values: &[String]) -> String {
    let flag = |at: usize, word: &'static str| values.get(at).filter(|value| *value == "true").map(|_| word);
    let words = [flag(3, "STRICT"), flag(4, "WITHOUT ROWID"), flag(5, "UNLOGGED")];
    let mut says: Vec<&str> = words.into_iter().flatten().collect();
    says.extend(values.get(2).map(String::as_str).filter(|text| !text.is_empty()));
    says.join(" ")
}

/// What a part is called, and what is said of it.
fn part(kind: &str, values: &[String]) -> (String, String) {
    let value = |at: usize| values.get(at).map_or("", String::as_str);
    let list = |from: usize, to: usize| values.get(from..to.min(values.len())).unwrap_or_default().join(", ");
    match kind {
        "field" => (format!("{COLUMN}{}", value(0)), field(values)),
        "key" if value(0) == "true" => ("primary key".to_owned(), format!("({})", list(2, values.len()))),
        "key" => (format!("unique ({})", list(2, values.len())), if value(1) == "true" { "NULLS NOT DISTINCT" } else { "" }.to_owned()),
        "reference" => {
            let count = value(3).parse::<usize>().unwrap_or(0);
            let (own, theirs) = (list(4, 4 + count), list(4 + count, values.len()));
            let actions = format!("ON DELETE {} ON UPDATE {}", value(1), value(2));
            (format!("reference ({own}) to {} ({theirs})", value(0)), actions)
        }
        "check" => (format!("check {}", value(0)), String::new()),
        "parent" => (format!("parent {}", value(0)), String::new()),
        "index" => (format!("index {}", value(0)), index(values)),
        "trigger" => (format!("trigger {}", value(0)), list(1, values.len())),
        "policy" => (format!("policy {}", member(value(0), "name")), value(0).to_owned()),
        other => (other.to_owned(), list(0, values.len())),
    }
}

fn field(values: &[String]) -> String {
    let value = |at: usize| values.get(at).map_or("", String::as_str);
    let mut words = vec![if value(1).is_empty() { "(no type)" } else { value(1) }.to_owned()];
    if value(2) == "false" {
        words.push("NOT NULL".to_owned());
    }
    for (at, word) in [(3, "DEFAULT"), (4, "GENERATED AS"), (6, "COLLATE")] {
        if !value(at).is_empty() {
            words.push(format!("{word} {}", value(at)));
        }
    }
    if value(5) == "true" {
        words.push("IDENTITY".to_owned());
    }
    words.join(" ")
}

fn index(values: &[String]) -> String {
    let value = |at: usize| values.get(at).map_or("", String::as_str);
    let (included, keys): (Vec<&String>, Vec<&String>) = values.iter().skip(4).partition(|part| part.starts_with('+'));
    let key = |part: &&String| {
        let name = [member(part, "column"), member(part, "expression")].concat();
        let descending = if part.contains("\"descending\":true") { " DESC" } else { "" };
        format!("{name}{descending}")
    };
    let mut words = if value(2) == "true" { vec!["UNIQUE".to_owned()] } else { Vec::new() };
    words.push(format!("{} ({})", value(1), keys.iter().map(key).collect::<Vec<_>>().join(", ")).trim().to_owned());
    if !included.is_empty() {
        words.push(format!("INCLUDE ({})", included.iter().map(|name| &name[1..]).collect::<Vec<_>>().join(", ")));
    }
    if !value(3).is_empty() {
        words.push(format!("WHERE {}", value(3)));
    }
    words.join(" ")
}

/// A text member of a JSON object.
fn member(json: &str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// What is left out when schemas of two systems are compared, for people.
pub const NOT_PORTABLE: &str =
    "defaults, checks, collations, triggers, routines, sequences, user types and index methods are each system's own and are not compared";

/// A catalog in words that two systems share: tables with families of types, nullability, keys, references and indexes by
/// their columns. The schema's name is dropped where all tables are in one.
#[must_use]
pub fn portable(catalog: &Catalog) -> Catalog {
    let mut schemas: Vec<&Option<String>> = catalog.tables().map(|table| &table.name.schema).collect();
    schemas.sort();
    schemas.dedup();
    let bare = schemas.len() <= 1;
    let name = |name: &ObjectName| if bare { ObjectName::bare(name.name.clone()) } else { name.clone() };
    let collections = catalog.collections.iter().filter(|one| one.kind.is_table()).map(|table| portable_table(table, &name)).collect();
    Catalog { collections, ..Catalog::default() }
}

fn portable_table(table: &Collection, name: &dyn Fn(&ObjectName) -> ObjectName) -> Collection {
    let mut copy = Collection { name: name(&table.name), kind: CollectionKind::Table, ..Collection::default() };
    copy.fields = table.fields.iter().map(portable_field).collect();
    copy.keys.clone_from(&table.keys);
    copy.keys.iter_mut().for_each(|key| key.nulls_equal = false);
    copy.references.clone_from(&table.references);
    for reference in &mut copy.references {
        reference.target = name(&reference.target);
        for action in [&mut reference.on_delete, &mut reference.on_update] {
            if matches!(action.as_str(), "" | "RESTRICT") {
                *action = "NO ACTION".to_owned();
            }
        }
    }
    let unique_key = |index: &Index| index.unique && table.keys.iter().any(|key| index.columns().is_some_and(|own| own == key.columns));
    let own = |index: &&Index| !index.automatic && index.constraint.is_none() && !unique_key(index);
    copy.indexes = table.indexes.iter().filter(own).map(portable_index).collect();
    copy
}

/// Keys make a column required whether or not the system writes it down.
fn portable_field(field: &Field) -> Field {
    let family = match field.family {
        TypeFamily::PaddedText => TypeFamily::Text,
        TypeFamily::Money => TypeFamily::Decimal,
        other => other,
    };
    let type_name = serde_json::to_value(family).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let generated = field.generated.as_ref().map(|_| "an expression".to_owned());
    Field { name: field.name.clone(), type_name, nullable: field.nullable, generated, ..Field::default() }
}

fn portable_index(index: &Index) -> Index {
    let part = |part: &dbwright_model::catalog::IndexPart| part.column.clone().unwrap_or_else(|| "an expression".to_owned());
    let columns: Vec<String> = index.parts.iter().map(part).collect();
    let predicate = index.predicate.as_ref().map(|_| "a condition".to_owned());
    let parts = index.parts.iter().map(|one| dbwright_model::catalog::IndexPart {
        column: Some(part(one)),
        descending: one.descending,
        ..dbwright_model::catalog::IndexPart::default()
    });
    Index { name: format!("({})", columns.join(", ")), parts: parts.collect(), unique: index.unique, predicate, ..Index::default() }
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::{IndexPart, Key, Reference};

    use super::*;
    use crate::schema_hash::{of, of_records, records};

    fn field(name: &str, type_name: &str, family: TypeFamily) -> Field {
        Field { name: name.into(), type_name: type_name.into(), family, ..Field::default() }
    }

    fn shop(schema: Option<&str>, int: &str) -> Catalog {
        let name = |table: &str| ObjectName { schema: schema.map(str::to_owned), name: table.to_owned() };
        let customer = Collection {
            name: name("customer"),
            fields: vec![field("id", int, TypeFamily::Integer), field("email", "text", TypeFamily::Text)],
            keys: vec![Key { primary: true, columns: vec!["id".into()], ..Key::default() }],
            ..Collection::default()
        };
        let sale = Collection {
            name: name("sale"),
            fields: vec![field("customer", int, TypeFamily::Integer)],
            references: vec![Reference {
                columns: vec!["customer".into()],
                target: name("customer"),
                target_columns: vec!["id".into()],
                ..Reference::default()
            }],
            indexes: vec![Index {
                name: format!("{}_i", schema.unwrap_or("x")),
                parts: vec![IndexPart { column: Some("customer".into()), ..IndexPart::default() }],
                ..Index::default()
            }],
            ..Collection::default()
        };
        Catalog { collections: vec![customer, sale], ..Catalog::default() }
    }

    fn words(before: &Catalog, after: &Catalog) -> Vec<String> {
        between(&records(before), &records(after)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_change_is_named_once() {
        let before = shop(None, "integer");
        assert!(words(&before, &before).is_empty());
        let mut after = before.clone();
        after.collections[0].fields[1].type_name = "varchar(80)".into();
        after.collections[0].fields.push(field("born", "date", TypeFamily::Date));
        after.collections.pop();
        assert_eq!(
            words(&before, &after),
            [
                "column born of table customer added",
                "column email of table customer changed from text NOT NULL to varchar(80) NOT NULL",
                "table sale removed"
            ]
        );
        let mut turned = before.clone();
        turned.collections[0].fields.swap(0, 1);
        assert_eq!(words(&before, &turned), ["order of columns of table customer changed from id, email to email, id"]);
    }

    #[test]
    fn two_systems_are_compared_by_what_they_share() {
        let (here, there) = (shop(Some("public"), "bigint"), shop(None, "INTEGER"));
        assert!(!words(&here, &there).is_empty());
        assert!(words(&portable(&here), &portable(&there)).is_empty(), "{:?}", words(&portable(&here), &portable(&there)));
        let mut fewer = there.clone();
        fewer.collections[1].indexes.clear();
        assert_eq!(words(&portable(&here), &portable(&fewer)), ["index (customer) of table sale removed"]);
    }

    #[test]
    fn records_that_were_kept_give_the_hash() {
        let catalog = shop(None, "integer");
        assert_eq!(of(&catalog), of_records(&records(&catalog)));
    }
}
