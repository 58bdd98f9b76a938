//! Tables, views, virtual tables, their columns, keys, references, checks, indexes and triggers: a fixed number of
//! queries for ordinary tables, one more for each view and virtual table. It never reads a row of the user's.

use std::collections::BTreeMap;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Check, Collection, CollectionKind, Field, Index, IndexPart, Key, Reference, Storage, Trigger, TypeFamily};

use super::declaration::{self, TableText};
use super::reader::{Reader, optional_text, plain, text};
use super::types;

/// The collections of a file, by name, and what could not be read of them.
pub(super) struct Read {
    pub collections: BTreeMap<String, Collection>,
    pub gaps: Vec<String>,
}

struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

/// Reads the catalog.
///
/// # Errors
/// When the schema itself can't be read; a single view or virtual table that can't is a gap.
pub(super) fn read(reader: &Reader) -> rusqlite::Result<Read> {
    let objects = reader.all(include_str!("queries/objects.sql"), [], |row| {
        Ok(Object { kind: text(row, 0)?, name: text(row, 1)?, table: text(row, 2)?, sql: text(row, 3)? })
    })?;
    let mut read = Read { collections: tables(reader)?, gaps: Vec::new() };
    for object in objects.iter().filter(|object| matches!(object.kind.as_str(), "table" | "view")) {
        if let Some(collection) = read.collections.get_mut(&object.name) {
            collection.definition = Some(object.sql.clone());
            if collection.kind == CollectionKind::VirtualTable {
                collection.storage.engine = declaration::module(&object.sql);
            }
        }
    }
    columns(reader, &mut read)?;
    indexes(reader, &objects, &mut read.collections)?;
    references(reader, &mut read.collections)?;
    for collection in read.collections.values_mut().filter(|collection| has_rows(collection.kind)) {
        let said = declaration::table(collection.definition.as_deref().unwrap_or_default());
        complete(collection, &said);
    }
    for object in objects.iter().filter(|object| object.kind == "trigger") {
        if let Some(collection) = find(&mut read.collections, &object.table) {
            let event = declaration::trigger_event(&object.sql);
            collection.triggers.push(Trigger { name: object.name.clone(), event, enabled: true, ..Trigger::default() });
        }
    }
    Ok(read)
}

/// Whether rows of the collection lie in a tree of its own.
pub(super) const fn has_rows(kind: CollectionKind) -> bool {
    matches!(kind, CollectionKind::Table | CollectionKind::ShadowTable)
}

fn find<'a>(collections: &'a mut BTreeMap<String, Collection>, name: &str) -> Option<&'a mut Collection> {
    if collections.contains_key(name) {
        return collections.get_mut(name);
    }
    collections.values_mut().find(|collection| collection.name.name.eq_ignore_ascii_case(name))
}

fn tables(reader: &Reader) -> rusqlite::Result<BTreeMap<String, Collection>> {
    let rows = reader.all(include_str!("queries/tables.sql"), [], |row| {
        let kind = match text(row, 1)?.as_str() {
            "view" => CollectionKind::View,
            "virtual" => CollectionKind::VirtualTable,
            "shadow" => CollectionKind::ShadowTable,
            _ => CollectionKind::Table,
        };
        let storage = Storage { without_rowid: row.get(2)?, strict: row.get(3)?, ..Storage::default() };
        Ok(Collection { name: ObjectName::bare(text(row, 0)?), kind, storage, ..Collection::default() })
    })?;
    Ok(rows.into_iter().map(|collection| (collection.name.name.clone(), collection)).collect())
}

struct Column {
    table: String,
    field: Field,
    key_place: i64,
}

fn column(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Column>> {
    let (type_name, hidden) = (text(row, 2)?, row.get::<_, i64>(6)?);
    if hidden == 1 {
        return Ok(None);
    }
    let field = Field {
        name: text(row, 1)?,
        family: types::family(&type_name),
        length: types::length(&type_name),
        nullable: row.get::<_, i64>(3)? == 0,
        default: optional_text(row, 4)?,
        generated: (hidden >= 2).then(String::new),
        storage: match hidden {
            2 => Some("virtual".to_owned()),
            3 => Some("stored".to_owned()),
            _ => None,
        },
        type_name,
        ..Field::default()
    };
    Ok(Some(Column { table: text(row, 0)?, field, key_place: row.get(5)? }))
}

fn columns(reader: &Reader, read: &mut Read) -> rusqlite::Result<()> {
    let mut found = reader.all(include_str!("queries/columns.sql"), [], column)?;
    let apart =
        read.collections.values().filter(|collection| matches!(collection.kind, CollectionKind::View | CollectionKind::VirtualTable));
    for name in apart.map(|collection| collection.name.name.clone()).collect::<Vec<_>>() {
        match reader.all(include_str!("queries/columns_of.sql"), [&name], column) {
            Ok(columns) => found.extend(columns),
            Err(error) => read.gaps.push(format!("{name}: {}", plain(&error))),
        }
    }
    let mut keys: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for column in found.into_iter().flatten() {
        let Some(collection) = read.collections.get_mut(&column.table) else { continue };
        if column.key_place > 0 {
            keys.entry(column.table).or_default().push((column.key_place, column.field.name.clone()));
        }
        collection.fields.push(column.field);
    }
    for (table, mut columns) in keys {
        columns.sort();
        if let Some(collection) = read.collections.get_mut(&table) {
            let columns = columns.into_iter().map(|(_, name)| name).collect();
            collection.keys.push(Key { columns, primary: true, ..Key::default() });
        }
    }
    Ok(())
}

struct Listed {
    table: String,
    name: String,
    unique: bool,
    origin: String,
}

fn indexes(reader: &Reader, objects: &[Object], collections: &mut BTreeMap<String, Collection>) -> rusqlite::Result<()> {
    let listed = reader.all(include_str!("queries/indexes.sql"), [], |row| {
        Ok(Listed { table: text(row, 0)?, name: text(row, 1)?, unique: row.get(2)?, origin: text(row, 3)? })
    })?;
    let mut parts: BTreeMap<String, Vec<(i64, IndexPart)>> = BTreeMap::new();
    let rows = reader.all(include_str!("queries/index_parts.sql"), [], |row| {
        let part = IndexPart {
            column: optional_text(row, 2)?,
            descending: row.get(3)?,
            collation: optional_text(row, 4)?,
            ..IndexPart::default()
        };
        Ok((text(row, 0)?, row.get::<_, i64>(1)?, part))
    })?;
    for (index, column, part) in rows {
        parts.entry(index).or_default().push((column, part));
    }
    let definitions: BTreeMap<&str, &str> = objects
        .iter()
        .filter(|object| object.kind == "index" && !object.sql.is_empty())
        .map(|object| (object.name.as_str(), object.sql.as_str()))
        .collect();
    for entry in listed {
        let Some(collection) = collections.get_mut(&entry.table) else { continue };
        let definition = definitions.get(entry.name.as_str()).copied();
        let index = index(&entry, definition, parts.remove(&entry.name).unwrap_or_default());
        constraint_of(collection, &entry, &index);
        collection.indexes.push(index);
    }
    Ok(())
}

fn index(entry: &Listed, definition: Option<&str>, parts: Vec<(i64, IndexPart)>) -> Index {
    let (texts, predicate) = definition.map(declaration::index).unwrap_or_default();
    let parts = parts
        .into_iter()
        .enumerate()
        .map(|(place, (column, part))| match column {
            -2 => IndexPart { column: None, expression: Some(texts.get(place).cloned().unwrap_or_default()), ..part },
            -1 => IndexPart { column: Some("rowid".to_owned()), ..part },
            _ => part,
        })
        .collect();
    let constraint = match entry.origin.as_str() {
        "pk" => Some("PRIMARY KEY".to_owned()),
        "u" => Some("UNIQUE".to_owned()),
        _ => None,
    };
    Index {
        name: entry.name.clone(),
        method: "btree".to_owned(),
        parts,
        unique: entry.unique,
        predicate,
        automatic: entry.origin != "c",
        constraint,
        valid: true,
        definition: definition.map(str::to_owned),
        ..Index::default()
    }
}

/// The key that an index of origin `pk` or `u` enforces.
fn constraint_of(collection: &mut Collection, entry: &Listed, index: &Index) {
    match entry.origin.as_str() {
        "pk" => {
            if let Some(key) = collection.keys.iter_mut().find(|key| key.primary) {
                key.index = Some(entry.name.clone());
            }
        }
        "u" => {
            let columns = index.parts.iter().filter_map(|part| part.column.clone()).collect();
            collection.keys.push(Key { columns, index: Some(entry.name.clone()), ..Key::default() });
        }
        _ => {}
    }
}

fn references(reader: &Reader, collections: &mut BTreeMap<String, Collection>) -> rusqlite::Result<()> {
    type Row = (String, i64, String, String, Option<String>, String, String);
    let rows: Vec<Row> = reader.all(include_str!("queries/references.sql"), [], |row| {
        Ok((text(row, 0)?, row.get(1)?, text(row, 2)?, text(row, 3)?, optional_text(row, 4)?, text(row, 5)?, text(row, 6)?))
    })?;
    let mut last = None;
    for (table, number, target, from, to, on_update, on_delete) in rows {
        let target = find(collections, &target).map_or(target, |collection| collection.name.name.clone());
        let Some(collection) = collections.get_mut(&table) else { continue };
        if last.as_ref() != Some(&(table.clone(), number)) {
            collection.references.push(Reference {
                target: ObjectName::bare(target),
                on_update,
                on_delete,
                validated: true,
                ..Reference::default()
            });
            last = Some((table, number));
        }
        if let Some(reference) = collection.references.last_mut() {
            reference.columns.push(from);
            reference.target_columns.extend(to);
        }
    }
    resolve_targets(collections);
    Ok(())
}

/// `REFERENCES table` without columns means that table's primary key.
fn resolve_targets(collections: &mut BTreeMap<String, Collection>) {
    let keys: BTreeMap<String, Vec<String>> =
        collections.iter().filter_map(|(name, collection)| Some((name.clone(), collection.primary_key()?.columns.clone()))).collect();
    for reference in collections.values_mut().flat_map(|collection| &mut collection.references) {
        if reference.target_columns.is_empty() {
            reference.target_columns = keys.get(&reference.target.name).cloned().unwrap_or_default();
        }
    }
}

/// Adds what only the text of the statement says.
fn complete(collection: &mut Collection, said: &TableText) {
    let same = |ours: &[String], theirs: &[String]| {
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
    };
    for field in &mut collection.fields {
        let column = said.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&field.name));
        field.collation = column.and_then(|column| column.collation.clone()).filter(|name| !name.eq_ignore_ascii_case("BINARY"));
        if field.generated.is_some() {
            field.generated = Some(column.and_then(|column| column.generated.clone()).unwrap_or_default());
        }
    }
    for key in &mut collection.keys {
        if let Some(text) = said.keys.iter().find(|text| text.primary == key.primary && same(&text.columns, &key.columns)) {
            key.name.clone_from(&text.name);
        }
    }
    for reference in &mut collection.references {
        if let Some(text) = said.references.iter().find(|text| same(&text.columns, &reference.columns)) {
            reference.name.clone_from(&text.name);
            reference.deferrable = text.deferrable;
        }
    }
    let check = |text: &declaration::CheckText| Check {
        name: text.name.clone(),
        expression: text.expression.clone(),
        validated: true,
        enforced: true,
        ..Check::default()
    };
    collection.checks = said.checks.iter().map(check).collect();
    own_collations(collection);
    row_number(collection, said.autoincrement);
}

/// An index part names a collation only where it differs from its column's.
fn own_collations(collection: &mut Collection) {
    let fields: BTreeMap<String, String> = collection
        .fields
        .iter()
        .map(|field| (field.name.clone(), field.collation.clone().unwrap_or_else(|| "BINARY".to_owned())))
        .collect();
    for part in collection.indexes.iter_mut().flat_map(|index| &mut index.parts) {
        let usual = part.column.as_ref().and_then(|column| fields.get(column)).map_or("BINARY", String::as_str);
        if part.collation.as_deref().is_some_and(|collation| collation.eq_ignore_ascii_case(usual)) {
            part.collation = None;
        }
    }
}

/// `INTEGER PRIMARY KEY` is the row number itself: never NULL, given out by SQLite.
fn row_number(collection: &mut Collection, autoincrement: bool) {
    let Some(name) = row_number_column(collection) else { return };
    if let Some(field) = collection.fields.iter_mut().find(|field| field.name == name) {
        field.nullable = false;
        field.identity = true;
        field.storage = Some(if autoincrement { "rowid, autoincrement" } else { "rowid" }.to_owned());
    }
}

/// The column that is another name of the row number, if any.
pub(super) fn row_number_column(collection: &Collection) -> Option<String> {
    if collection.storage.without_rowid || !has_rows(collection.kind) {
        return None;
    }
    let key = collection.primary_key().filter(|key| key.index.is_none())?;
    let [name] = key.columns.as_slice() else { return None };
    collection.field(name).filter(|field| field.family == TypeFamily::Integer).map(|field| field.name.clone())
}
