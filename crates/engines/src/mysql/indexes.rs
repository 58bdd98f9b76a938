//! Indexes with their statistics and use. It asks nothing itself.

use std::collections::BTreeMap;

use dbwright_model::Quantity;
use dbwright_model::catalog::{Activity, Index, IndexPart};

use super::ask::Record;
use super::catalog::{self, Tables};

/// Puts indexes together from their parts; unique ones are keys too, as the server sees them.
pub(super) fn take(rows: &[Record], tables: &mut Tables) {
    let place = |row: &Record| (row.text("schema"), row.text("table"), row.text("name"));
    let mut ordered: Vec<&Record> = rows.iter().collect();
    ordered.sort_by_key(|row| (place(row), row.count("position")));
    for row in ordered {
        let name = row.text("name");
        let Some(table) = tables.get(row) else { continue };
        if table.indexes.last().is_none_or(|last| last.name != name) {
            table.indexes.push(begin(row, name));
        }
        if let Some(index) = table.indexes.last_mut() {
            index.parts.push(IndexPart {
                column: row.maybe("column"),
                expression: row.maybe("expression"),
                descending: row.text("direction") == "D",
                prefix: row.count("prefix").and_then(|prefix| u32::try_from(prefix).ok()),
                ..IndexPart::default()
            });
        }
    }
    for table in tables.tables.values_mut() {
        let whole = |index: &&Index| index.unique && index.parts.iter().all(|part| part.prefix.is_none());
        let keys: Vec<_> = table
            .indexes
            .iter()
            .filter(whole)
            .filter_map(|index| Some(catalog::key(&index.name, index.columns()?.into_iter().map(str::to_owned).collect())))
            .collect();
        table.keys = keys;
        table.keys.sort_by(|a, b| (!a.primary, &a.name).cmp(&(!b.primary, &b.name)));
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

fn begin(row: &Record, name: String) -> Index {
    let unique = row.text("repeats") == "0";
    Index {
        method: row.text("method").to_ascii_lowercase(),
        unique,
        constraint: unique.then(|| name.clone()),
        automatic: false,
        valid: true,
        invisible: row.flag("invisible"),
        replica_identity: name == "PRIMARY",
        name,
        ..Index::default()
    }
}

/// Sizes, and distinct values of each prefix.
pub(super) fn take_statistics(rows: &[Record], tables: &mut Tables, page: f64) {
    let mut prefixes: BTreeMap<(String, String, String), Vec<(String, f64)>> = BTreeMap::new();
    for row in rows {
        let value = row.number("value").unwrap_or(0.0);
        let (index, statistic) = (row.text("name"), row.text("statistic"));
        if statistic == "size" {
            if let Some(index) = tables.get(row).and_then(|table| table.indexes.iter_mut().find(|one| one.name == index)) {
                index.bytes = Some(Quantity::measured(value * page, "mysql.innodb_index_stats"));
            }
            continue;
        }
        prefixes.entry((row.text("schema"), row.text("table"), index)).or_default().push((statistic, value));
    }
    for ((schema, table, name), mut counts) in prefixes {
        counts.sort_by(|a, b| a.0.cmp(&b.0));
        let Some(table) = tables.tables.get_mut(&(schema, table)) else { continue };
        let Some(index) = table.indexes.iter_mut().find(|index| index.name == name) else { continue };
        // InnoDB appends the primary key to each other index: its prefixes are not the index's own.
        index.prefix_distinct = counts.into_iter().take(index.parts.len()).map(|(_, value)| value).collect();
    }
}

/// Reads and writes since the server's start; the row without an index name counts scans of the whole table, in rows.
pub(super) fn take_use(rows: &[Record], tables: &mut Tables) {
    for table in tables.tables.values_mut().filter(|table| table.kind.is_table()) {
        table.activity = Some(Activity::default());
        table.indexes.iter_mut().for_each(|index| index.scans = Some(0));
    }
    for row in rows {
        let count = |name: &str| row.count(name).unwrap_or(0);
        let Some(table) = tables.get(row) else { continue };
        let activity = table.activity.get_or_insert_with(Activity::default);
        match row.maybe("name") {
            None => {
                activity.full_scan_rows += count("fetches");
                activity.inserts += count("inserts");
                activity.updates += count("updates");
                activity.deletes += count("deletes");
            }
            Some(name) => {
                activity.index_scans += count("fetches");
                activity.updates += count("updates");
                activity.deletes += count("deletes");
                if let Some(index) = table.indexes.iter_mut().find(|index| index.name == name) {
                    index.scans = Some(count("fetches"));
                }
            }
        }
    }
}
