//! The canonical hash of a schema: what an architecture approval refers to. Sizes, statistics, owners, comments and
//! single partitions never change it.

use dbwright_model::catalog::{Catalog, Collection, CollectionKind, Field, Index};

/// A statement about the schema: what kind it is, then its parts. Those of a collection follow its `collection` record.
pub type Record = Vec<String>;

/// 64 hexadecimal digits over the design of all collections, sequences, routines and types, in order of names.
#[must_use]
pub fn of(catalog: &Catalog) -> String {
    of_records(&records(catalog))
}

/// As [`of`], of records that were kept. No two different lists of parts give the same bytes: each text is preceded by its length.
#[must_use]
pub fn of_records(records: &[Record]) -> String {
    let mut hasher = blake3::Hasher::new();
    for record in records {
        let Some((kind, parts)) = record.split_first() else { continue };
        text(&mut hasher, kind);
        hasher.update(&(parts.len() as u64).to_le_bytes());
        parts.iter().for_each(|part| text(&mut hasher, part));
    }
    hasher.finalize().to_hex().to_string()
}

fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
}

/// The schema in records: equal schemas give equal lists.
#[must_use]
pub fn records(catalog: &Catalog) -> Vec<Record> {
    let mut canonical = Canonical(Vec::new());
    let design = |collection: &&Collection| !matches!(collection.kind, CollectionKind::Partition | CollectionKind::ShadowTable);
    let mut collections: Vec<&Collection> = catalog.collections.iter().filter(design).collect();
    collections.sort_by(|a, b| a.name.cmp(&b.name));
    for collection in collections {
        canonical.collection(collection);
    }
    canonical.sorted(
        "sequence",
        catalog.sequences.iter().map(|one| vec![one.name.to_string(), one.increment.to_string(), one.cycle.to_string()]),
    );
    canonical.sorted(
        "routine",
        catalog
            .routines
            .iter()
            .map(|one| vec![one.name.to_string(), one.arguments.clone(), one.language.clone(), one.security_definer.to_string()]),
    );
    canonical.sorted("type", catalog.types.iter().map(|one| [vec![one.name.to_string(), one.kind.clone()], one.members.clone()].concat()));
    canonical.0
}

/// Gathers records.
struct Canonical(Vec<Record>);

impl Canonical {
    fn record(&mut self, kind: &str, parts: &[String]) {
        self.0.push([&[kind.to_owned()], parts].concat());
    }

    fn sorted(&mut self, kind: &str, records: impl Iterator<Item = Vec<String>>) {
        let mut records: Vec<Vec<String>> = records.collect();
        records.sort();
        for record in &records {
            self.record(kind, record);
        }
    }

    fn collection(&mut self, collection: &Collection) {
        let view = matches!(collection.kind, CollectionKind::View | CollectionKind::MaterializedView | CollectionKind::VirtualTable);
        let definition = collection.definition.as_deref().filter(|_| view).map(one_line).unwrap_or_default();
        let flags = [collection.storage.strict, collection.storage.without_rowid, collection.storage.unlogged].map(|flag| flag.to_string());
        self.record(
            "collection",
            &[vec![collection.name.to_string(), collection.kind.title().to_owned(), definition], flags.to_vec()].concat(),
        );
        for field in &collection.fields {
            self.record("field", &field_parts(field));
        }
        self.constraints(collection);
        self.sorted("index", collection.indexes.iter().filter(|index| !index.automatic && index.constraint.is_none()).map(index_parts));
        self.sorted(
            "trigger",
            collection
                .triggers
                .iter()
                .filter(|one| !one.internal)
                .map(|one| vec![one.name.clone(), one.event.clone(), one.function.clone().unwrap_or_default(), one.enabled.to_string()]),
        );
        if let Some(security) = &collection.row_security {
            self.record("row security", &[security.enabled.to_string(), security.forced.to_string()]);
            self.sorted("policy", security.policies.iter().map(|one| vec![json(one)]));
        }
        if let Some(partitioning) = &collection.partitioning {
            self.record("partitioning", &[vec![partitioning.strategy.clone().unwrap_or_default()], partitioning.key.clone()].concat());
        }
    }

    fn constraints(&mut self, collection: &Collection) {
        self.sorted(
            "key",
            collection.keys.iter().map(|key| [vec![key.primary.to_string(), key.nulls_equal.to_string()], key.columns.clone()].concat()),
        );
        self.sorted(
            "reference",
            collection.references.iter().map(|one| {
                let head = vec![one.target.to_string(), one.on_delete.clone(), one.on_update.clone(), one.columns.len().to_string()];
                [head, one.columns.clone(), one.target_columns.clone()].concat()
            }),
        );
        self.sorted("check", collection.checks.iter().map(|one| vec![one_line(&one.expression), one.exclusion.to_string()]));
        self.sorted("parent", collection.inherits.iter().map(|parent| vec![parent.to_string()]));
    }
}

fn field_parts(field: &Field) -> Vec<String> {
    vec![
        field.name.clone(),
        field.type_name.clone(),
        field.nullable.to_string(),
        field.default.as_deref().map(one_line).unwrap_or_default(),
        field.generated.as_deref().map(one_line).unwrap_or_default(),
        field.identity.to_string(),
        field.collation.clone().unwrap_or_default(),
    ]
}

fn index_parts(index: &Index) -> Vec<String> {
    let mut parts = vec![
        index.name.clone(),
        index.method.clone(),
        index.unique.to_string(),
        index.predicate.as_deref().map(one_line).unwrap_or_default(),
    ];
    parts.extend(index.parts.iter().map(json));
    parts.extend(index.included.iter().map(|column| format!("+{column}")));
    parts
}

/// JSON keeps its form when the model gains an optional member; `Debug` would not.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The text with every run of white space as one blank: layout is no design.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use dbwright_model::{ObjectName, Quantity};

    use super::*;

    fn table(name: &str, columns: &[&str]) -> Collection {
        let fields = columns.iter().map(|name| Field { name: (*name).into(), type_name: "integer".into(), ..Field::default() }).collect();
        Collection { name: ObjectName::bare(name), fields, ..Collection::default() }
    }

    fn hash(collections: Vec<Collection>) -> String {
        of(&Catalog { collections, ..Catalog::default() })
    }

    #[test]
    fn order_size_and_partitions_do_not_matter() {
        let mut grown = table("a", &["x"]);
        grown.storage.rows = Some(Quantity::measured(5.0, "count"));
        let partition = Collection { kind: CollectionKind::Partition, ..table("a_2026", &["x"]) };
        assert_eq!(hash(vec![table("a", &["x"]), table("b", &["y"])]), hash(vec![table("b", &["y"]), partition, grown]));
    }

    #[test]
    fn every_change_of_design_matters() {
        let base = hash(vec![table("a", &["x", "y"])]);
        assert_ne!(base, hash(vec![table("a", &["x"])]));
        assert_ne!(base, hash(vec![table("a", &["y", "x"])]));
        let mut nullable = table("a", &["x", "y"]);
        nullable.fields[0].nullable = true;
        assert_ne!(base, hash(vec![nullable]));
        let mut indexed = table("a", &["x", "y"]);
        indexed.indexes.push(Index { name: "i".into(), ..Index::default() });
        assert_ne!(base, hash(vec![indexed]));
    }

    #[test]
    fn names_can_not_be_shifted_between_parts() {
        assert_ne!(hash(vec![table("a", &["bc"])]), hash(vec![table("ab", &["c"])]));
    }
}
