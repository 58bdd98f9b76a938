//! Candidates: made on tables whose files are emptied for the moment, since an index is built by reading its table, and a
//! ghost's files hold nothing but their length. It never shows one that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::catalog::{Index, IndexPart};
use dbwright_model::{Engine, ObjectName};
use dbwright_sql::quote_identifier;
use serde_json::Value;

use super::build::{Relation, relations, restore_sizes, size_json, stretch_file, use_files_with_height};
use super::size::Origin;
use super::{DATABASE, Kept, PREFIX, Place, PostgresGhost, QUESTION_LIMIT, ROLE, broken, files, numbers, size};
use crate::error::LabError;
use crate::scratch::StatementError;
use crate::scratch::postgres::engine_failure;
use crate::whatif::{Candidate, IndexId, KnownIndex};

const SIZES: &str = include_str!("sizes.sql");
const MEMBERS: &str = include_str!("members.sql");

type Outcome = Result<KnownIndex, StatementError>;

pub(super) fn create(ghost: &mut PostgresGhost, candidates: &[Candidate]) -> Result<Vec<Outcome>, LabError> {
    let lost = |error: StatementError| broken(&error);
    let ids: Vec<IndexId> = candidates.iter().map(|_| ghost.next_id()).collect();
    let statements: Vec<String> = candidates.iter().zip(&ids).map(|(candidate, id)| statement(candidate, *id)).collect();
    let touched: BTreeSet<ObjectName> = candidates.iter().flat_map(|candidate| leaves(ghost, &candidate.table)).collect();
    let made = with_empty_tables(ghost, &touched, &statements).map_err(lost)?;
    restore_sizes(ghost, &touched).map_err(lost)?;
    settle(ghost, candidates, &ids, made).map_err(lost)
}

/// The tables that hold the rows of one: its leaf partitions, or itself.
fn leaves(ghost: &PostgresGhost, table: &ObjectName) -> Vec<ObjectName> {
    ghost.leaves.get(table).cloned().unwrap_or_else(|| vec![table.clone()])
}

fn with_empty_tables(
    ghost: &PostgresGhost,
    touched: &BTreeSet<ObjectName>,
    statements: &[String],
) -> Result<Vec<Result<(), StatementError>>, StatementError> {
    let places: Vec<&Place> = touched.iter().filter_map(|name| ghost.tables.get(name)).collect();
    let failed = |error: std::io::Error| StatementError { lost: true, ..StatementError::new(format!("resizing a ghost's files: {error}")) };
    for place in &places {
        files::empty(&place.path).map_err(failed)?;
    }
    // A new session, which has none of a table's further files open.
    let outcome = ghost.connect(DATABASE, ROLE).and_then(|maker| {
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        ghost.wait(QUESTION_LIMIT * 20, maker.execute_each(&texts))
    });
    for place in &places {
        files::resize(&place.path, place.blocks).map_err(failed)?;
    }
    Ok(outcome?.into_iter().map(|made| made.map_err(|error| engine_failure(&error))).collect())
}

fn name_of(id: IndexId) -> String {
    format!("{PREFIX}{}", id.0)
}

fn object(name: &ObjectName) -> String {
    let parts = name.schema.iter().chain([&name.name]);
    parts.map(|part| quote_identifier(part, Engine::Postgresql)).collect::<Vec<_>>().join(".")
}

fn statement(candidate: &Candidate, id: IndexId) -> String {
    let index = &candidate.index;
    let unique = if index.unique { "UNIQUE " } else { "" };
    let method = if index.method.is_empty() { "btree" } else { index.method.as_str() };
    let parts: Vec<String> = index.parts.iter().map(part).collect();
    let mut text = format!(
        "CREATE {unique}INDEX {} ON {} USING {} ({})",
        name_of(id),
        object(&candidate.table),
        quote_identifier(method, Engine::Postgresql),
        parts.join(", ")
    );
    if !index.included.is_empty() {
        let names: Vec<String> = index.included.iter().map(|name| quote_identifier(name, Engine::Postgresql)).collect();
        text.push_str(&format!(" INCLUDE ({})", names.join(", ")));
    }
    if let Some(predicate) = &index.predicate {
        text.push_str(&format!(" WHERE {predicate}"));
    }
    text
}

fn part(part: &IndexPart) -> String {
    let dotted =
        |name: &str| name.split('.').map(|part| quote_identifier(part.trim_matches('"'), Engine::Postgresql)).collect::<Vec<_>>().join(".");
    let mut text = match (&part.column, &part.expression) {
        (Some(column), _) => quote_identifier(column, Engine::Postgresql),
        (None, Some(expression)) => format!("({expression})"),
        (None, None) => String::new(),
    };
    if let Some(collation) = &part.collation {
        text.push_str(&format!(" COLLATE {}", dotted(collation)));
    }
    if let Some(class) = &part.operator_class {
        text.push_str(&format!(" {}", dotted(class)));
    }
    if part.descending {
        text.push_str(" DESC");
    }
    if part.nulls_first && !part.descending {
        text.push_str(" NULLS FIRST");
    }
    text
}

/// Sizes what was made, hides it, and takes it into the books.
fn settle(
    ghost: &mut PostgresGhost,
    candidates: &[Candidate],
    ids: &[IndexId],
    made: Vec<Result<(), StatementError>>,
) -> Result<Vec<Outcome>, StatementError> {
    ghost.administer("CHECKPOINT")?;
    let members = members(ghost)?;
    let found: BTreeMap<u32, Relation> =
        relations(ghost, "")?.into_iter().filter(|one| one.kind == "i").map(|one| (one.oid, one)).collect();
    let tables: BTreeMap<u32, (ObjectName, Place)> =
        ghost.tables.iter().map(|(name, place)| (place.oid, (name.clone(), place.clone()))).collect();
    let data = ghost.root().join("data");
    let mut moved = Vec::new();
    let (mut outcomes, mut sizes, mut hidden, mut touched) =
        (Vec::with_capacity(candidates.len()), Vec::new(), Vec::new(), BTreeSet::new());
    for ((candidate, id), made) in candidates.iter().zip(ids).zip(made) {
        if let Err(error) = made {
            outcomes.push(Err(error));
            continue;
        }
        let own: Vec<&Relation> = members.get(&name_of(*id)).into_iter().flatten().filter_map(|oid| found.get(oid)).collect();
        let share = share_of_rows(ghost, candidate)?;
        let all_blocks: u64 = own.iter().filter_map(|one| tables.get(&one.table)).map(|(_, place)| place.blocks).sum();
        let (mut pages, mut rows, mut levels) = (0, 0.0, None);
        for one in &own {
            let Some((_, place)) = tables.get(&one.table) else { continue };
            let own_rows = current_rows(place) * share;
            let estimate = size::index(&one.method, own_rows, place.blocks as f64, &one.parts, one.unique);
            let wanted = candidate.pages.map(|pages| pages as f64 * place.blocks.max(1) as f64 / all_blocks.max(1) as f64);
            let own_pages = wanted.map_or(estimate.0, |pages| pages.ceil() as u64);
            let height = estimate
                .1
                .map(|height| if wanted.is_some() { size::levels_of_pages(own_pages as f64, &one.parts, Origin::Built) } else { height });
            let placed = stretch_file(&data.join(&one.path), one.oid, own_pages, height);
            if placed.map_err(|error| StatementError::new(format!("resizing a candidate: {error}")))? {
                moved.push(one.oid);
            }
            sizes.push(size_json(&one.name, own_pages, own_rows, 0));
            (pages, rows, levels) = (pages + own_pages, rows + own_rows, levels.max(height));
        }
        hidden.extend(own.iter().map(|one| one.oid));
        touched.extend(own.iter().map(|one| one.table));
        let index = Index { name: name_of(*id), valid: true, ..candidate.index.clone() };
        let known = KnownIndex {
            id: *id,
            table: candidate.table.clone(),
            index,
            bytes: pages as f64 * size::PAGE,
            pages,
            levels,
            rows,
            fixed: false,
        };
        let kept = Kept {
            known: known.clone(),
            members: own.iter().map(|one| one.oid).collect(),
            tables: own.iter().map(|one| one.table).collect(),
        };
        ghost.keep(kept, own.iter().map(|one| one.name.name.clone()));
        outcomes.push(Ok(known));
    }
    use_files_with_height(ghost, &moved)?;
    hide(ghost, sizes, &hidden, touched)?;
    Ok(outcomes)
}

fn hide(ghost: &PostgresGhost, sizes: Vec<Value>, hidden: &[u32], touched: BTreeSet<u32>) -> Result<(), StatementError> {
    if hidden.is_empty() {
        return Ok(());
    }
    let text = Value::Array(sizes).to_string();
    ghost.wait(QUESTION_LIMIT * 4, ghost.admin()?.query_with(SIZES, &[&text]))?.map_err(|error| engine_failure(&error))?;
    ghost.administer(&format!(
        "BEGIN; UPDATE pg_index SET indislive = false, indisvalid = false WHERE indexrelid IN ({}); \
         UPDATE pg_class SET relhasindex = true WHERE oid IN ({}); COMMIT",
        numbers(hidden.iter().copied()),
        numbers(touched.into_iter())
    ))
}

fn members(ghost: &PostgresGhost) -> Result<BTreeMap<String, Vec<u32>>, StatementError> {
    let like = format!("{}%", PREFIX.replace('_', "\\_"));
    let rows = ghost.wait(QUESTION_LIMIT * 4, ghost.admin()?.query_with(MEMBERS, &[&like]))?.map_err(|error| engine_failure(&error))?;
    let mut members: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for row in rows {
        let (name, oid): (String, i64) = (row.try_get(0).unwrap_or_default(), row.try_get(1).unwrap_or(0));
        members.entry(name).or_default().push(u32::try_from(oid).unwrap_or(0));
    }
    Ok(members)
}

/// Rows as the planner reckons: the density that it remembers times the pages that there are.
fn current_rows(place: &Place) -> f64 {
    if place.pages > 0 && place.rows >= 0.0 { place.rows / place.pages as f64 * place.blocks as f64 } else { place.rows.max(0.0) }
}

/// Share of the rows that a partial index holds, as the planner estimates it.
fn share_of_rows(ghost: &mut PostgresGhost, candidate: &Candidate) -> Result<f64, StatementError> {
    let Some(predicate) = &candidate.index.predicate else { return Ok(1.0) };
    let table = object(&candidate.table);
    let mut rows = |condition: &str| -> Result<f64, StatementError> {
        let json = ghost.explain(&format!("EXPLAIN (FORMAT JSON) SELECT 1 FROM {table}{condition}"))?;
        Ok(json.pointer("/0/Plan/Plan Rows").and_then(Value::as_f64).unwrap_or(1.0))
    };
    let all = rows("")?;
    let some = rows(&format!(" WHERE {predicate}"))?;
    Ok((some / all.max(1.0)).clamp(0.0, 1.0))
}
