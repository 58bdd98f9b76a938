//! Tables and the like with their columns, defaults, keys, references and checks. It never reads a row of any of them.

use std::collections::{BTreeMap, HashMap};

use dbwright_model::catalog::{Check, Collection, CollectionKind, Field, Key, Partitioning, Reference, RowSecurity, Storage};
use dbwright_model::{ObjectName, Quantity};
use tokio_postgres::Row;

use super::text;
use super::types::{action, alignment, family, split_list};
use crate::error::EngineError;
use crate::postgres::queries::quote;
use crate::postgres::row::Cells;

/// Relations that one query asks about: 10,000 tables make three pages, and 40 queries in all are kept.
const RELATIONS_A_PAGE: usize = 4000;

/// Collections under construction, reachable by the server's object identifier.
#[derive(Debug, Default)]
pub struct Relations {
    /// The collections.
    pub collections: Vec<Collection>,
    /// Position by object identifier.
    pub by_oid: HashMap<i64, usize>,
    /// Column names by number.
    columns: HashMap<i64, BTreeMap<i64, String>>,
    /// Schema names by object identifier.
    pub schemas: HashMap<i64, String>,
    /// Relations that were locked and so not measured.
    pub locked: u64,
    /// Bytes of a page.
    pub block_bytes: f64,
    /// Whether any relation has triggers of users or of constraints.
    pub any_triggers: bool,
    /// Whether any relation has row security switched on.
    pub any_row_security: bool,
    parents: Vec<(usize, i64)>,
    /// Rows that the planner remembers of each collection, by position; below 0 for none.
    tuples: HashMap<usize, f64>,
}

impl Relations {
    /// The collection of this identifier.
    pub fn get_mut(&mut self, oid: i64) -> Option<&mut Collection> {
        self.by_oid.get(&oid).and_then(|at| self.collections.get_mut(*at))
    }

    /// The collection of this identifier.
    #[must_use]
    pub fn get(&self, oid: i64) -> Option<&Collection> {
        self.by_oid.get(&oid).and_then(|at| self.collections.get(*at))
    }

    /// The name of a column by its number.
    #[must_use]
    pub fn column(&self, oid: i64, number: i64) -> Option<&str> {
        self.columns.get(&oid)?.get(&number).map(String::as_str)
    }

    /// Names of columns by their numbers; those that don't exist are left out.
    #[must_use]
    pub fn named(&self, oid: i64, numbers: &[i64]) -> Vec<String> {
        numbers.iter().filter_map(|number| self.column(oid, *number)).map(str::to_owned).collect()
    }

    /// Ranges of object identifiers that hold a bounded number of relations each; one range where there are few.
    #[must_use]
    pub fn pages(&self) -> Vec<(u32, u32)> {
        let mut oids: Vec<u32> = self.by_oid.keys().filter_map(|oid| u32::try_from(*oid).ok()).collect();
        oids.sort_unstable();
        let mut pages: Vec<(u32, u32)> = oids.chunks(RELATIONS_A_PAGE).map(|page| (page[0], page[page.len() - 1])).collect();
        if pages.len() <= 1 {
            pages = vec![(0, u32::MAX)];
        }
        pages
    }

    /// Ranges of names, from one (inclusive) to another (exclusive, none when empty), that hold a bounded number of relations
    /// each, as the server orders names: by their bytes.
    #[must_use]
    pub fn name_pages(&self) -> Vec<(String, String)> {
        // A name that held bytes of no known encoding is not the server's name any more, and parts nothing.
        let names = self.collections.iter().map(|table| table.name.name.as_str()).filter(|name| !name.contains('\u{fffd}'));
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        let mut starts: Vec<&str> = names.into_iter().step_by(RELATIONS_A_PAGE).collect();
        match starts.first_mut() {
            Some(first) => *first = "",
            None => starts.push(""),
        }
        let ends = starts.iter().copied().skip(1).chain([""]);
        starts.iter().zip(ends).map(|(start, end)| ((*start).to_owned(), end.to_owned())).collect()
    }

    /// Takes one row of `relations.sql`.
    pub fn take(&mut self, row: &Row) -> Result<(), EngineError> {
        let kind = kind(&row.text("kind")?, row.flag("is_partition")?, row.flag("of_extension")?);
        let Some(kind) = kind else { return Ok(()) };
        let schema = self.schemas.get(&row.int("schema")?).cloned();
        let name = ObjectName { schema, name: row.text("name")? };
        self.block_bytes = row.int("block_bytes")? as f64;
        self.locked += u64::from(row.flag("locked")?);
        self.any_triggers |= row.flag("has_triggers")?;
        self.any_row_security |= row.flag("row_security")?;
        let oid = row.int("oid")?;
        let at = self.collections.len();
        self.tuples.insert(at, row.float("rows")?.unwrap_or(-1.0));
        for parent in row.ints("parents")? {
            self.parents.push((at, parent));
        }
        let enabled = row.flag("row_security")?;
        let forced = row.flag("row_security_forced")?;
        self.collections.push(Collection {
            name,
            kind,
            owner: row.maybe_text("owner")?,
            comment: row.maybe_text("comment")?,
            storage: self.storage(row, kind)?,
            row_security: (enabled || forced).then(|| RowSecurity { enabled, forced, policies: Vec::new() }),
            partitioning: partitioning(row)?,
            grants: text::grants(&row.texts("acl")?),
            ..Collection::default()
        });
        self.by_oid.insert(oid, at);
        Ok(())
    }

    /// What the planner remembers of a relation's file; its measured size comes later.
    fn storage(&self, row: &Row, kind: CollectionKind) -> Result<Storage, EngineError> {
        if !has_file(kind) {
            return Ok(Storage::default());
        }
        let pages = row.count("pages")?;
        let options: BTreeMap<String, String> = row
            .texts("options")?
            .iter()
            .filter_map(|option| option.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let all_visible = row.count("all_visible")? as f64;
        Ok(Storage {
            rows: rows(row.float("rows")?.unwrap_or(-1.0), pages as f64, None),
            table_bytes: Some(Quantity::estimated(pages as f64 * self.block_bytes, "pg_class.relpages: the file was not measured")),
            engine: row.maybe_text("method")?,
            fill_factor: options.get("fillfactor").and_then(|value| value.parse().ok()).filter(|fill| *fill != 100),
            unlogged: row.text("persistence")? == "u",
            options,
            all_visible_share: (pages > 0).then(|| (all_visible / pages as f64).min(1.0)),
            transaction_age: row.maybe_count("transaction_age")?,
            pages: Some(pages),
            ..Storage::default()
        })
    }

    /// Takes one row of `sizes.sql`.
    pub fn take_size(&mut self, row: &Row) -> Result<(), EngineError> {
        let Some(at) = self.by_oid.get(&row.int("relation")?).copied() else { return Ok(()) };
        let (Some(table), Some(bytes)) = (self.collections.get_mut(at), row.cell::<i64>("bytes")?) else { return Ok(()) };
        if !has_file(table.kind) {
            return Ok(());
        }
        let tuples = self.tuples.get(&at).copied().unwrap_or(-1.0);
        let pages = table.storage.pages.unwrap_or(0) as f64;
        table.storage.rows = rows(tuples, pages, Some(bytes as f64 / self.block_bytes));
        table.storage.table_bytes = Some(Quantity::measured(bytes as f64, "pg_relation_size"));
        table.storage.large_value_bytes = row
            .cell::<i64>("large_value_bytes")?
            .map(|bytes| Quantity::measured(bytes as f64, "pg_total_relation_size of the TOAST table"));
        Ok(())
    }

    /// Takes one row of `columns.sql`.
    pub fn take_column(&mut self, row: &Row) -> Result<(), EngineError> {
        let (relation, number) = (row.int("relation")?, row.int("number")?);
        let name = row.text("name")?;
        self.columns.entry(relation).or_default().insert(number, name.clone());
        let width = row.int("width")?;
        let base = row.text("base")?;
        let modifier = row.int("modifier")?;
        let field = Field {
            name,
            type_name: row.text("type_name")?,
            family: family(&base, &row.text("type_kind")?, &row.text("category")?),
            type_bytes: u32::try_from(width).ok(),
            length: matches!(base.as_str(), "varchar" | "bpchar").then(|| u32::try_from(modifier - 4).ok()).flatten(),
            nullable: !row.flag("required")?,
            identity: row.flag("identity")?,
            generated: row.flag("generated")?.then(String::new),
            collation: row.maybe_text("collation")?,
            alignment: alignment(&row.text("alignment")?),
            storage: (width < 0).then(|| storage_words(row)).transpose()?,
            comment: row.maybe_text("comment")?,
            ..Field::default()
        };
        if let Some(collection) = self.get_mut(relation) {
            collection.fields.push(field);
        }
        Ok(())
    }

    /// Takes one row of `defaults.sql`.
    pub fn take_default(&mut self, row: &Row) -> Result<(), EngineError> {
        let relation = row.int("relation")?;
        let Some(name) = self.column(relation, row.int("number")?).map(str::to_owned) else { return Ok(()) };
        let expression = row.maybe_text("expression")?;
        let field = self.get_mut(relation).and_then(|table| table.fields.iter_mut().find(|field| field.name == name));
        if let Some(field) = field {
            if field.generated.is_some() { field.generated = expression } else { field.default = expression }
        }
        Ok(())
    }

    /// Takes one row of `constraints.sql`. `indexes` has index names by identifier.
    pub fn take_constraint(&mut self, row: &Row, indexes: &HashMap<i64, (String, bool)>) -> Result<(), EngineError> {
        let relation = row.int("relation")?;
        let columns = self.named(relation, &row.ints("columns")?);
        match row.text("kind")?.as_str() {
            kind @ ("p" | "u") => {
                let key = key(row, kind == "p", columns, indexes.get(&row.int("index")?))?;
                if let Some(table) = self.get_mut(relation) {
                    table.keys.push(key);
                }
            }
            "f" => {
                let reference = self.reference(row, columns)?;
                if let Some(table) = self.get_mut(relation) {
                    table.references.push(reference);
                }
            }
            kind => {
                let check = check(row, kind, &columns)?;
                if let Some(table) = self.get_mut(relation) {
                    table.checks.push(check);
                }
            }
        }
        Ok(())
    }

    fn reference(&self, row: &Row, columns: Vec<String>) -> Result<Reference, EngineError> {
        let target = row.int("target")?;
        Ok(Reference {
            name: row.text("name")?,
            columns,
            target: self.get(target).map(|table| table.name.clone()).unwrap_or_default(),
            target_columns: self.named(target, &row.ints("target_columns")?),
            on_delete: action(&row.text("on_delete")?).to_owned(),
            on_update: action(&row.text("on_update")?).to_owned(),
            validated: row.flag("validated")?,
            enforced: row.flag("enforced")? && !row.flag("disabled")?,
            deferrable: row.flag("deferrable")?,
        })
    }

    /// Names the parents of partitions and heirs, and names partition keys. Call when all columns are there.
    pub fn link(&mut self, partition_keys: &[(i64, Vec<i64>, Option<String>)]) {
        for (at, parent) in std::mem::take(&mut self.parents) {
            let Some(name) = self.get(parent).map(|parent| parent.name.clone()) else { continue };
            let Some(child) = self.collections.get_mut(at) else { continue };
            match &mut child.partitioning {
                Some(partitioning) if partitioning.bound.is_some() => partitioning.parent = Some(name),
                _ => child.inherits.push(name),
            }
        }
        for (oid, numbers, expressions) in partition_keys {
            let mut expressions = split_list(expressions.as_deref().unwrap_or_default()).into_iter();
            let key = numbers
                .iter()
                .filter_map(|number| if *number == 0 { expressions.next() } else { self.column(*oid, *number).map(str::to_owned) })
                .collect();
            if let Some(partitioning) = self.get_mut(*oid).and_then(|table| table.partitioning.as_mut()) {
                partitioning.key = key;
            }
        }
    }

    /// Gives partitioned tables the sums over their partitions.
    pub fn sum_partitions(&mut self) {
        let names: HashMap<ObjectName, usize> = self.collections.iter().enumerate().map(|(at, c)| (c.name.clone(), at)).collect();
        let leaves: Vec<usize> = (0..self.collections.len()).filter(|at| self.collections[*at].kind == CollectionKind::Partition).collect();
        for leaf in leaves {
            let storage = self.collections[leaf].storage.clone();
            let mut at = leaf;
            // A tree of partitions is never deep; the bound is against a catalog that says otherwise.
            for _ in 0..32 {
                let parent = self.collections[at].partitioning.as_ref().and_then(|p| p.parent.as_ref()).and_then(|name| names.get(name));
                let Some(parent) = parent else { break };
                at = *parent;
                let sum = &mut self.collections[at].storage;
                add(&mut sum.rows, storage.rows.as_ref());
                add(&mut sum.table_bytes, storage.table_bytes.as_ref());
                add(&mut sum.index_bytes, storage.index_bytes.as_ref());
                add(&mut sum.large_value_bytes, storage.large_value_bytes.as_ref());
            }
        }
    }
}

fn key(row: &Row, primary: bool, columns: Vec<String>, index: Option<&(String, bool)>) -> Result<Key, EngineError> {
    Ok(Key {
        name: row.text("name")?,
        columns,
        primary,
        index: index.map(|(name, _)| name.clone()),
        deferrable: row.flag("deferrable")?,
        nulls_equal: index.is_some_and(|(_, nulls_equal)| *nulls_equal),
    })
}

fn check(row: &Row, kind: &str, columns: &[String]) -> Result<Check, EngineError> {
    let expression = match kind {
        "n" => format!("{} IS NOT NULL", columns.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")),
        _ => row.text("expression")?,
    };
    let (validated, enforced) = (row.flag("validated")?, row.flag("enforced")?);
    Ok(Check { name: row.text("name")?, expression, exclusion: kind == "x", validated, enforced })
}

fn add(sum: &mut Option<Quantity>, part: Option<&Quantity>) {
    let Some(part) = part else { return };
    match sum {
        Some(sum) => sum.value += part.value,
        None => *sum = Some(Quantity { low: None, high: None, source: "sum over the partitions".to_owned(), ..part.clone() }),
    }
}

fn kind(letter: &str, is_partition: bool, of_extension: bool) -> Option<CollectionKind> {
    Some(match (letter, of_extension) {
        ("r", true) => CollectionKind::ShadowTable,
        ("r", false) if is_partition => CollectionKind::Partition,
        ("r", false) => CollectionKind::Table,
        ("p", _) => CollectionKind::PartitionedTable,
        ("f", _) => CollectionKind::ForeignTable,
        ("v", false) => CollectionKind::View,
        ("m", false) => CollectionKind::MaterializedView,
        // Views that an extension brings are its own affair.
        _ => return None,
    })
}

/// Whether relations of this kind have a file of their own.
fn has_file(kind: CollectionKind) -> bool {
    use CollectionKind::{MaterializedView, Partition, ShadowTable, Table};
    matches!(kind, Table | Partition | ShadowTable | MaterializedView)
}

/// Rows as the planner reckons: the density it remembers times the pages that there are now.
fn rows(tuples: f64, pages: f64, pages_now: Option<f64>) -> Option<Quantity> {
    if pages_now == Some(0.0) {
        return Some(Quantity::measured(0.0, "the file is empty"));
    }
    if tuples < 0.0 || pages == 0.0 {
        return None;
    }
    let value = (tuples / pages * pages_now.unwrap_or(pages)).round();
    Some(Quantity::estimated(value, "pg_class.reltuples / relpages × pages"))
}

fn partitioning(row: &Row) -> Result<Option<Partitioning>, EngineError> {
    let strategy = row.maybe_text("strategy")?.map(|letter| match letter.as_str() {
        "r" => "range".to_owned(),
        "l" => "list".to_owned(),
        "h" => "hash".to_owned(),
        other => other.to_owned(),
    });
    let bound = row.maybe_text("bound")?;
    if strategy.is_none() && bound.is_none() {
        return Ok(None);
    }
    let default_partition = bound.as_deref() == Some("DEFAULT");
    Ok(Some(Partitioning { strategy, bound, default_partition, ..Partitioning::default() }))
}

fn storage_words(row: &Row) -> Result<String, EngineError> {
    let strategy = match row.text("storage")?.as_str() {
        "p" => "plain",
        "e" => "external",
        "m" => "main",
        _ => "extended",
    };
    Ok(match row.text("compression")?.as_str() {
        "l" => format!("{strategy}, lz4"),
        "p" => format!("{strategy}, pglz"),
        _ => strategy.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_every_relation_once() {
        let mut relations = Relations::default();
        assert_eq!(relations.pages(), [(0, u32::MAX)]);
        let many = u32::try_from(RELATIONS_A_PAGE * 2 + 5).unwrap();
        relations.by_oid = (0..many).map(|at| (i64::from(at * 3 + 7), 0)).collect();
        let pages = relations.pages();
        assert_eq!(pages.len(), 3);
        let inside = |oid: u32| pages.iter().filter(|(first, last)| (*first..=*last).contains(&oid)).count();
        assert!((0..many).all(|at| inside(at * 3 + 7) == 1));
    }

    #[test]
    fn pages_of_names_cover_every_name_once() {
        let mut relations = Relations::default();
        assert_eq!(relations.name_pages(), [(String::new(), String::new())]);
        let names = (0..RELATIONS_A_PAGE * 2 + 5).map(|at| format!("t{at}")).chain(["\u{fffd}".to_owned()]);
        relations.collections = names.map(|name| Collection { name: ObjectName::new("s", &name), ..Collection::default() }).collect();
        let pages = relations.name_pages();
        assert_eq!(pages.len(), 3);
        let inside =
            |name: &str| pages.iter().filter(|(first, end)| name >= first.as_str() && (end.is_empty() || name < end.as_str())).count();
        assert!(relations.collections.iter().all(|table| inside(&table.name.name) == 1));
    }

    #[test]
    fn reckons_rows_as_the_planner_does() {
        assert!((rows(1000.0, 10.0, Some(20.0)).unwrap().value - 2000.0).abs() < 1e-9);
        assert!(rows(-1.0, 0.0, Some(20.0)).is_none());
        assert_eq!(rows(-1.0, 0.0, Some(0.0)).unwrap().value, 0.0);
    }
}
