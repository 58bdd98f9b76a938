//! A ghost of a PostgreSQL database. Statements and definitions come from a foreign server: they run as a role without
//! rights, one at a time, and nothing but EXPLAIN is ever asked of them. Only our own statements run as superuser.

mod build;
mod extended;
mod files;
mod make;
pub mod size;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_engines::EngineError;
use dbwright_engines::postgres::{Scratch, connect_scratch_as, parse_plan};
use dbwright_model::blueprint::Blueprint;
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, ObjectName};
use serde_json::Value;
use tokio::runtime::Handle;

use super::{Built, Ghost};
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};
use crate::scratch::postgres::{PORT, engine_failure};
use crate::scratch::server::ScratchServer;
use crate::scratch::{ScratchOptions, StatementError};
use crate::whatif::{Candidate, Costed, IndexId, KnownIndex, Question, WhatIf};

/// The database and the role that owns it.
const DATABASE: &str = "ghost";
const ROLE: &str = "dbwright_planner";
/// How names of candidates begin.
const PREFIX: &str = "dbwright_candidate_";
/// Limit for one question.
const QUESTION_LIMIT: Duration = Duration::from_secs(30);
/// Most parameters of a statement.
const MOST_PARAMETERS: usize = 2000;

/// An index of the ghost.
#[derive(Debug, Clone)]
struct Kept {
    known: KnownIndex,
    /// Object identifiers of its catalog rows: one, or one a partition.
    members: Vec<u32>,
    /// The tables of those.
    tables: Vec<u32>,
}

/// The file of a relation that takes disk on the source.
#[derive(Debug, Clone)]
struct Place {
    oid: u32,
    path: PathBuf,
    blocks: u64,
    rows: f64,
    pages: u64,
    visible_pages: u64,
}

/// A ghost in a scratch server.
pub struct PostgresGhost {
    // Dropped first, so that the connections end before the server does.
    admin: Option<Scratch>,
    planner: Option<Scratch>,
    runtime: Handle,
    cancel: Cancel,
    /// Tables by schema and name.
    tables: BTreeMap<ObjectName, Place>,
    /// Leaf partitions of partitioned tables.
    leaves: BTreeMap<ObjectName, Vec<ObjectName>>,
    indexes: BTreeMap<IndexId, Kept>,
    by_name: BTreeMap<String, Vec<IndexId>>,
    next: u32,
    visible: BTreeSet<IndexId>,
    settings: BTreeMap<String, String>,
    calls: u64,
    built: Built,
    server: ScratchServer,
}

impl PostgresGhost {
    /// Builds a ghost from a blueprint, in a server of the same major version where there is one.
    ///
    /// # Errors
    /// When there is no server program, or it does not start.
    pub fn build(print: &Blueprint, options: &ScratchOptions) -> Result<Self, LabError> {
        build::build(print, options)
    }

    fn root(&self) -> &Path {
        self.server.directory()
    }

    /// Waits for an answer, but not beyond the limit or the end that was asked for.
    fn wait<T>(&self, limit: Duration, answer: impl Future<Output = T>) -> Result<T, StatementError> {
        let lost = |message: &str| StatementError { lost: true, ..StatementError::new(message) };
        self.runtime.block_on(async {
            tokio::select! {
                answer = answer => Ok(answer),
                () = self.cancel.cancelled() => Err(lost("interrupted")),
                () = tokio::time::sleep(limit) => Err(lost("planning took longer than its time limit")),
            }
        })
    }

    fn connect(&self, database: &str, user: &str) -> Result<Scratch, StatementError> {
        let root = self.root().to_owned();
        self.wait(QUESTION_LIMIT, connect_scratch_as(&root, PORT, database, user))?.map_err(|error| engine_failure(&error))
    }

    fn admin(&self) -> Result<&Scratch, StatementError> {
        self.admin.as_ref().ok_or_else(gone)
    }

    /// Runs a script of our own as superuser.
    fn administer(&self, script: &str) -> Result<(), StatementError> {
        let answer = self.wait(QUESTION_LIMIT * 4, self.admin()?.execute_script(script))?;
        answer.map_err(|error| engine_failure(&error.error))
    }

    /// What the planner says, after a wait that was given up on a new connection.
    fn explain(&mut self, text: &str) -> Result<Value, StatementError> {
        let planner = self.planner.as_ref().ok_or_else(gone)?;
        let answer = self.wait(QUESTION_LIMIT, planner.explain_json(text));
        match answer {
            Ok(answer) => answer.map_err(|error| engine_failure(&error)),
            Err(error) if self.cancel.is_cancelled() => Err(error),
            Err(error) => {
                self.planner = Some(self.connect(DATABASE, ROLE)?);
                self.settings.clear();
                Err(StatementError { lost: false, ..error })
            }
        }
    }

    /// Shows exactly these indexes to the planner. An index that is not live is not even opened, so that hidden candidates
    /// cost nothing; touching the table's row makes sessions look at its list of indexes again.
    fn show(&mut self, wanted: &BTreeSet<IndexId>) -> Result<(), StatementError> {
        let wanted: BTreeSet<IndexId> =
            wanted.iter().filter(|id| self.indexes.get(id).is_some_and(|kept| !kept.known.fixed)).copied().collect();
        if wanted == self.visible {
            return Ok(());
        }
        let mut script = String::from("BEGIN;");
        let mut tables = BTreeSet::new();
        let changes = [(true, wanted.difference(&self.visible)), (false, self.visible.difference(&wanted))];
        for (on, ids) in changes {
            let kept: Vec<&Kept> = ids.filter_map(|id| self.indexes.get(id)).collect();
            tables.extend(kept.iter().flat_map(|kept| kept.tables.iter().copied()));
            let members = numbers(kept.iter().flat_map(|kept| kept.members.iter().copied()));
            if !members.is_empty() {
                script.push_str(&format!("UPDATE pg_index SET indislive = {on}, indisvalid = {on} WHERE indexrelid IN ({members});"));
            }
        }
        script.push_str(&format!("UPDATE pg_class SET relhasindex = true WHERE oid IN ({}); COMMIT", numbers(tables.into_iter())));
        self.administer(&script)?;
        self.visible = wanted;
        Ok(())
    }

    /// Gives the planner's session exactly these settings beside the source's.
    fn set(&mut self, wanted: &[(&str, &str)]) -> Result<(), StatementError> {
        let wanted: BTreeMap<String, String> = wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if wanted == self.settings {
            return Ok(());
        }
        let planner = self.planner.as_ref().ok_or_else(gone)?;
        let mut statements = Vec::new();
        for name in self.settings.keys().filter(|name| !wanted.contains_key(*name)) {
            statements.push(format!("RESET {}", dbwright_sql::quote_identifier(name, Engine::Postgresql)));
        }
        for (name, value) in &wanted {
            let name = dbwright_sql::quote_identifier(name, Engine::Postgresql);
            statements.push(format!("SET {name} = {}", dbwright_sql::quote_literal(value, Engine::Postgresql)));
        }
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        let outcomes = self.wait(QUESTION_LIMIT, planner.execute_each(&texts))?;
        // What went wrong half-way is set anew by the next question.
        self.settings.clear();
        if let Some(error) = outcomes.into_iter().find_map(Result::err) {
            self.settings.insert("unknown".to_owned(), String::new());
            return Err(engine_failure(&error));
        }
        self.settings = wanted;
        Ok(())
    }

    /// Plans a text; one with open parameters is prepared and planned generically.
    fn plan_json(&mut self, text: &str, tree: bool) -> Result<Value, StatementError> {
        self.calls += 1;
        let text = text.trim().trim_end_matches(';');
        let options = if tree { "VERBOSE, FORMAT JSON" } else { "FORMAT JSON" };
        let parameters = dbwright_sql::placeholders(text, Engine::Postgresql).iter().map(|found| found.index + 1).max().unwrap_or(0);
        if parameters == 0 {
            return self.explain(&format!("EXPLAIN ({options}) {text}"));
        }
        if parameters > MOST_PARAMETERS {
            return Err(StatementError::new(format!("it has {parameters} parameters")));
        }
        let prepare = format!("PREPARE dbwright_statement AS {text}");
        self.each(&["SET plan_cache_mode = force_generic_plan", &prepare])?;
        let nulls = vec!["NULL"; parameters].join(", ");
        let answer = self.explain(&format!("EXPLAIN ({options}) EXECUTE dbwright_statement({nulls})"));
        self.each(&["DEALLOCATE dbwright_statement", "RESET plan_cache_mode"])?;
        answer
    }

    fn each(&self, statements: &[&str]) -> Result<(), StatementError> {
        let planner = self.planner.as_ref().ok_or_else(gone)?;
        let outcomes = self.wait(QUESTION_LIMIT, planner.execute_each(statements))?;
        outcomes.into_iter().find_map(Result::err).map_or(Ok(()), |error| Err(engine_failure(&error)))
    }

    fn used(&self, plan: &Value) -> BTreeSet<IndexId> {
        let mut names = Vec::new();
        index_names(plan, &mut names, 0);
        names.iter().filter_map(|name| self.by_name.get(*name)).flatten().copied().collect()
    }

    fn keep(&mut self, kept: Kept, names: impl IntoIterator<Item = String>) {
        let id = kept.known.id;
        for name in names {
            self.by_name.entry(name).or_default().push(id);
        }
        self.indexes.insert(id, kept);
    }

    fn next_id(&mut self) -> IndexId {
        self.next += 1;
        IndexId(self.next)
    }
}

fn gone() -> StatementError {
    StatementError { lost: true, ..StatementError::new("the ghost's connection is gone") }
}

fn numbers(oids: impl Iterator<Item = u32>) -> String {
    oids.map(|oid| oid.to_string()).collect::<Vec<_>>().join(", ")
}

fn index_names<'a>(json: &'a Value, names: &mut Vec<&'a str>, depth: usize) {
    if depth > 500 {
        return;
    }
    match json {
        Value::Array(list) => list.iter().for_each(|inner| index_names(inner, names, depth + 1)),
        Value::Object(map) => {
            if let Some(name) = map.get("Index Name").and_then(Value::as_str) {
                names.push(name);
            }
            for key in ["Plan", "Plans"] {
                if let Some(inner) = map.get(key) {
                    index_names(inner, names, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn broken(error: &StatementError) -> LabError {
    LabError::new(LabErrorKind::Server, format!("a ghost's server is gone: {}", error.message))
}

fn malformed(error: &EngineError) -> StatementError {
    StatementError::new(error.to_string())
}

impl WhatIf for PostgresGhost {
    fn engine(&self) -> Engine {
        Engine::Postgresql
    }

    fn existing(&self) -> Vec<KnownIndex> {
        self.indexes.values().map(|kept| &kept.known).filter(|known| !known.index.name.starts_with(PREFIX)).cloned().collect()
    }

    fn create(&mut self, candidates: &[Candidate]) -> Result<Vec<Result<KnownIndex, StatementError>>, LabError> {
        make::create(self, candidates)
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Costed, StatementError> {
        self.show(question.indexes)?;
        self.set(question.settings)?;
        let json = self.plan_json(question.statement, question.tree)?;
        let top = json.get(0).unwrap_or(&json);
        let cost = top.get("Plan").and_then(|plan| plan.get("Total Cost")).and_then(Value::as_f64);
        let cost = cost.ok_or_else(|| StatementError::new("the statement has no plan"))?;
        let plan = if question.tree { Some(parse_plan(&json).map_err(|error| malformed(&error))?) } else { None };
        Ok(Costed { cost, used: self.used(&json), plan })
    }

    fn calls(&self) -> u64 {
        self.calls
    }
}

impl Ghost for PostgresGhost {
    fn built(&self) -> &Built {
        &self.built
    }

    fn plan(&mut self, statement: &str) -> Result<Plan, StatementError> {
        let indexes: BTreeSet<IndexId> =
            self.indexes.iter().filter(|(_, kept)| !kept.known.index.name.starts_with(PREFIX)).map(|(id, _)| *id).collect();
        let answer = self.ask(&Question { tree: true, ..Question::new(statement, &indexes) })?;
        answer.plan.ok_or_else(|| StatementError::new("the statement has no plan"))
    }
}
