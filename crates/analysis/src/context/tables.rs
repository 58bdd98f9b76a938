//! Collections by name, however a statement spells it. It never reads names from text.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, Field, Index};
use dbwright_model::{Facts, ObjectName};

use super::Context;

/// Rows below which reading the whole table costs about as little as any index: a few dozen pages.
pub const SMALL_TABLE_ROWS: f64 = 1000.0;

/// Collections by their name in small letters.
pub(super) struct Tables<'a> {
    by_name: BTreeMap<String, Vec<&'a Collection>>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        let mut by_name: BTreeMap<String, Vec<&'a Collection>> = BTreeMap::new();
        for collection in &facts.catalog.collections {
            by_name.entry(collection.name.name.to_lowercase()).or_default().push(collection);
        }
        Self { by_name }
    }

    /// The collection of this name: with its schema if one is given; an exact spelling wins over another letter case;
    /// none when several remain.
    pub(super) fn find(&self, name: &ObjectName) -> Option<&'a Collection> {
        let same = self.by_name.get(&name.name.to_lowercase())?;
        let in_schema: Vec<&'a Collection> = same.iter().copied().filter(|collection| schema_fits(name, collection)).collect();
        match in_schema.as_slice() {
            [only] => Some(only),
            several => single(several.iter().copied().filter(|collection| collection.name.name == name.name)).or_else(|| {
                let public = |collection: &&'a Collection| matches!(collection.name.schema.as_deref(), Some("public") | None);
                single(several.iter().copied().filter(public))
            }),
        }
    }
}

fn schema_fits(name: &ObjectName, collection: &Collection) -> bool {
    match (&name.schema, &collection.name.schema) {
        (Some(wanted), Some(found)) => wanted.eq_ignore_ascii_case(found),
        (Some(wanted), None) => wanted.eq_ignore_ascii_case("main"),
        (None, _) => true,
    }
}

fn single<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

impl<'a> Context<'a> {
    /// The collection of this name, however it is spelt; none when there is no such one or several.
    #[must_use]
    pub fn collection(&self, name: &ObjectName) -> Option<&'a Collection> {
        self.tables.find(name)
    }

    /// Rows of a collection as far as they say something: none when unknown, and none for an empty table of a scratch
    /// database, where nobody gave data.
    #[must_use]
    pub fn rows_of(&self, collection: &Collection) -> Option<f64> {
        let rows = collection.rows().filter(|rows| *rows >= 0.0)?;
        (rows > 0.0 || self.judges_server()).then_some(rows)
    }

    /// Whether the collection is known to hold so few rows that reading it whole is no problem.
    #[must_use]
    pub fn is_small(&self, collection: &Collection) -> bool {
        self.rows_of(collection).is_some_and(|rows| rows < SMALL_TABLE_ROWS)
    }
}

/// The column of this name in any letter case; an exact spelling wins.
#[must_use]
pub fn field<'c>(collection: &'c Collection, name: &str) -> Option<&'c Field> {
    collection.field(name).or_else(|| collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)))
}

/// The indexes that the planner can use.
pub fn usable_indexes(collection: &Collection) -> impl Iterator<Item = &Index> {
    collection.indexes.iter().filter(|index| index.valid && !index.invisible)
}

/// Whether an index, or the primary key of a table stored in key order, begins with this column.
#[must_use]
pub fn leads_an_index(collection: &Collection, column: &str) -> bool {
    usable_indexes(collection).any(|index| index.leading_columns().first().is_some_and(|first| first.eq_ignore_ascii_case(column)))
        || collection.primary_key().and_then(|key| key.columns.first()).is_some_and(|first| first.eq_ignore_ascii_case(column))
}

/// Whether the columns hold a key of the collection: a primary key, a unique constraint over NOT NULL columns or a
/// whole unique index over plain NOT NULL columns.
#[must_use]
pub fn holds_a_key(collection: &Collection, columns: &[&str]) -> bool {
    let given = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let required = |name: &str| field(collection, name).is_some_and(|field| !field.nullable);
    let key = |names: &[&str], primary: bool| !names.is_empty() && names.iter().all(|name| given(name) && (primary || required(name)));
    collection.keys.iter().any(|entry| {
        let names: Vec<&str> = entry.columns.iter().map(String::as_str).collect();
        key(&names, entry.primary)
    }) || usable_indexes(collection)
        .filter(|index| index.unique && index.predicate.is_none() && index.parts.iter().all(|part| part.prefix.is_none()))
        .filter_map(Index::columns)
        .any(|names| key(&names, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::Engine;
    use dbwright_model::policy::Policy;

    #[test]
    fn names_are_found_in_any_case_and_schema_but_never_guessed() {
        let mut facts = crate::testing::healthy(Engine::Postgresql);
        let mut other = facts.catalog.collections[0].clone();
        other.name.schema = Some("archive".to_owned());
        facts.catalog.collections.push(other.clone());
        let policy = Policy::default();
        let context = Context::new(&facts, &policy);
        let spelt = |schema: Option<&str>| ObjectName { schema: schema.map(str::to_owned), name: other.name.name.to_uppercase() };
        assert_eq!(context.collection(&spelt(Some("Archive"))).map(|table| &table.name), Some(&other.name));
        assert_eq!(context.collection(&spelt(None)).and_then(|table| table.name.schema.as_deref()), Some("public"));
        assert!(context.collection(&ObjectName::new("nowhere", other.name.name.clone())).is_none());
    }

    #[test]
    fn an_empty_table_of_a_scratch_database_is_not_small() {
        let mut facts = crate::testing::healthy(Engine::Sqlite);
        facts.catalog.collections[0].storage.rows = Some(dbwright_model::Quantity::measured(0.0, "count"));
        let policy = Policy::default();
        assert!(Context::new(&facts, &policy).is_small(&facts.catalog.collections[0]));
        facts.target.scratch = true;
        assert!(!Context::new(&facts, &policy).is_small(&facts.catalog.collections[0]), "nobody gave data");
    }

    #[test]
    fn a_key_needs_all_its_columns_and_no_null() {
        let table: Collection = serde_json::from_str(
            r#"{"name": {"name": "t"}, "fields": [{"name": "a"}, {"name": "b"}, {"name": "c", "nullable": true}],
                "keys": [{"columns": ["a", "b"], "primary": true}, {"columns": ["c"]}]}"#,
        )
        .unwrap();
        assert!(holds_a_key(&table, &["B", "A", "c"]));
        assert!(!holds_a_key(&table, &["a"]) && !holds_a_key(&table, &["c"]), "a part, or a key that lets NULL in twice");
    }
}
