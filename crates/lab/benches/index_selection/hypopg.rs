//! The optimizer of a server with the extension hypopg: the second opinion beside ghosts. It changes nothing there:
//! hypothetical indexes live in the session.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_engines::postgres::parse_plan;
use dbwright_lab::LabError;
use dbwright_lab::scratch::StatementError;
use dbwright_lab::whatif::{Candidate, Costed, IndexId, KnownIndex, Question, WhatIf};
use dbwright_model::Engine;
use dbwright_model::catalog::Index;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A session with hypothetical indexes.
pub struct Hypopg {
    runtime: Runtime,
    client: Client,
    known: Vec<(KnownIndex, String)>,
    /// Those that are there now, with their number in the session.
    there: BTreeMap<IndexId, u64>,
    calls: u64,
    backend: u32,
}

const BATCH: usize = 64;

impl Hypopg {
    /// Connects.
    pub fn connect(dsn: &str) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.map_err(|error| error.to_string())?;
            tokio::spawn(connection);
            client
                .batch_execute("CREATE EXTENSION IF NOT EXISTS hypopg; SELECT hypopg_reset()")
                .await
                .map_err(|error| error.to_string())?;
            Ok::<_, String>(client)
        })?;
        let mut session = Self { runtime, client, known: Vec::new(), there: BTreeMap::new(), calls: 0, backend: 0 };
        let rows = session.rows("SELECT pg_backend_pid()").map_err(|error| error.message)?;
        session.backend = rows.first().and_then(|row| row[0].as_deref()?.parse().ok()).unwrap_or(0);
        Ok(session)
    }

    /// CPU time that the server process of this session has used, seconds.
    pub fn server_seconds(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.backend)).unwrap_or_default();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Size in bytes of an index given as a statement; none where it is refused.
    pub fn size_of(&mut self, statement: &str) -> Option<f64> {
        let literal = statement.replace('\'', "''");
        self.there.clear();
        let script = format!(
            "SELECT hypopg_reset(); SELECT hypopg_relation_size(indexrelid) FROM hypopg_create_index('{literal}'); SELECT hypopg_reset()"
        );
        self.rows(&script).ok()?.iter().find_map(|row| row[0].as_deref()?.parse().ok())
    }

    /// Total cost of statements under indexes given as statements; every statement has to be planned.
    pub fn total_cost(&mut self, statements: &[String], indexes: &[String]) -> Result<f64, String> {
        self.there.clear();
        self.rows("SELECT hypopg_reset()").map_err(|error| error.message)?;
        for index in indexes {
            let literal = index.replace('\'', "''");
            self.rows(&format!("SELECT hypopg_create_index('{literal}')")).map_err(|error| format!("{index}: {}", error.message))?;
        }
        let mut total = 0.0;
        for statement in statements {
            let rows = self.rows(&format!("EXPLAIN (FORMAT JSON) {statement}")).map_err(|error| error.message)?;
            total += cost_and_names(&rows).map(|(cost, _)| cost).map_err(|error| error.message)?;
        }
        self.rows("SELECT hypopg_reset()").map_err(|error| error.message)?;
        Ok(total)
    }

    fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, StatementError> {
        let messages = self.runtime.block_on(self.client.simple_query(sql));
        let messages = messages.map_err(|error| {
            let message = error.as_db_error().map_or_else(|| error.to_string(), |answer| answer.message().to_owned());
            StatementError { lost: error.is_closed(), ..StatementError::new(message) }
        })?;
        let row = |message: SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// Sizes of a batch; the server's refusal spoils the whole batch.
    fn sizes(&mut self, statements: &[String]) -> Result<Vec<f64>, StatementError> {
        let literals: Vec<String> = statements.iter().map(|text| format!("'{}'", text.replace('\'', "''"))).collect();
        let script = format!(
            "SELECT hypopg_relation_size(indexrelid) FROM unnest(ARRAY[{}]) WITH ORDINALITY AS d(s, n), LATERAL hypopg_create_index(s) ORDER BY n",
            literals.join(", ")
        );
        let outcome = self.rows(&script);
        self.rows("SELECT hypopg_reset()")?;
        self.there.clear();
        Ok(outcome?.iter().filter_map(|row| row[0].as_deref()?.parse().ok()).collect())
    }
}

/// The statement that makes an index.
pub fn definition(candidate: &Candidate) -> String {
    let index = &candidate.index;
    let quote = |name: &str| dbwright_sql::quote_identifier(name, Engine::Postgresql);
    let parts: Vec<String> = index
        .parts
        .iter()
        .map(|part| {
            let what = part.column.as_deref().map_or_else(|| format!("({})", part.expression.clone().unwrap_or_default()), quote);
            let class = part.operator_class.as_deref().map(|class| format!(" {class}")).unwrap_or_default();
            format!("{what}{class}{}", if part.descending { " DESC" } else { "" })
        })
        .collect();
    let table = match &candidate.table.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&candidate.table.name)),
        None => quote(&candidate.table.name),
    };
    let method = if index.method.is_empty() { "btree" } else { &index.method };
    let included: Vec<String> = index.included.iter().map(|name| quote(name)).collect();
    let include = if included.is_empty() { String::new() } else { format!(" INCLUDE ({})", included.join(", ")) };
    let predicate = index.predicate.as_deref().map(|text| format!(" WHERE {text}")).unwrap_or_default();
    format!("CREATE INDEX ON {table} USING {method} ({}){include}{predicate}", parts.join(", "))
}

impl WhatIf for Hypopg {
    fn engine(&self) -> Engine {
        Engine::Postgresql
    }

    fn existing(&self) -> Vec<KnownIndex> {
        Vec::new()
    }

    fn create(&mut self, candidates: &[Candidate]) -> Result<Vec<Result<KnownIndex, StatementError>>, LabError> {
        let mut all = Vec::new();
        for batch in candidates.chunks(BATCH) {
            let statements: Vec<String> = batch.iter().map(definition).collect();
            let sizes: Vec<Result<f64, StatementError>> = match self.sizes(&statements) {
                Ok(sizes) => sizes.into_iter().map(Ok).collect(),
                Err(_) => statements.iter().map(|one| self.sizes(std::slice::from_ref(one)).map(|sizes| sizes[0])).collect(),
            };
            for ((candidate, size), statement) in batch.iter().zip(sizes).zip(statements) {
                let id = IndexId(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
                all.push(size.map(|bytes| {
                    let known = KnownIndex {
                        id,
                        table: candidate.table.clone(),
                        index: Index { name: format!("hypothetical_{}", id.0), ..candidate.index.clone() },
                        bytes,
                        pages: (bytes / 8192.0) as u64,
                        levels: None,
                        rows: 0.0,
                        fixed: false,
                    };
                    self.known.push((known.clone(), statement));
                    known
                }));
            }
        }
        Ok(all)
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Costed, StatementError> {
        let mut script = String::new();
        let gone: Vec<IndexId> = self.there.keys().filter(|id| !question.indexes.contains(id)).copied().collect();
        for id in gone {
            if let Some(number) = self.there.remove(&id) {
                script.push_str(&format!("SELECT hypopg_drop_index({number});"));
            }
        }
        let new: Vec<IndexId> = question.indexes.iter().filter(|id| !self.there.contains_key(id)).copied().collect();
        if !new.is_empty() {
            let literals: Vec<String> = new.iter().map(|id| format!("'{}'", self.known[id.0 as usize].1.replace('\'', "''"))).collect();
            script.push_str(&format!(
                "SELECT 'new', indexrelid FROM unnest(ARRAY[{}]) WITH ORDINALITY AS d(s, n), LATERAL hypopg_create_index(s) ORDER BY n;",
                literals.join(", ")
            ));
        }
        for (name, value) in question.settings {
            script.push_str(&format!("SET LOCAL {name} = {value};"));
        }
        script.push_str(&format!("EXPLAIN (FORMAT JSON) {}", question.statement));
        self.calls += 1;
        let rows = match self.rows(&script) {
            Ok(rows) => rows,
            Err(error) => {
                // Hypothetical indexes are no part of the transaction that failed: begin anew.
                self.rows("SELECT hypopg_reset()")?;
                self.there.clear();
                return Err(error);
            }
        };
        let numbers = rows.iter().filter(|row| row.len() == 2).filter_map(|row| row[1].as_deref()?.parse().ok());
        self.there.extend(new.into_iter().zip(numbers));
        let (cost, names) = cost_and_names(&rows)?;
        let by_number: BTreeMap<u64, IndexId> = self.there.iter().map(|(id, number)| (*number, *id)).collect();
        let number = |name: &String| name.strip_prefix('<')?.split_once('>')?.0.parse::<u64>().ok();
        let used: BTreeSet<IndexId> = names.iter().filter_map(|name| by_number.get(&number(name)?).copied()).collect();
        Ok(Costed { cost, used, plan: None })
    }

    fn calls(&self) -> u64 {
        self.calls
    }
}

/// Total cost and names of indexes, of the last answer.
fn cost_and_names(rows: &[Vec<Option<String>>]) -> Result<(f64, Vec<String>), StatementError> {
    let text = rows.iter().rev().find_map(|row| row.first()?.clone().filter(|text| text.starts_with('['))).unwrap_or_default();
    let json = serde_json::from_str(&text).map_err(|error| StatementError::new(error.to_string()))?;
    let plan = parse_plan(&json).map_err(|error| StatementError::new(error.to_string()))?;
    let names = plan.nodes().iter().filter_map(|node| node.index.clone()).collect();
    Ok((plan.root.cost.unwrap_or(0.0), names))
}
