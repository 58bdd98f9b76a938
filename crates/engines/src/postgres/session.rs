//! A connection that only reads: one REPEATABLE READ READ ONLY transaction whose snapshot is taken before anything else,
//! extended protocol only, every statement with a time limit. It never commits, and leaves nothing running behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dbwright_model::facts::Effort;
use dbwright_model::security::ConnectionSecurity;
use futures_util::TryStreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::connect::{Canceller, guard_settings};
use super::failure::from_driver;
use super::queries::Query;
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::tls::ClientTls;

/// Most rows that one answer may have.
const MOST_ROWS: usize = 5_000_000;
/// How much longer than the server's own limit we wait for an answer.
const GRACE: Duration = Duration::from_secs(3);

/// A statement's parameter with its type.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A read-only connection.
pub struct ReadOnly {
    client: Option<Client>,
    connection: Option<JoinHandle<()>>,
    canceller: Canceller,
    in_flight: AtomicUsize,
    effort: Mutex<Effort>,
    statement_timeout: Duration,
    /// Major version, e.g. 15.
    pub(super) version: u32,
    /// Version as the server names it, e.g. `15.18`.
    pub(super) version_text: String,
    /// Whether the database holds bytes of no known encoding.
    raw_encoding: bool,
    /// How the connection was made.
    pub(super) security: ConnectionSecurity,
    /// What the handshake showed.
    pub(super) tls: Option<ClientTls>,
    /// Where it leads, for messages.
    pub(super) place: String,
}

/// What [`ReadOnly`] is made from.
pub(super) struct Parts {
    pub client: Client,
    pub connection: JoinHandle<()>,
    pub canceller: Canceller,
    pub version_text: String,
    pub raw_encoding: bool,
    pub security: ConnectionSecurity,
    pub tls: Option<ClientTls>,
    pub place: String,
    pub statement_timeout: Duration,
}

impl ReadOnly {
    /// Wraps a connection that was just made.
    pub(super) fn new(parts: Parts) -> Self {
        let digits: String = parts.version_text.chars().take_while(char::is_ascii_digit).collect();
        let version_text = parts.version_text.split_whitespace().next().unwrap_or_default().to_owned();
        Self {
            client: Some(parts.client),
            connection: Some(parts.connection),
            canceller: parts.canceller,
            in_flight: AtomicUsize::new(0),
            effort: Mutex::new(Effort { connections: 1, ..Effort::default() }),
            statement_timeout: parts.statement_timeout,
            version: digits.parse().unwrap_or(0),
            version_text,
            raw_encoding: parts.raw_encoding,
            security: parts.security,
            tls: parts.tls,
            place: parts.place,
        }
    }

    /// Opens the transaction and sets its guards, for it alone: so the settings that others get stay visible beside them,
    /// and a pooler hands nothing on. Being the first to answer rows, the statement that sets them takes the snapshot.
    pub(super) async fn begin(&mut self, options: &CollectOptions) -> Result<(), EngineError> {
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let mut guards = guard_settings(options);
        if self.raw_encoding {
            // A database in SQL_ASCII holds bytes of any encoding; asked for UTF-8, the server refuses those that are none.
            guards.push(("client_encoding", "SQL_ASCII".to_owned()));
        }
        let calls: Vec<String> =
            (1..=guards.len()).map(|at| format!("pg_catalog.set_config('{}', ${at}, true)", guards[at - 1].0)).collect();
        let parameters: Vec<Parameter<'_>> = guards.iter().map(|(_, value)| (value as &(dyn ToSql + Sync), Type::TEXT)).collect();
        let query = Query { name: "the session's limits", sql: format!("SELECT {}", calls.join(", ")).into(), savepoint: None };
        self.each(&query, &parameters, |_| Ok(())).await
    }

    /// Runs one of our own queries and hands over its rows one by one. A failure leaves the transaction usable.
    pub(super) async fn each(
        &self,
        query: &Query,
        parameters: &[Parameter<'_>],
        mut take: impl FnMut(Row) -> Result<(), EngineError> + Send,
    ) -> Result<(), EngineError> {
        let outcome = self.attempt(query.name, &query.sql, parameters, &mut take).await;
        if let (Err(error), Some(savepoint)) = (&outcome, query.savepoint)
            && !matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable)
        {
            self.execute(&format!("ROLLBACK TO SAVEPOINT {savepoint}")).await?;
        }
        outcome
    }

    /// Runs one of our own queries.
    pub(super) async fn rows(&self, query: &Query) -> Result<Vec<Row>, EngineError> {
        let mut rows = Vec::new();
        self.each(query, &[], |row| {
            rows.push(row);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// Runs a statement of ours that answers no rows.
    pub(super) async fn execute(&self, statement: &str) -> Result<(), EngineError> {
        self.attempt(statement, statement, &[], &mut |_| Ok(())).await
    }

    async fn attempt(
        &self,
        name: &str,
        sql: &str,
        parameters: &[Parameter<'_>],
        take: &mut (dyn FnMut(Row) -> Result<(), EngineError> + Send),
    ) -> Result<(), EngineError> {
        let started = Instant::now();
        // Not a guard that counts down when dropped: a future dropped half-way must leave the count up, so that dropping
        // the connection cancels what still runs on the server.
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let answer = tokio::time::timeout(self.statement_timeout + GRACE, self.stream(sql, parameters, take)).await;
        let mut effort = self.effort.lock().unwrap_or_else(PoisonError::into_inner);
        effort.queries += 1;
        effort.elapsed_ms += started.elapsed().as_secs_f64() * 1e3;
        drop(effort);
        let Ok(outcome) = answer else {
            return Err(EngineError::new(ErrorKind::Lost, self.action(name), "the server gave no answer in time"));
        };
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        outcome.map_err(|failed| match failed {
            Failed::Driver(error) => from_driver(&self.action(name), &error),
            Failed::Ours(error) => error,
        })
    }

    async fn stream(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
        take: &mut (dyn FnMut(Row) -> Result<(), EngineError> + Send),
    ) -> Result<(), Failed> {
        let parameters = parameters.iter().map(|(value, kind)| (*value, kind.clone()));
        let Some(client) = &self.client else {
            return Err(Failed::Ours(EngineError::new(ErrorKind::Lost, self.action("an answer"), "the connection is closed")));
        };
        let rows = client.query_typed_raw(sql, parameters).await.map_err(Failed::Driver)?;
        let mut rows = std::pin::pin!(rows);
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(Failed::Driver)? {
            count += 1;
            if count > MOST_ROWS {
                return Err(Failed::Ours(EngineError::new(ErrorKind::Protocol, self.action("reading"), "more rows than can be taken")));
            }
            take(row).map_err(Failed::Ours)?;
        }
        Ok(())
    }

    /// Runs a statement that is no query of ours for facts and is not counted as one.
    pub(super) async fn quietly(&self, statement: &str) -> Result<(), EngineError> {
        self.ask_quietly(statement, &[]).await.map(|_| ())
    }

    /// Asks without counting it as one of our queries for facts: for planning, which is counted apart.
    pub(super) async fn ask_quietly(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, EngineError> {
        let mut rows = Vec::new();
        let outcome = self
            .attempt("a plan", sql, parameters, &mut |row| {
                rows.push(row);
                Ok(())
            })
            .await;
        self.effort.lock().unwrap_or_else(PoisonError::into_inner).queries -= 1;
        outcome.map(|()| rows)
    }

    /// Counts a statement as planned.
    pub(super) fn explained(&self) {
        self.effort.lock().unwrap_or_else(PoisonError::into_inner).explains += 1;
    }

    fn action(&self, name: &str) -> String {
        format!("asking {} for {name}", self.place)
    }

    /// What was asked of the server so far.
    pub(super) fn effort(&self) -> Effort {
        self.effort.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the transaction and the connection.
    pub(super) async fn finish(mut self) -> Effort {
        // The server rolls back by itself when the connection ends, so a failure here changes nothing.
        let _ = self.execute("ROLLBACK").await;
        drop(self.client.take());
        if let Some(connection) = self.connection.take() {
            let _ = tokio::time::timeout(GRACE, connection).await;
        }
        self.effort()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if self.in_flight.load(Ordering::SeqCst) > 0 && self.client.as_ref().is_some_and(|client| !client.is_closed()) {
            self.canceller.cancel_now();
        }
    }
}

enum Failed {
    Driver(tokio_postgres::Error),
    Ours(EngineError),
}
