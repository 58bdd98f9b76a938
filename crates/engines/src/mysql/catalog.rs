//! Tables, columns, references, checks, views, triggers and partitions from information_schema. It asks nothing itself.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Check, Collection, CollectionKind, Counter, Field, Key, Partitioning, Reference, Routine, Schema, Trigger};
use dbwright_model::{Facts, ObjectName, Quantity};

use super::ask::Record;
use super::facts::Reader;
use super::types;

/// Tables while they are put together, by schema and name.
pub(super) struct Tables {
    bare: bool,
    pub(super) tables: BTreeMap<(String, String), Collection>,
    columns: BTreeMap<(String, String), Vec<(u64, Field)>>,
    pub(super) any_partitions: bool,
}

impl Tables {
    /// `bare` leaves the schema out of names: there is only one.
    pub(super) fn new(bare: bool) -> Self {
        Self { bare, tables: BTreeMap::new(), columns: BTreeMap::new(), any_partitions: false }
    }

    pub(super) fn name(&self, schema: &str, name: &str) -> ObjectName {
        if self.bare { ObjectName::bare(name) } else { ObjectName::new(schema, name) }
    }

    pub(super) fn get(&mut self, row: &Record) -> Option<&mut Collection> {
        self.tables.get_mut(&(row.text("schema"), row.text("table")))
    }

    pub(super) fn take_tables(&mut self, rows: &[Record]) {
        for row in rows {
            let (schema, name) = (row.text("schema"), row.text("name"));
            let kind = match row.text("type").as_str() {
                "VIEW" | "SYSTEM VIEW" => CollectionKind::View,
                "SEQUENCE" => continue,
                _ => CollectionKind::Table,
            };
            let mut table = Collection { name: self.name(&schema, &name), kind, ..Collection::default() };
            table.comment = row.maybe("comment").filter(|text| !text.is_empty() && kind == CollectionKind::Table);
            self.storage(row, &mut table);
            self.tables.insert((schema, name), table);
        }
    }

    fn storage(&mut self, row: &Record, table: &mut Collection) {
        const SOURCE: &str = "information_schema.TABLES";
        let storage = &mut table.storage;
        storage.engine = row.maybe("engine");
        let exact = storage.engine.as_deref() != Some("InnoDB");
        let quantity = |value: f64| if exact { Quantity::measured(value, SOURCE) } else { Quantity::estimated(value, SOURCE) };
        storage.rows = row.number("rows").map(quantity);
        storage.table_bytes = row.number("data_bytes").map(|bytes| Quantity::measured(bytes, SOURCE));
        storage.index_bytes = row.number("index_bytes").map(|bytes| Quantity::measured(bytes, SOURCE));
        storage.bloat_bytes = row.number("free_bytes").map(|bytes| Quantity::estimated(bytes, "DATA_FREE"));
        for (option, column) in [("row_format", "row_format"), ("collation", "collation"), ("create_options", "options")] {
            if let Some(value) = row.maybe(column).filter(|value| !value.is_empty()) {
                self.any_partitions |= column == "options" && value.contains("partitioned");
                if column == "options" && value.contains("partitioned") {
                    table.kind = CollectionKind::PartitionedTable;
                }
                storage.options.insert(option.to_owned(), value);
            }
        }
        if let Some(next) = row.number("next_number") {
            storage.counter = Some(Counter { last: next - 1.0, ..Counter::default() });
        }
    }

    pub(super) fn take_columns(&mut self, rows: &[Record], mariadb: bool) {
        for row in rows {
            let place = (row.text("schema"), row.text("table"));
            let collation = self.tables.get(&place).and_then(|table| table.storage.options.get("collation").cloned());
            let extra = row.text("extra").to_ascii_uppercase();
            let mut field = Field {
                name: row.text("name"),
                type_name: row.text("type"),
                nullable: row.flag("nullable"),
                default: row.maybe("default"),
                generated: row.maybe("generated").filter(|text| !text.is_empty()),
                identity: extra.contains("AUTO_INCREMENT"),
                collation: row.maybe("collation").filter(|own| collation.as_ref() != Some(own)),
                ..Field::default()
            };
            // MariaDB writes the default NULL of a nullable column out.
            field.default = field.default.filter(|text| !(mariadb && text == "NULL"));
            types::describe(&mut field, &row.text("data_type"), row.count("length"));
            if let Some(table) = self.tables.get_mut(&place) {
                count_towards(&mut table.storage.counter, &field);
            }
            self.columns.entry(place).or_default().push((row.count("position").unwrap_or(0), field));
        }
        for (place, mut columns) in std::mem::take(&mut self.columns) {
            columns.sort_by_key(|(position, _)| *position);
            if let Some(table) = self.tables.get_mut(&place) {
                table.fields = columns.into_iter().map(|(_, field)| field).collect();
            }
        }
    }

    /// Rows and sizes as InnoDB's statistics have them, where the server's own numbers were not asked for.
    pub(super) fn take_statistics(&mut self, rows: &[Record], page: f64, instead: bool) {
        const SOURCE: &str = "mysql.innodb_table_stats";
        for row in rows {
            let Some(table) = self.tables.get_mut(&(row.text("schema"), row.text("name"))) else { continue };
            if let Some(pages) = row.count("clustered_pages") {
                table.storage.pages = Some(pages);
            }
            if instead {
                table.storage.rows = row.number("rows").map(|rows| Quantity::estimated(rows, SOURCE));
                table.storage.table_bytes = row.number("clustered_pages").map(|pages| Quantity::estimated(pages * page, SOURCE));
                table.storage.index_bytes = row.number("other_pages").map(|pages| Quantity::estimated(pages * page, SOURCE));
            }
        }
    }

    pub(super) fn take_references(&mut self, rows: &[Record], actions: &[Record]) {
        let place = |row: &Record| (row.text("schema"), row.text("table"), row.text("name"));
        let actions: BTreeMap<_, _> = actions.iter().map(|row| (place(row), (row.text("on_delete"), row.text("on_update")))).collect();
        let mut ordered: Vec<&Record> = rows.iter().collect();
        ordered.sort_by_key(|row| (place(row), row.count("position")));
        for row in ordered {
            let target = self.name(&row.text("target_schema"), &row.text("target"));
            let target = if self.bare && row.text("target_schema") != row.text("schema") {
                ObjectName::new(row.text("target_schema"), row.text("target"))
            } else {
                target
            };
            let (on_delete, on_update) = actions.get(&place(row)).cloned().unwrap_or_default();
            let name = row.text("name");
            let Some(table) = self.get(row) else { continue };
            if table.references.last().is_none_or(|last| last.name != name) {
                let reference = Reference { name, target, on_delete, on_update, validated: true, enforced: true, ..Reference::default() };
                table.references.push(reference);
            }
            if let Some(reference) = table.references.last_mut() {
                reference.columns.push(row.text("column"));
                reference.target_columns.push(row.text("target_column"));
            }
        }
    }

    pub(super) fn take_checks(&mut self, rows: &[Record]) {
        for row in rows {
            let check = Check {
                name: row.text("name"),
                expression: row.text("expression"),
                exclusion: false,
                validated: true,
                enforced: row.flag("enforced"),
            };
            if let Some(table) = self.get(row) {
                table.checks.push(check);
            }
        }
    }

    pub(super) fn take_views(&mut self, rows: &[Record]) {
        for row in rows {
            if let Some(view) = self.tables.get_mut(&(row.text("schema"), row.text("name"))) {
                view.definition = row.maybe("definition").filter(|text| !text.is_empty());
                view.owner = row.maybe("definer");
                view.storage.options.insert("security".to_owned(), row.text("security"));
            }
        }
    }

    pub(super) fn take_triggers(&mut self, rows: &[Record]) {
        for row in rows {
            let event = format!("{} {}", row.text("timing"), row.text("event"));
            let trigger = Trigger { name: row.text("name"), event, function: None, enabled: true, internal: false };
            if let Some(table) = self.get(row) {
                table.triggers.push(trigger);
            }
        }
    }

    /// A partition becomes a collection of its own, `table#partition`.
    pub(super) fn take_partitions(&mut self, rows: &[Record]) {
        const SOURCE: &str = "information_schema.PARTITIONS";
        for row in rows {
            let (schema, parent, name) = (row.text("schema"), row.text("table"), row.text("name"));
            let full = self.name(&schema, &parent);
            if let Some(table) = self.get(row) {
                table.kind = CollectionKind::PartitionedTable;
                let key =
                    row.maybe("expression").map(|text| text.split(',').map(|part| part.trim().trim_matches('`').to_owned()).collect());
                table.partitioning =
                    Some(Partitioning { strategy: row.maybe("method"), key: key.unwrap_or_default(), ..Partitioning::default() });
            }
            let mut part = Collection {
                name: self.name(&schema, &format!("{parent}#{name}")),
                kind: CollectionKind::Partition,
                ..Collection::default()
            };
            part.partitioning = Some(Partitioning { parent: Some(full), bound: row.maybe("bound"), ..Partitioning::default() });
            part.storage.rows = row.number("rows").map(|rows| Quantity::estimated(rows, SOURCE));
            part.storage.table_bytes = row.number("data_bytes").map(|bytes| Quantity::measured(bytes, SOURCE));
            part.storage.index_bytes = row.number("index_bytes").map(|bytes| Quantity::measured(bytes, SOURCE));
            self.tables.insert((schema, format!("{parent}#{name}")), part);
        }
    }

    /// All, in order of names.
    pub(super) fn finish(self) -> Vec<Collection> {
        let mut all: Vec<Collection> = self.tables.into_values().collect();
        for table in &mut all {
            table.storage.counter = table.storage.counter.take().filter(|counter| !counter.column.is_empty());
            table.references.sort_by(|a, b| a.name.cmp(&b.name));
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

fn count_towards(counter: &mut Option<Counter>, field: &Field) {
    let Some(limit) = types::largest(field).filter(|_| field.identity) else { return };
    if let Some(counter) = counter {
        (counter.limit, counter.column) = (limit, field.name.clone());
    }
}

/// Schemas, and the character set of the one that is read.
pub(super) fn schemas(reader: &mut Reader<'_>, rows: &[Record]) {
    let seen = |row: &&Record| reader.database.as_ref().is_none_or(|database| *database == row.text("name"));
    let found: Vec<&Record> = rows.iter().filter(seen).collect();
    let schemas = found.iter().map(|row| Schema { name: row.text("name"), owner: None, grants: Vec::new() }).collect();
    let (encoding, collation) = found.first().map_or((None, None), |row| (row.maybe("charset"), row.maybe("collation")));
    reader.facts.catalog.schemas = schemas;
    if reader.database.is_some() {
        (reader.facts.catalog.encoding, reader.facts.catalog.collation) = (encoding, collation);
    }
}

pub(super) fn routines(rows: &[Record], bare: bool) -> Vec<Routine> {
    let mut all: Vec<Routine> = rows
        .iter()
        .map(|row| Routine {
            name: if bare { ObjectName::bare(row.text("name")) } else { ObjectName::new(row.text("schema"), row.text("name")) },
            language: "SQL".to_owned(),
            security_definer: row.text("security") == "DEFINER",
            fixed_search_path: true,
            owner: row.text("definer"),
            volatility: if row.flag("deterministic") { "immutable" } else { "volatile" }.to_owned(),
            ..Routine::default()
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The size of all that was read.
pub(super) fn sum(facts: &mut Facts) {
    let bytes: f64 = facts.catalog.tables().filter_map(Collection::total_bytes).sum();
    facts.catalog.database_bytes = Some(Quantity::measured(bytes, "sum of all tables"));
}

/// The key that an index enforces.
pub(super) fn key(name: &str, columns: Vec<String>) -> Key {
    Key { name: name.to_owned(), columns, primary: name == "PRIMARY", index: Some(name.to_owned()), deferrable: false, nulls_equal: false }
}
