//! References that hold in the data though nobody declared them: columns whose name points at another table's key and
//! whose values occur there. It never proposes a pair on values alone: small numbers are included in everything.

use dbwright_model::catalog::{Catalog, Collection, Field};
use dbwright_model::facts::Inclusion;

use super::reader::{Reader, plain, quoted};
use crate::inclusion::{PAIRS, STRAY_SHARE, candidates};
use crate::options::ReadRows;

/// Looks for inclusions; gives the gaps.
pub(super) fn read(reader: &Reader, catalog: &Catalog, rows: ReadRows, found: &mut Vec<Inclusion>) -> Vec<String> {
    let mut gaps = Vec::new();
    let pairs = candidates(catalog);
    if pairs.len() > PAIRS {
        gaps.push(format!("{} pairs of columns could be references, the first {PAIRS} were looked up", pairs.len()));
    }
    for (table, column, target, target_column) in pairs.into_iter().take(PAIRS) {
        match look_up(reader, table, column, target, &target_column, rows) {
            Ok(inclusion) => found.extend(inclusion),
            Err(error) => gaps.push(format!("{}({}): {}", table.name, column.name, plain(&error))),
        }
    }
    gaps
}

fn look_up(
    reader: &Reader,
    table: &Collection,
    column: &Field,
    target: &Collection,
    key: &str,
    rows: ReadRows,
) -> rusqlite::Result<Option<Inclusion>> {
    let child = quoted(&column.name);
    let source = match rows {
        ReadRows::Sample(limit) => format!("(SELECT {child} FROM {} LIMIT {limit})", quoted(&table.name.name)),
        _ => quoted(&table.name.name),
    };
    // Texts that are numbers must find integers, as in a join on `CAST`: a wrong type is no orphan.
    let sql = format!(
        "SELECT sum(n), count(*), sum(CASE WHEN EXISTS (SELECT 1 FROM {} AS p WHERE p.{} = +v) THEN 0 ELSE n END) \
         FROM (SELECT {child} AS v, count(*) AS n FROM {source} WHERE {child} IS NOT NULL GROUP BY 1)",
        quoted(&target.name.name),
        quoted(key)
    );
    let count = |row: &rusqlite::Row<'_>, index| row.get::<_, Option<i64>>(index).map(|value| value.unwrap_or(0).unsigned_abs());
    let (checked, distinct, orphans) = reader.one(&sql, [], |row| Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?)))?;
    if checked == 0 || orphans as f64 > checked as f64 * STRAY_SHARE {
        return Ok(None);
    }
    let (table, target) = (table.name.clone(), target.name.clone());
    Ok(Some(Inclusion { table, column: column.name.clone(), target, target_column: key.to_owned(), checked, orphans, distinct }))
}
