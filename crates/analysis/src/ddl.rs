//! Changes as text: indexes, constraints, types, in the engine's own language, each with its lock and what undoes it.
//! It never writes a change that could lose rows, nor one whose undoing it does not know.

mod constraints;
mod designed;
mod extract;
mod indexes;
mod keys;
mod types;

pub use types::NewType;

use std::cell::OnceCell;
use std::collections::HashSet;

use dbwright_model::catalog::{Catalog, Collection, CollectionKind};
use dbwright_model::{Engine, Facts, ObjectName};

/// Longest name of an object, bytes: PostgreSQL cuts at 63, MySQL refuses above 64.
const LONGEST_NAME: usize = 63;

/// Writes changes for one database. One serves a whole rule: it gathers the names in use once.
pub struct Ddl<'a> {
    engine: Engine,
    version: u32,
    catalog: &'a Catalog,
    taken: OnceCell<HashSet<String>>,
}

impl<'a> Ddl<'a> {
    /// For the database of these facts.
    #[must_use]
    pub fn of(facts: &'a Facts) -> Self {
        Self { engine: facts.target.engine, version: facts.major_version(), catalog: &facts.catalog, taken: OnceCell::new() }
    }

    /// A name as a statement writes it, quoted.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        quote(self.engine, name)
    }

    /// The name of a table or index in its schema, quoted.
    #[must_use]
    pub fn object(&self, name: &ObjectName) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.name(schema), self.name(&name.name)),
            None => self.name(&name.name),
        }
    }

    /// Quoted names, parted by commas.
    #[must_use]
    pub fn names<S: AsRef<str>>(&self, names: &[S]) -> String {
        let quoted: Vec<String> = names.iter().map(|name| self.name(name.as_ref())).collect();
        quoted.join(", ")
    }

    /// An index's name where `DROP INDEX` wants it: in the schema of its table.
    fn index_name(&self, table: &ObjectName, index: &str) -> String {
        self.object(&ObjectName { schema: table.schema.clone(), name: index.to_owned() })
    }

    /// A name made of table, columns and ending that no index, constraint or relation has yet.
    fn fresh_name<S: AsRef<str>>(&self, table: &ObjectName, columns: &[S], ending: &str) -> String {
        let mut stem = table.name.clone();
        for column in columns {
            stem.push('_');
            stem.push_str(column.as_ref());
        }
        let numbered = |number: u32| if number == 0 { format!("_{ending}") } else { format!("_{ending}{number}") };
        (0..1000).map(|number| shortened(&stem, &numbered(number))).find(|name| !self.is_taken(name)).unwrap_or(stem)
    }

    /// Whether something that shares its names with indexes and constraints is called so; all names are gathered once.
    fn is_taken(&self, name: &str) -> bool {
        let gather = || {
            let mut names = HashSet::new();
            for collection in &self.catalog.collections {
                names.insert(collection.name.name.to_ascii_lowercase());
                names.extend(collection.indexes.iter().map(|index| index.name.to_ascii_lowercase()));
                names.extend(collection.keys.iter().map(|key| key.name.to_ascii_lowercase()));
                names.extend(collection.references.iter().map(|reference| reference.name.to_ascii_lowercase()));
                names.extend(collection.checks.iter().map(|check| check.name.to_ascii_lowercase()));
            }
            names
        };
        self.taken.get_or_init(gather).contains(&name.to_ascii_lowercase())
    }

    /// The partitions directly below a parent.
    fn partitions(&self, parent: &ObjectName) -> Vec<&'a Collection> {
        let below = |one: &&Collection| one.partitioning.as_ref().is_some_and(|place| place.parent.as_ref() == Some(parent));
        self.catalog.collections.iter().filter(below).collect()
    }

    const fn is_mysql_family(&self) -> bool {
        matches!(self.engine, Engine::Mysql | Engine::Mariadb)
    }
}

/// A name as a statement of the engine writes it, quoted.
#[must_use]
pub fn quote(engine: Engine, name: &str) -> String {
    let mark = if matches!(engine, Engine::Mysql | Engine::Mariadb) { '`' } else { '"' };
    format!("{mark}{}{mark}", name.replace(mark, &format!("{mark}{mark}")))
}

/// Stem and ending, the stem cut at a letter's end so that both fit.
fn shortened(stem: &str, ending: &str) -> String {
    let mut room = LONGEST_NAME.saturating_sub(ending.len()).min(stem.len());
    while !stem.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{ending}", &stem[..room])
}

/// Whether a change of the table has to be made partition by partition.
fn is_partitioned(table: &Collection) -> bool {
    table.kind == CollectionKind::PartitionedTable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::healthy;

    #[test]
    fn quotes_hostile_names() {
        assert_eq!(quote(Engine::Postgresql, "a\"b"), "\"a\"\"b\"");
        assert_eq!(quote(Engine::Mysql, "a`b"), "`a``b`");
        assert_eq!(quote(Engine::Sqlite, "x\";--"), "\"x\"\";--\"");
    }

    #[test]
    fn names_are_short_and_new() {
        let facts = healthy(Engine::Postgresql);
        let ddl = Ddl::of(&facts);
        let sale = ObjectName::new("public", "sale");
        assert_eq!(ddl.fresh_name(&sale, &["product_id"], "idx"), "sale_product_id_idx1");
        let long = ddl.fresh_name(&sale, &["é".repeat(60)], "idx");
        assert!(long.len() <= LONGEST_NAME && long.ends_with("_idx"), "{long}");
    }
}
