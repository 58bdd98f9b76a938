//! What ANALYZE stored: `sqlite_stat1` (rows, rows per value of each prefix of an index) and `sqlite_stat4` (samples).
//! It never analyses anything itself.

use std::collections::BTreeMap;

use dbwright_model::Quantity;
use dbwright_model::catalog::{Catalog, Collection, FieldStatistics};

use super::reader::{Reader, optional_text, text};

/// The planner's statistics of a file.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    /// Rows of each table that was analysed.
    rows: BTreeMap<String, f64>,
    /// Mean rows per value of each prefix, by table and index.
    prefixes: BTreeMap<(String, String), (f64, Vec<f64>)>,
    /// Samples of the first column of each index, in order.
    samples: BTreeMap<String, Vec<String>>,
}

/// Reads the statistics; none were made when the table is missing.
pub(super) fn read(reader: &Reader) -> rusqlite::Result<Option<Statistics>> {
    let there = |name: &str| reader.count(&format!("SELECT count(*) FROM sqlite_schema WHERE name = '{name}'"));
    if there("sqlite_stat1")? == 0 {
        return Ok(None);
    }
    let mut statistics = Statistics::default();
    let rows =
        reader.all("SELECT tbl, idx, stat FROM sqlite_stat1", [], |row| Ok((text(row, 0)?, optional_text(row, 1)?, text(row, 2)?)))?;
    for (table, index, stat) in rows {
        let numbers: Vec<f64> = stat.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
        let Some((rows, per_value)) = numbers.split_first() else { continue };
        let known = statistics.rows.entry(table.clone()).or_insert(*rows);
        *known = known.max(*rows);
        if let Some(index) = index {
            statistics.prefixes.insert((table, index), (*rows, per_value.to_vec()));
        }
    }
    if there("sqlite_stat4")? > 0 {
        let samples = reader.all("SELECT idx, sample FROM sqlite_stat4 ORDER BY idx, rowid", [], |row| {
            Ok((text(row, 0)?, row.get_ref(1)?.as_bytes().unwrap_or_default().to_vec()))
        })?;
        for (index, record) in samples {
            if let Some(value) = first_value(&record) {
                statistics.samples.entry(index).or_default().push(value);
            }
        }
    }
    Ok(Some(statistics))
}

/// Puts the statistics where they belong. Gives the tables with rows that were never analysed.
pub(super) fn apply(statistics: &Statistics, catalog: &mut Catalog) -> Vec<String> {
    let mut missing = Vec::new();
    for collection in catalog.collections.iter_mut().filter(|collection| super::catalog::has_rows(collection.kind)) {
        let table = collection.name.name.clone();
        if !statistics.rows.contains_key(&table) {
            if collection.rows().is_some_and(|rows| rows > 0.0) {
                missing.push(table);
            }
            continue;
        }
        if collection.storage.rows.is_none() {
            collection.storage.rows = statistics.rows.get(&table).map(|rows| Quantity::estimated(*rows, "sqlite_stat1"));
        }
        apply_indexes(statistics, collection, &table);
    }
    missing
}

fn apply_indexes(statistics: &Statistics, collection: &mut Collection, table: &str) {
    let mut leading: Vec<(String, FieldStatistics)> = Vec::new();
    for index in &mut collection.indexes {
        // A WITHOUT ROWID table's own tree is listed under the table's name.
        let named = statistics.prefixes.get(&(table.to_owned(), index.name.clone()));
        let own = index.constraint.as_deref() == Some("PRIMARY KEY") && collection.storage.without_rowid;
        let found = named.or_else(|| statistics.prefixes.get(&(table.to_owned(), table.to_owned())).filter(|_| own));
        let Some((rows, per_value)) = found else { continue };
        index.prefix_distinct = per_value.iter().map(|mean| if *mean > 0.0 { (rows / mean).max(1.0).min(*rows) } else { 0.0 }).collect();
        let column = index.parts.first().and_then(|part| part.column.clone()).filter(|_| index.predicate.is_none());
        if let (Some(column), Some(distinct)) = (column, index.prefix_distinct.first()) {
            let histogram = statistics.samples.get(&index.name).cloned().unwrap_or_default();
            let source = if histogram.is_empty() { "sqlite_stat1" } else { "sqlite_stat1, sqlite_stat4" };
            leading.push((
                column,
                FieldStatistics { distinct: Some(*distinct), histogram, source: source.to_owned(), ..FieldStatistics::default() },
            ));
        }
    }
    for (column, found) in leading {
        if let Some(field) = collection.fields.iter_mut().find(|field| field.name == column && field.statistics.is_none()) {
            field.statistics = Some(found);
        }
    }
}

/// The first value of a record (SQLite manual, Database File Format, section 2.1) as text; none for NULL and blobs.
fn first_value(record: &[u8]) -> Option<String> {
    let (header, taken) = variable_integer(record)?;
    let (serial, _) = variable_integer(record.get(taken..)?)?;
    let body = record.get(usize::try_from(header).ok()?..)?;
    let integer = |bytes: usize| {
        let bytes = body.get(..bytes)?;
        let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        let start: i64 = if negative { -1 } else { 0 };
        Some(bytes.iter().fold(start, |value, byte| (value << 8) | i64::from(*byte)).to_string())
    };
    match serial {
        1..=4 => integer(usize::try_from(serial).ok()?),
        5 => integer(6),
        6 => integer(8),
        7 => Some(f64::from_be_bytes(body.get(..8)?.try_into().ok()?).to_string()),
        8 => Some("0".to_owned()),
        9 => Some("1".to_owned()),
        text if text >= 13 && text % 2 == 1 => {
            let length = usize::try_from((text - 13) / 2).ok()?;
            Some(String::from_utf8_lossy(body.get(..length)?).into_owned())
        }
        _ => None,
    }
}

fn variable_integer(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some(((value << 8) | u64::from(*byte), 9));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_give_their_first_value() {
        assert_eq!(first_value(&[3, 1, 9, 0x85]).as_deref(), Some("-123"));
        assert_eq!(first_value(&[3, 2, 9, 0x01, 0x00]).as_deref(), Some("256"));
        assert_eq!(first_value(&[2, 19, b'a', b'b', b'c']).as_deref(), Some("abc"));
        assert_eq!(first_value(&[2, 9]).as_deref(), Some("1"));
        assert_eq!(first_value(&[2, 0]), None);
        assert_eq!(first_value(&[2, 6, 1]), None);
        assert_eq!(first_value(&[]), None);
    }
}
