//! Row counts, bytes of tables and indexes, free space: exact, by one pass over the pages (`dbstat`), which counts
//! the cells of each tree without reading rows. It never estimates where it can count.

use std::collections::BTreeMap;

use dbwright_model::Quantity;
use dbwright_model::catalog::{Catalog, Collection, Counter};

use super::catalog::{has_rows, row_number_column};
use super::reader::{Reader, quoted, text};

const SOURCE: &str = "dbstat";

struct Tree {
    bytes: f64,
    unused: f64,
    leaf_cells: f64,
    cells: f64,
    overflow: f64,
    pages: u64,
    levels: u32,
}

/// Reads sizes into the catalog.
///
/// # Errors
/// When the pages can't be walked, or not within the time limit.
pub(super) fn read(reader: &Reader, catalog: &mut Catalog) -> rusqlite::Result<()> {
    let trees: BTreeMap<String, Tree> = reader
        .all(include_str!("queries/sizes.sql"), [], |row| {
            let path: i64 = row.get(7)?;
            let tree = Tree {
                bytes: row.get(1)?,
                unused: row.get(2)?,
                leaf_cells: row.get(3)?,
                cells: row.get(4)?,
                overflow: row.get(5)?,
                pages: row.get::<_, i64>(6)?.unsigned_abs(),
                // A path is `/` for the root and `/1c2/000/` below: four characters a level.
                levels: u32::try_from(path / 4).unwrap_or(0),
            };
            Ok((text(row, 0)?, tree))
        })?
        .into_iter()
        .collect();
    for collection in catalog.collections.iter_mut().filter(|collection| has_rows(collection.kind)) {
        apply(collection, &trees);
    }
    Ok(())
}

fn apply(collection: &mut Collection, trees: &BTreeMap<String, Tree>) {
    let storage = &mut collection.storage;
    if let Some(tree) = trees.get(&collection.name.name) {
        // Without row numbers the rows are in all cells of an index tree, inner ones included.
        let rows = if storage.without_rowid { tree.cells } else { tree.leaf_cells };
        storage.rows = Some(Quantity::measured(rows, SOURCE));
        storage.table_bytes = Some(Quantity::measured(tree.bytes - tree.overflow, SOURCE));
        storage.large_value_bytes = Some(Quantity::measured(tree.overflow, SOURCE));
        storage.bloat_bytes = Some(Quantity::measured(reclaimable(tree), SOURCE));
        storage.pages = Some(tree.pages);
    }
    let mut total = 0.0;
    for index in &mut collection.indexes {
        if let Some(tree) = trees.get(&index.name) {
            total += tree.bytes;
            index.bytes = Some(Quantity::measured(tree.bytes, SOURCE));
            index.bloat_bytes = Some(Quantity::measured(reclaimable(tree), SOURCE));
            index.levels = Some(tree.levels);
        }
    }
    storage.index_bytes = Some(Quantity::measured(total, SOURCE));
}

/// Bytes that VACUUM would give back: what is unused beyond the part of a page that always stays empty (5 %; VACUUM
/// fills pages nearly full), and never more than whole pages.
fn reclaimable(tree: &Tree) -> f64 {
    let page = tree.bytes / tree.pages.max(1) as f64;
    let packed_pages = ((tree.bytes - tree.unused) / (page * 0.95)).ceil().max(1.0);
    (tree.bytes - packed_pages * page).max(0.0)
}

/// Row counts where the pages could not be walked: those of `sqlite_stat1`, else bounded by the largest row number.
/// Says whether there were any.
pub(super) fn estimate(catalog: &mut Catalog) -> bool {
    let mut any = false;
    for collection in catalog.collections.iter_mut().filter(|collection| has_rows(collection.kind)) {
        let bound = collection.storage.counter.as_ref().map(|counter| counter.last);
        if collection.storage.rows.is_none() {
            collection.storage.rows = bound.map(|last| Quantity::between(0.0, last, last, "largest row number"));
        }
        any |= collection.storage.rows.is_some();
    }
    any
}

/// Tables asked for in one statement; SQLite takes 500 terms at most.
const TOGETHER: usize = 200;

/// The largest row number given out, and the limit of a 64-bit integer: one look-up at the end of each table's tree.
pub(super) fn counters(reader: &Reader, catalog: &mut Catalog) -> Vec<String> {
    let mut gaps = Vec::new();
    let sequences = sequences(reader);
    let asked: Vec<(String, String)> =
        catalog.collections.iter().filter_map(|collection| Some((collection.name.name.clone(), row_number_column(collection)?))).collect();
    let mut largest: BTreeMap<String, i64> = BTreeMap::new();
    for together in asked.chunks(TOGETHER) {
        match largest_of(reader, together) {
            Ok(found) => largest.extend(found),
            // One damaged table must not hide the others.
            Err(_) => {
                for one in together {
                    match largest_of(reader, std::slice::from_ref(one)) {
                        Ok(found) => largest.extend(found),
                        Err(error) => gaps.push(format!("{}: {}", one.0, super::reader::plain(&error))),
                    }
                }
            }
        }
    }
    let mut columns: BTreeMap<String, String> = asked.into_iter().collect();
    for collection in &mut catalog.collections {
        let table = &collection.name.name;
        if let (Some(found), Some(column)) = (largest.get(table), columns.remove(table)) {
            let last = (*found).max(sequences.get(table).copied().unwrap_or(0)) as f64;
            collection.storage.counter = Some(Counter { last, limit: i64::MAX as f64, column });
        }
    }
    gaps
}

fn largest_of(reader: &Reader, tables: &[(String, String)]) -> rusqlite::Result<Vec<(String, i64)>> {
    let terms: Vec<String> = tables
        .iter()
        .enumerate()
        .map(|(place, (table, column))| format!("SELECT {place}, (SELECT max({}) FROM {})", quoted(column), quoted(table)))
        .collect();
    let rows = reader.all(&terms.join(" UNION ALL "), [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)))?;
    let named = |(place, largest): (i64, Option<i64>)| Some((tables.get(usize::try_from(place).ok()?)?.0.clone(), largest.unwrap_or(0)));
    Ok(rows.into_iter().filter_map(named).collect())
}

fn sequences(reader: &Reader) -> BTreeMap<String, i64> {
    // The table is only there once a column was declared AUTOINCREMENT.
    let rows = reader.all("SELECT name, seq FROM sqlite_sequence", [], |row| Ok((text(row, 0)?, row.get::<_, i64>(1)?)));
    rows.unwrap_or_default().into_iter().collect()
}
