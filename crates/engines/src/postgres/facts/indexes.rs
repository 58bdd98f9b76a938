//! Indexes of all access methods. It never opens one.

use std::collections::HashMap;

use dbwright_model::Quantity;
use dbwright_model::catalog::{Index, IndexPart};
use tokio_postgres::Row;

use super::relations::Relations;
use crate::error::EngineError;
use crate::postgres::row::Cells;

const DESCENDING: i64 = 1;
const NULLS_FIRST: i64 = 2;

/// An index with what is needed to finish it.
#[derive(Debug)]
pub struct Found {
    relation: i64,
    index: Index,
}

/// Reads the rows of `indexes.sql`.
pub fn read(rows: &[Row], relations: &Relations) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let relation = row.int("relation")?;
        if relations.get(relation).is_some() {
            found.push(Found { relation, index: index(row, relation, relations)? });
        }
    }
    Ok(found)
}

/// Names of indexes, and whether their NULLs are equal, by object identifier.
pub fn names(rows: &[Row]) -> Result<HashMap<i64, (String, bool)>, EngineError> {
    rows.iter().map(|row| Ok((row.int("oid")?, (row.text("name")?, row.flag("nulls_equal")?)))).collect()
}

/// Hands the indexes to their tables, and sums up their sizes there.
pub fn attach(found: Vec<Found>, relations: &mut Relations) {
    for Found { relation, index } in found {
        let Some(table) = relations.get_mut(relation) else { continue };
        if let Some(bytes) = &index.bytes {
            match &mut table.storage.index_bytes {
                Some(sum) => sum.value += bytes.value,
                None => table.storage.index_bytes = Some(Quantity { source: "sum over the indexes".to_owned(), ..bytes.clone() }),
            }
        }
        table.indexes.push(index);
    }
}

fn index(row: &Row, relation: i64, relations: &Relations) -> Result<Index, EngineError> {
    let columns = row.ints("columns")?;
    let key_parts = usize::try_from(row.int("key_parts")?).unwrap_or(columns.len()).min(columns.len());
    let block_bytes = relations.block_bytes;
    let bytes = row.cell::<i64>("bytes")?.map(|bytes| Quantity::measured(bytes as f64, "pg_relation_size"));
    let partitioned = row.flag("partitioned")?;
    let pages = row.count("pages")? as f64;
    Ok(Index {
        name: row.text("name")?,
        method: row.text("method")?,
        parts: parts(row, relation, relations, &columns[..key_parts])?,
        included: relations.named(relation, &columns[key_parts..]),
        unique: row.flag("is_unique")?,
        nulls_equal: row.flag("nulls_equal")?,
        predicate: row.maybe_text("predicate")?,
        constraint: row.maybe_text("constraint")?,
        valid: row.flag("valid")?,
        replica_identity: row.flag("replica_identity")?,
        partitioned,
        parent: row.maybe_text("parent")?,
        definition: row.maybe_text("definition")?,
        bytes: bytes.or_else(|| (!partitioned).then(|| Quantity::estimated(pages * block_bytes, "pg_class.relpages: the index is locked"))),
        scans: row.maybe_count("scans")?,
        last_scan: row.time("last_scan")?,
        ..Index::default()
    })
}

fn parts(row: &Row, relation: i64, relations: &Relations, columns: &[i64]) -> Result<Vec<IndexPart>, EngineError> {
    let options = row.ints("options")?;
    let expressions = row.texts("expressions")?;
    let (classes, collations) = (row.texts("operator_classes")?, row.texts("collations")?);
    let at = |list: &[String], position: usize| list.get(position).filter(|text| !text.is_empty()).cloned();
    let part = |(position, number): (usize, &i64)| {
        let flags = options.get(position).copied().unwrap_or(0);
        let descending = flags & DESCENDING != 0;
        IndexPart {
            column: relations.column(relation, *number).map(str::to_owned),
            expression: if *number == 0 { at(&expressions, position) } else { None },
            descending,
            nulls_first: !descending && flags & NULLS_FIRST != 0,
            collation: at(&collations, position),
            operator_class: at(&classes, position),
            prefix: None,
        }
    };
    Ok(columns.iter().enumerate().map(part).collect())
}
