//! A ghost of a SQLite file: its schema without rows, and the rows of its statistics tables, which SQLite loads as they are.
//! Only EXPLAIN QUERY PLAN is ever asked of it.
//!
//! SQLite prints no costs. What [`WhatIf::ask`] gives is a model over its plan: rows visited by nested loops, with a step
//! down the tree for each search and a comparison for each level of a sort. Plans are the engine's, costs are inferred.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use dbwright_engines::CollectOptions;
use dbwright_engines::sqlite::{explain, facts, reader::Control, reader::quoted};
use dbwright_model::blueprint::{Blueprint, Gap, StatisticsRow};
use dbwright_model::catalog::{Catalog, Collection, Index, IndexPart};
use dbwright_model::plan::{Operation, Plan, PlanNode};
use dbwright_model::{Engine, Timestamp};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{Built, Ghost};
use crate::error::{LabError, LabErrorKind};
use crate::scratch::directory::ScratchDirectory;
use crate::scratch::sqlite::{authorize, failed};
use crate::scratch::{ScratchOptions, StatementError};
use crate::whatif::{Candidate, Costed, IndexId, KnownIndex, Question, WhatIf};

const PAGE_BYTES: f64 = 4096.0;

/// A ghost of a SQLite file.
pub struct SqliteGhost {
    connection: Connection,
    catalog: Catalog,
    indexes: BTreeMap<IndexId, Kept>,
    visible: BTreeSet<IndexId>,
    calls: u64,
    built: Built,
    _directory: ScratchDirectory,
}

struct Kept {
    known: KnownIndex,
    definition: String,
    /// `rows rows-per-value …` of sqlite_stat1, where known.
    statistic: Option<String>,
}

impl SqliteGhost {
    /// Builds a ghost from a blueprint.
    ///
    /// # Errors
    /// When the scratch file can't be made.
    pub fn build(print: &Blueprint, options: &ScratchOptions) -> Result<Self, LabError> {
        let started = Instant::now();
        let directory = ScratchDirectory::create()?;
        let path = directory.path().join("ghost.db");
        let broken = |error: rusqlite::Error| LabError::new(LabErrorKind::Server, format!("making a ghost of a SQLite file: {error}"));
        let mut built = Built {
            source_version: print.version.clone(),
            version: rusqlite::version().to_owned(),
            gaps: print.gaps.clone(),
            ..Built::default()
        };
        {
            let mut connection = Connection::open(&path).map_err(broken)?;
            connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DDL, true).map_err(broken)?;
            connection.authorizer(Some(authorize)).map_err(broken)?;
            connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN").map_err(broken)?;
            make(&connection, print, &mut built);
            // Makes the statistics tables, which can't be made by name.
            connection.execute_batch("COMMIT; ANALYZE").map_err(broken)?;
            write_statistics(&connection, &print.rows, &mut built);
        }
        let catalog = collect(&path)?;
        let mut connection = Connection::open(&path).map_err(broken)?;
        connection.authorizer(Some(authorize)).map_err(broken)?;
        let cancel = options.cancel.clone();
        connection.progress_handler(20_000, Some(move || cancel.is_cancelled())).map_err(broken)?;
        built.bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        built.elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
        let mut ghost =
            Self { connection, catalog, indexes: BTreeMap::new(), visible: BTreeSet::new(), calls: 0, built, _directory: directory };
        ghost.take_existing();
        Ok(ghost)
    }

    fn take_existing(&mut self) {
        let mut next = 0;
        for collection in &self.catalog.collections {
            for index in &collection.indexes {
                next += 1;
                let id = IndexId(next);
                let fixed = index.automatic || index.constraint.is_some() || index.definition.is_none();
                let known = known(id, collection, index.clone(), fixed);
                let statistic =
                    self.connection.query_row("SELECT stat FROM sqlite_stat1 WHERE idx = ?", [&index.name], |row| row.get(0)).ok();
                self.indexes.insert(id, Kept { known, definition: index.definition.clone().unwrap_or_default(), statistic });
                if !fixed {
                    self.visible.insert(id);
                }
            }
        }
    }

    /// Makes and drops indexes, which is instant without rows, until exactly the wanted ones are there.
    fn show(&mut self, wanted: &BTreeSet<IndexId>) -> Result<(), StatementError> {
        let wanted: BTreeSet<IndexId> =
            wanted.iter().filter(|id| self.indexes.get(id).is_some_and(|kept| !kept.known.fixed)).copied().collect();
        if wanted == self.visible {
            return Ok(());
        }
        let change = || -> rusqlite::Result<()> {
            for kept in self.visible.difference(&wanted).filter_map(|id| self.indexes.get(id)) {
                self.connection.execute_batch(&format!("DROP INDEX {}", quoted(&kept.known.index.name)))?;
            }
            for kept in wanted.difference(&self.visible).filter_map(|id| self.indexes.get(id)) {
                self.connection.execute(&kept.definition, [])?;
                if let Some(statistic) = &kept.statistic {
                    let values = (&kept.known.table.name, &kept.known.index.name, statistic);
                    self.connection.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", values)?;
                }
            }
            self.connection.execute_batch("ANALYZE sqlite_schema")
        };
        change().map_err(|error| failed(&error))?;
        self.visible = wanted;
        Ok(())
    }

    fn explain(&mut self, statement: &str) -> Result<Plan, StatementError> {
        self.calls += 1;
        let statement = statement.trim().trim_end_matches(';');
        explain::explain(&self.connection, statement, [], &self.catalog).map_err(|error| failed(&error))
    }
}

/// Makes the objects, those that need others once more after them.
fn make(connection: &Connection, print: &Blueprint, built: &mut Built) {
    let mut waiting: Vec<_> = print.objects.iter().map(|made| (made, String::new())).collect();
    for _ in 0..3 {
        waiting.retain_mut(|(made, why)| {
            let create = made.statement.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("create"));
            let outcome = if create {
                connection.execute(&made.statement, []).map_err(|error| error.to_string())
            } else {
                Err("it makes nothing".into())
            };
            match outcome {
                Ok(_) => {
                    built.tables += usize::from(made.kind == "table");
                    built.indexes += usize::from(made.kind == "index");
                    false
                }
                // A virtual table made its own tables already.
                Err(error) if error.contains("already exists") => false,
                Err(error) => {
                    *why = error;
                    true
                }
            }
        });
    }
    let gap = |(made, why): (&dbwright_model::blueprint::Made, String)| Gap {
        what: format!("{} {}", made.kind, made.name),
        why: format!("it could not be made: {why}"),
    };
    built.gaps.extend(waiting.into_iter().map(gap));
}

fn write_statistics(connection: &Connection, rows: &[StatisticsRow], built: &mut Built) {
    let mut refused = 0_u64;
    for row in rows.iter().filter(|row| matches!(row.table.as_str(), "sqlite_stat1" | "sqlite_stat4")) {
        let columns: Vec<String> = row.values.keys().map(|column| quoted(column)).collect();
        let values: Vec<Value> = row.values.values().map(|value| value.as_deref().map_or(Value::Null, stored)).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", row.table, columns.join(", "));
        match connection.execute(&sql, rusqlite::params_from_iter(values)) {
            Ok(_) => built.columns += 1,
            Err(_) => refused += 1,
        }
    }
    if refused > 0 {
        built.gaps.push(Gap { what: format!("{refused} rows of statistics"), why: "they could not be written".to_owned() });
    }
}

/// `x'…'` is bytes, all else text.
fn stored(text: &str) -> Value {
    let hexadecimal =
        text.strip_prefix("x'").and_then(|rest| rest.strip_suffix('\'')).filter(|digits| digits.len() % 2 == 0 && digits.is_ascii());
    let bytes =
        hexadecimal.and_then(|digits| (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect());
    bytes.map_or_else(|| Value::Text(text.to_owned()), Value::Blob)
}

fn collect(path: &std::path::Path) -> Result<Catalog, LabError> {
    let options = CollectOptions::at(Timestamp(0));
    let mut found = facts::collect(path, &options, &Arc::new(Control::default()))?;
    // The file has no rows; the numbers are those of the statistics.
    let connection = Connection::open(path).map_err(|error| LabError::new(LabErrorKind::Server, error.to_string()))?;
    for collection in &mut found.catalog.collections {
        let sql = "SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ?";
        let rows: Option<f64> = connection.query_row(sql, [&collection.name.name], |row| row.get(0)).ok().flatten();
        collection.storage.rows = rows.map(|rows| dbwright_model::Quantity::estimated(rows, "sqlite_stat1"));
    }
    Ok(found.catalog)
}

fn known(id: IndexId, collection: &Collection, index: Index, fixed: bool) -> KnownIndex {
    let rows = collection.rows().unwrap_or(0.0);
    let width = |part: &IndexPart| {
        let field = part.column.as_deref().and_then(|column| collection.field(column));
        field.and_then(|field| field.statistics.as_ref()?.mean_bytes).unwrap_or(8.0)
    };
    let bytes = rows * (index.parts.iter().map(width).sum::<f64>() + 8.0) / 0.9;
    let pages = (bytes / PAGE_BYTES).ceil().max(1.0) as u64;
    KnownIndex { id, table: collection.name.clone(), index, bytes: pages as f64 * PAGE_BYTES, pages, levels: None, rows, fixed }
}

fn definition(candidate: &Candidate, name: &str) -> String {
    let part = |part: &IndexPart| {
        let mut text = part.column.as_deref().map(quoted).or_else(|| part.expression.clone()).unwrap_or_default();
        if let Some(collation) = &part.collation {
            text.push_str(&format!(" COLLATE {}", quoted(collation)));
        }
        if part.descending {
            text.push_str(" DESC");
        }
        text
    };
    // SQLite carries no further columns: they become the last of the key.
    let included = candidate.index.included.iter().map(|column| quoted(column));
    let parts: Vec<String> = candidate.index.parts.iter().map(part).chain(included).collect();
    let unique = if candidate.index.unique { "UNIQUE " } else { "" };
    let condition = candidate.index.predicate.as_deref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
    format!("CREATE {unique}INDEX {} ON {} ({}){condition}", quoted(name), quoted(&candidate.table.name), parts.join(", "))
}

/// Rows and rows per value of each prefix, as far as the distinct values of the columns are known; behind the first that
/// is not, SQLite's own guess takes over.
fn statistic(collection: &Collection, parts: &[IndexPart]) -> Option<String> {
    let rows = collection.rows()?;
    let mut numbers = vec![rows];
    let mut combinations = 1.0_f64;
    for part in parts {
        let column = part.column.as_deref()?;
        let own = collection.field(column).and_then(|field| field.statistics.as_ref()?.distinct);
        let leading = || {
            let index = collection.indexes.iter().find(|index| index.leading_columns().first() == Some(&column));
            index.and_then(|index| index.prefix_distinct.first().copied())
        };
        let distinct = own.or_else(leading)?;
        combinations = (combinations * distinct.max(1.0)).min(rows.max(1.0));
        numbers.push((rows / combinations).ceil().max(1.0));
    }
    Some(numbers.iter().map(|number| format!("{number:.0}")).collect::<Vec<_>>().join(" "))
}

/// Rows visited: what a node reads for each row that comes from before it.
fn cost(node: &PlanNode) -> (f64, f64) {
    const UNKNOWN_ROWS: f64 = 1e5;
    let searches = node.label.starts_with("SEARCH");
    let found = node.rows_estimated.unwrap_or(if searches { 10.0 } else { UNKNOWN_ROWS });
    if node.collection.is_some() {
        // A table row behind an index entry is a second descent; one from the index alone is none.
        let fetch = if matches!(node.operation, Operation::IndexScan) { 2.0 } else { 1.0 };
        let descend = if searches { found.max(2.0).log2() } else { 0.0 };
        return (descend + found * fetch, found);
    }
    let (mut sum, mut rows) = (0.0, 1.0_f64);
    for child in &node.children {
        let (own, passed) = cost(child);
        if matches!(child.operation, Operation::Sort | Operation::Distinct | Operation::Aggregate) && child.children.is_empty() {
            sum += rows * rows.max(2.0).log2();
            continue;
        }
        sum += rows * own;
        if child.collection.is_some() {
            rows = (rows * passed).min(1e15);
        }
    }
    (sum, rows)
}

impl WhatIf for SqliteGhost {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn existing(&self) -> Vec<KnownIndex> {
        self.indexes
            .values()
            .map(|kept| &kept.known)
            .filter(|known| !known.index.name.starts_with("dbwright_candidate_"))
            .cloned()
            .collect()
    }

    fn create(&mut self, candidates: &[Candidate]) -> Result<Vec<Result<KnownIndex, StatementError>>, LabError> {
        let mut outcomes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let id = IndexId(self.indexes.keys().next_back().map_or(1, |last| last.0 + 1));
            let name = format!("dbwright_candidate_{}", id.0);
            let Some(place) = self.catalog.collections.iter().position(|collection| collection.name == candidate.table) else {
                outcomes.push(Err(StatementError::new(format!("no such table: {}", candidate.table))));
                continue;
            };
            let definition = definition(candidate, &name);
            let tried = self
                .connection
                .execute(&definition, [])
                .and_then(|_| self.connection.execute(&format!("DROP INDEX {}", quoted(&name)), []));
            if let Err(error) = tried {
                outcomes.push(Err(failed(&error)));
                continue;
            }
            let collection = &mut self.catalog.collections[place];
            let statistic = statistic(collection, &candidate.index.parts).filter(|_| candidate.index.predicate.is_none());
            let prefixes =
                statistic.as_deref().unwrap_or_default().split(' ').filter_map(|number| number.parse::<f64>().ok()).collect::<Vec<_>>();
            let distinct =
                prefixes.split_first().map(|(rows, rest)| rest.iter().map(|each| rows / each.max(1.0)).collect()).unwrap_or_default();
            let index = Index { name, valid: true, prefix_distinct: distinct, ..candidate.index.clone() };
            let known = known(id, collection, index.clone(), false);
            collection.indexes.push(index);
            self.indexes.insert(id, Kept { known: known.clone(), definition, statistic });
            outcomes.push(Ok(known));
        }
        Ok(outcomes)
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Costed, StatementError> {
        self.show(question.indexes)?;
        let plan = self.explain(question.statement)?;
        let names: BTreeSet<&str> = plan.nodes().into_iter().filter_map(|node| node.index.as_deref()).collect();
        let used = self.indexes.iter().filter(|(_, kept)| names.contains(kept.known.index.name.as_str())).map(|(id, _)| *id).collect();
        let whole = PlanNode { children: vec![plan.root.clone()], ..PlanNode::default() };
        Ok(Costed { cost: cost(&whole).0, used, plan: question.tree.then_some(plan) })
    }

    fn calls(&self) -> u64 {
        self.calls
    }
}

impl Ghost for SqliteGhost {
    fn built(&self) -> &Built {
        &self.built
    }

    fn plan(&mut self, statement: &str) -> Result<Plan, StatementError> {
        let indexes: BTreeSet<IndexId> = self.existing().iter().map(|known| known.id).collect();
        self.show(&indexes)?;
        self.explain(statement)
    }
}
