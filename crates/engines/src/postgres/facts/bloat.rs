//! How many bytes a rebuild would give back, estimated from the planner's statistics, with bounds. It never reads a page.
//!
//! Own formula. A heap tuple takes its header (23 bytes and a bit for each column where a NULL may occur, rounded up to 8),
//! its values in order, each aligned as its type asks, the whole rounded up to 8, and a line pointer of 4 bytes; a page of
//! 8,192 bytes has 24 bytes of header and is filled to the fill factor. Widths and shares of NULL come from pg_stats.
//! What is not known exactly makes the bounds: the alignment gap before a fixed-width value that follows a value of variable
//! width is 0 to alignment − 1 bytes, the final rounding likewise, and the number of rows lies between what the planner and
//! what the activity counters say. A btree leaf entry takes 8 bytes and its key, rounded up to 8, and a line pointer; leaves
//! are filled to 90 %. From version 13 on equal keys share one entry with 6 bytes a row, which makes the lower bound.
//! Sizes: PostgreSQL manual, "Database Page Layout" and "B-Tree Indexes".

use dbwright_model::Quantity;
use dbwright_model::catalog::{Collection, Field, Index};

const PAGE_HEADER: f64 = 24.0;
const TUPLE_HEADER: f64 = 23.0;
const LINE_POINTER: f64 = 4.0;
const BTREE_SPECIAL: f64 = 16.0;
const BTREE_ENTRY: f64 = 8.0;
const ROW_ADDRESS: f64 = 6.0;
const MAXIMUM_ALIGNMENT: f64 = 8.0;
/// A btree's metapage and, of any but the smallest, its root.
const BTREE_FIXED_PAGES: f64 = 2.0;

/// Three readings of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least it can be.
    pub low: f64,
    /// What it most likely is.
    pub middle: f64,
    /// The most it can be.
    pub high: f64,
}

impl Range {
    fn of(value: f64) -> Self {
        Self { low: value, middle: value, high: value }
    }

    fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self { low: change(self.low), middle: change(self.middle), high: change(self.high) }
    }

    fn add(self, low: f64, middle: f64, high: f64) -> Self {
        Self { low: self.low + low, middle: self.middle + middle, high: self.high + high }
    }
}

/// Bytes that rewriting the table would give back; none where a column has no statistics.
#[must_use]
pub fn table(table: &Collection, rows: Range, block_bytes: f64) -> Option<Quantity> {
    let actual = table.storage.table_bytes.as_ref()?.value;
    let tuple = tuple(&table.fields)?;
    let fill = f64::from(table.storage.fill_factor.unwrap_or(100)) / 100.0;
    let usable = (block_bytes - PAGE_HEADER) * fill;
    let bytes = |rows: f64, tuple: f64| (rows / (usable / tuple).floor().max(1.0)).ceil() * block_bytes;
    let needed = Range { low: bytes(rows.low, tuple.low), middle: bytes(rows.middle, tuple.middle), high: bytes(rows.high, tuple.high) };
    Some(given_back(actual, needed, "tuple widths from pg_stats and rows, against pg_relation_size"))
}

/// Bytes that REINDEX would give back, of btree indexes on plain columns with statistics.
#[must_use]
pub fn index(index: &Index, table: &Collection, rows: Range, block_bytes: f64, version: u32) -> Option<Quantity> {
    if index.method != "btree" || index.predicate.is_some() || index.partitioned {
        return None;
    }
    let actual = index.bytes.as_ref()?.value;
    let names: Vec<&str> = index.columns()?.into_iter().chain(index.included.iter().map(String::as_str)).collect();
    let fields: Option<Vec<&Field>> = names.iter().map(|name| table.field(name)).collect();
    let fields = fields?;
    let key = values(fields.iter().copied())?;
    let nullable = fields.iter().any(|field| field.statistics.as_ref().is_some_and(|s| s.null_share.unwrap_or(0.0) > 0.0));
    let header = if nullable { BTREE_ENTRY + MAXIMUM_ALIGNMENT } else { BTREE_ENTRY };
    let entry = rounded(&key).map(|key| header + key + LINE_POINTER);
    let usable = (block_bytes - PAGE_HEADER - BTREE_SPECIAL) * 0.9;
    let leaves = |rows: f64, entry: f64| (rows / (usable / entry).floor().max(1.0)).ceil();
    let mut needed =
        Range { low: leaves(rows.low, entry.low), middle: leaves(rows.middle, entry.middle), high: leaves(rows.high, entry.high) };
    if let Some(distinct) = shared_keys(index, &fields, version) {
        let bytes = |rows: f64, key: f64| (distinct.min(rows) * key + rows * ROW_ADDRESS) / usable;
        needed.low = needed.low.min(bytes(rows.low, entry.low).ceil());
        needed.middle = needed.middle.min((bytes(rows.middle, entry.middle) * 1.05).ceil());
    }
    // Inner pages: one downlink for each page below.
    let fan_out = (usable * 0.7 / 0.9 / entry.middle).max(2.0);
    let whole = needed.map(|leaves| (leaves + leaves / (fan_out - 1.0) + BTREE_FIXED_PAGES) * block_bytes);
    Some(given_back(actual, whole, "key widths from pg_stats and rows, against pg_relation_size"))
}

/// Distinct keys, where the server keeps equal keys in one entry.
fn shared_keys(index: &Index, fields: &[&Field], version: u32) -> Option<f64> {
    if version < 13 || index.unique || !index.included.is_empty() {
        return None;
    }
    let distinct = |field: &&Field| field.statistics.as_ref().and_then(|statistics| statistics.distinct);
    let known: Option<Vec<f64>> = fields.iter().map(distinct).collect();
    Some(known?.into_iter().product::<f64>().max(1.0))
}

fn given_back(actual: f64, needed: Range, source: &str) -> Quantity {
    let gain = |needed: f64| (actual - needed).max(0.0);
    Quantity::between(gain(needed.high), gain(needed.middle), gain(needed.low), source)
}

/// Bytes of one row in a table, line pointer included.
#[must_use]
pub fn tuple(fields: &[Field]) -> Option<Range> {
    let nulls = fields.iter().any(|field| field.statistics.as_ref().is_some_and(|s| s.null_share.unwrap_or(0.0) > 0.0));
    let bitmap = if nulls { (fields.len() as f64 / 8.0).ceil() } else { 0.0 };
    let header = align(TUPLE_HEADER + bitmap, MAXIMUM_ALIGNMENT);
    Some(rounded(&values(fields.iter())?).map(|values| header + values + LINE_POINTER))
}

/// Bytes of the values in order, alignment gaps included, and whether every value's width is fixed.
struct Values {
    bytes: Range,
    exact: bool,
}

fn values<'a>(fields: impl Iterator<Item = &'a Field>) -> Option<Values> {
    let mut total = Range::of(0.0);
    let mut known_place = true;
    for field in fields {
        let statistics = field.statistics.as_ref()?;
        let present = 1.0 - statistics.null_share.unwrap_or(0.0);
        let width = field.type_bytes.map_or_else(|| statistics.mean_bytes, |bytes| Some(f64::from(bytes)))?;
        let alignment = f64::from(field.alignment.unwrap_or(1));
        let variable = field.type_bytes.is_none();
        // Short values of variable width are stored unaligned with a header of one byte, which mean_bytes includes.
        let alignment = if variable && width < 127.0 { 1.0 } else { alignment };
        if known_place {
            total = total.map(|place| align(place, alignment));
        } else {
            let gap = (alignment - 1.0) * present;
            total = total.add(0.0, gap / 2.0, gap);
        }
        total = total.map(|place| place + width * present);
        known_place &= !variable && present >= 1.0;
    }
    Some(Values { bytes: total, exact: known_place })
}

/// Rounded up to 8: exactly where all widths are fixed, else by the mean of what the rounding can be.
fn rounded(values: &Values) -> Range {
    let sum = values.bytes;
    if values.exact {
        return sum.map(|bytes| align(bytes, MAXIMUM_ALIGNMENT));
    }
    Range { low: sum.low, middle: sum.middle + 3.5, high: sum.high + 7.0 }
}

fn align(place: f64, alignment: f64) -> f64 {
    if alignment <= 1.0 { place } else { (place / alignment).ceil() * alignment }
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::FieldStatistics;

    use super::*;

    fn field(bytes: Option<u32>, alignment: u8, mean: f64, nulls: f64) -> Field {
        let statistics = FieldStatistics { null_share: Some(nulls), mean_bytes: Some(mean), ..FieldStatistics::default() };
        Field { type_bytes: bytes, alignment: Some(alignment), statistics: Some(statistics), ..Field::default() }
    }

    #[test]
    fn counts_fixed_columns_exactly() {
        // int4, int8: 4 + gap 4 + 8 = 16; header 24; pointer 4
        let found = tuple(&[field(Some(4), 4, 4.0, 0.0), field(Some(8), 8, 8.0, 0.0)]).unwrap();
        assert_eq!((found.low, found.middle, found.high), (44.0, 44.0, 44.0));
    }

    #[test]
    fn bounds_what_variable_widths_leave_open() {
        let found = tuple(&[field(None, 4, 11.0, 0.0), field(Some(8), 8, 8.0, 0.0)]).unwrap();
        assert!(found.low < found.middle && found.middle < found.high, "{found:?}");
        assert!(found.high - found.low <= 14.0);
        assert!(tuple(&[Field::default()]).is_none(), "without statistics nothing is said");
    }

    #[test]
    fn a_nullable_column_costs_the_bitmap() {
        let columns: Vec<Field> = (0..9).map(|_| field(Some(4), 4, 4.0, 0.5)).collect();
        let with = tuple(&columns).unwrap();
        // header 23 + 2 rounds up to 32
        assert!(with.low >= 32.0 + 18.0 + 4.0 && with.low < 32.0 + 27.0 + 4.0, "{with:?}");
    }
}
