//! How tables are used, what the planner knows of their values, and what follows for dead space.
//! It never looks at a row itself.

use std::collections::HashMap;

use dbwright_model::Quantity;
use dbwright_model::catalog::{Activity, CollectionKind, CommonValue, FieldStatistics};
use tokio_postgres::Row;

use super::bloat::{self, Range};
use super::relations::Relations;
use super::text;
use crate::error::EngineError;
use crate::postgres::row::Cells;

/// Most frequent values that are kept of a column.
const MOST_COMMON: usize = 25;
/// Histogram bounds that are kept of a column; thinned out evenly where the server has more.
const MOST_BOUNDS: usize = 26;
/// Longest value that is kept, characters.
const LONGEST_VALUE: usize = 200;

/// Live rows by object identifier, from the activity counters.
pub type LiveRows = HashMap<i64, f64>;

/// Takes one row of `activity.sql`.
pub fn take_activity(row: &Row, relations: &mut Relations, live: &mut LiveRows) -> Result<(), EngineError> {
    let oid = row.int("relation")?;
    let live_rows = row.count("live_rows")? as f64;
    let dead_rows = row.count("dead_rows")? as f64;
    let Some(table) = relations.get_mut(oid) else { return Ok(()) };
    let index_scans = table.indexes.iter().filter_map(|index| index.scans).sum();
    let (fetched, hit) = (row.count("blocks_fetched")? as f64, row.count("blocks_hit")? as f64);
    table.activity = Some(Activity {
        full_scans: row.count("full_scans")?,
        full_scan_rows: row.count("full_scan_rows")?,
        index_scans,
        inserts: row.count("inserts")?,
        updates: row.count("updates")?,
        hot_updates: row.count("hot_updates")?,
        deletes: row.count("deletes")?,
        changed_since_analyze: row.maybe_count("changed_since_analyze")?,
        last_vacuum: row.time("last_vacuum")?,
        last_analyze: row.time("last_analyze")?,
        cache_hit_share: (fetched > 0.0).then(|| (hit / fetched).min(1.0)),
    });
    table.storage.dead_rows = Some(Quantity::estimated(dead_rows, "pg_stat_get_dead_tuples"));
    if table.storage.rows.is_none() && live_rows > 0.0 {
        table.storage.rows = Some(Quantity::estimated(live_rows, "pg_stat_get_live_tuples"));
    }
    live.insert(oid, live_rows);
    Ok(())
}

/// Positions of collections by schema and name.
pub type ByName = HashMap<(String, String), usize>;

/// Where each collection stands.
#[must_use]
pub fn by_name(relations: &Relations) -> ByName {
    let key = |at: usize| {
        let name = &relations.collections[at].name;
        (name.schema.clone().unwrap_or_default(), name.name.clone())
    };
    (0..relations.collections.len()).map(|at| (key(at), at)).collect()
}

/// Takes one row of `statistics.sql`; tells whether it was of a known column.
pub fn take_statistics(row: &Row, relations: &mut Relations, places: &ByName) -> Result<bool, EngineError> {
    let Some(at) = places.get(&(row.text("schema")?, row.text("relation")?)) else { return Ok(false) };
    let Some(table) = relations.collections.get_mut(*at) else { return Ok(false) };
    // Statistics over a table with its heirs describe partitioned tables; of others the table alone counts.
    if row.flag("inherited")? != (table.kind == CollectionKind::PartitionedTable) {
        return Ok(false);
    }
    let rows = table.rows();
    let name = row.text("name")?;
    let Some(field) = table.fields.iter_mut().find(|field| field.name == name) else { return Ok(false) };
    let null_share = row.float("null_share")?.map(tidy);
    let distinct = row.float("n_distinct")?.and_then(|distinct| match distinct {
        share if share < 0.0 => rows.map(|rows| (-share * rows).round()),
        count => (count > 0.0).then_some(count),
    });
    let shares = row.cell::<Vec<f64>>("shares")?.unwrap_or_default();
    let common = row.maybe_text("common")?.map(|common| text::array(&common)).unwrap_or_default();
    let histogram = row.maybe_text("histogram")?.map(|bounds| text::array(&bounds)).unwrap_or_default();
    field.statistics = Some(FieldStatistics {
        null_share,
        distinct,
        mean_bytes: row.float("mean_bytes")?,
        correlation: row.float("correlation")?.map(tidy),
        common: common
            .into_iter()
            .zip(shares)
            .take(MOST_COMMON)
            .map(|(value, share)| CommonValue { value: cut(&value), share: tidy(share) })
            .collect(),
        histogram: thinned(&histogram),
        source: "pg_stats".to_owned(),
    });
    Ok(true)
}

/// Estimates dead space of tables and indexes; tells of how many tables it could not.
pub fn estimate_bloat(relations: &mut Relations, live: &LiveRows, version: u32) -> u64 {
    let block_bytes = relations.block_bytes;
    let live_by_place: HashMap<usize, f64> = relations.by_oid.iter().filter_map(|(oid, at)| Some((*at, *live.get(oid)?))).collect();
    let mut unknown = 0;
    for (at, table) in relations.collections.iter_mut().enumerate() {
        let plain = matches!(table.kind, CollectionKind::Table | CollectionKind::Partition | CollectionKind::MaterializedView);
        if !plain || table.storage.table_bytes.as_ref().is_none_or(|bytes| bytes.value == 0.0) {
            continue;
        }
        let Some(rows) = row_range(table.rows(), live_by_place.get(&at).copied()) else {
            unknown += 1;
            continue;
        };
        let estimate = bloat::table(table, rows, block_bytes);
        unknown += u64::from(estimate.is_none());
        let of_indexes: Vec<_> = table.indexes.iter().map(|index| bloat::index(index, table, rows, block_bytes, version)).collect();
        table.storage.bloat_bytes = estimate;
        for (index, estimate) in table.indexes.iter_mut().zip(of_indexes) {
            index.bloat_bytes = estimate;
        }
    }
    unknown
}

/// Distinct values of each index's first column, and of all columns of a unique one.
pub fn count_prefixes(relations: &mut Relations) {
    for table in &mut relations.collections {
        let rows = table.rows();
        let fields: HashMap<&str, f64> =
            table.fields.iter().filter_map(|field| Some((field.name.as_str(), field.statistics.as_ref()?.distinct?))).collect();
        for index in &mut table.indexes {
            let first = index.leading_columns().first().and_then(|column| fields.get(column)).copied();
            index.prefix_distinct = first.into_iter().collect();
            if index.unique && index.parts.len() == 1 && index.predicate.is_none() && index.prefix_distinct.is_empty() {
                index.prefix_distinct.extend(rows);
            }
        }
    }
}

/// Between which numbers the rows lie: the planner's and the activity counters'. Counters that are far off were reset
/// since the table was filled, and are not believed.
fn row_range(planner: Option<f64>, live: Option<f64>) -> Option<Range> {
    let planner = planner?;
    match live.filter(|live| *live >= planner * 0.5 && *live <= planner * 2.0) {
        Some(live) => Some(Range { low: planner.min(live), middle: live, high: planner.max(live) }),
        None => Some(Range { low: planner, middle: planner, high: planner }),
    }
}

/// A share that the server keeps in four bytes, without the digits that only the wider type has.
fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn cut(value: &str) -> String {
    if value.chars().count() <= LONGEST_VALUE { value.to_owned() } else { value.chars().take(LONGEST_VALUE).chain(['…']).collect() }
}

fn thinned(bounds: &[String]) -> Vec<String> {
    if bounds.len() <= MOST_BOUNDS {
        return bounds.iter().map(|bound| cut(bound)).collect();
    }
    (0..MOST_BOUNDS).map(|at| cut(&bounds[at * (bounds.len() - 1) / (MOST_BOUNDS - 1)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thins_out_evenly_and_keeps_both_ends() {
        let bounds: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        let kept = thinned(&bounds);
        assert_eq!(kept.len(), MOST_BOUNDS);
        assert_eq!((kept[0].as_str(), kept[1].as_str(), kept[25].as_str()), ("0", "4", "100"));
    }

    #[test]
    fn rows_lie_between_planner_and_counters() {
        let range = row_range(Some(100.0), Some(80.0)).unwrap();
        assert_eq!((range.low, range.middle, range.high), (80.0, 80.0, 100.0));
        let reset = row_range(Some(1000.0), Some(5.0)).unwrap();
        assert_eq!((reset.low, reset.high), (1000.0, 1000.0));
        assert!(row_range(None, Some(5.0)).is_none());
    }
}
