//! A connection to a scratch server: the only type of this driver that can change anything. It is given out for servers
//! whose data directory lies in a directory marked as ours, reached by a socket of this machine, and for no others.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dbwright_model::plan::Plan;
use futures_util::{SinkExt, TryStreamExt};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::failure::from_driver;
use super::plan::parse_plan;
use crate::error::{EngineError, ErrorKind};

/// File that marks a directory as made by us for scratch servers; it stands beside the data directory.
pub const SCRATCH_MARKER: &str = ".dbwright-scratch";
/// Superuser of scratch servers.
const SUPERUSER: &str = "postgres";
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Statements that are sent before the first of them is answered.
const STATEMENTS_AT_A_TIME: usize = 64;

/// A connection to a scratch server.
pub struct Scratch {
    client: Client,
    place: String,
}

/// A script that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// What happened.
    pub error: EngineError,
    /// Where in the script, in characters from 0, when the server says so.
    pub position: Option<usize>,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for ScriptError {}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, values as the server prints them; none for NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Time from sending to the last row, as seen from here.
    pub elapsed: Duration,
}

/// Connects to a scratch server as its superuser.
///
/// # Errors
/// [`ErrorKind::Privilege`] when the server's data directory does not lie in a directory marked with [`SCRATCH_MARKER`];
/// otherwise what connecting can meet.
pub async fn connect_scratch(socket_directory: &Path, port: u16, database: &str) -> Result<Scratch, EngineError> {
    connect_scratch_as(socket_directory, port, database, SUPERUSER).await
}

/// Connects to a scratch server as one of its users, who must be allowed to read all settings.
///
/// # Errors
/// As [`connect_scratch`].
pub async fn connect_scratch_as(socket_directory: &Path, port: u16, database: &str, user: &str) -> Result<Scratch, EngineError> {
    let place = format!("the scratch server at {}, port {port}, database {database}", socket_directory.display());
    let action = format!("connecting to {place}");
    if !socket_directory.is_absolute() {
        return Err(EngineError::new(ErrorKind::Target, action, "the socket directory is no absolute path"));
    }
    let mut config = Config::new();
    config.host_path(socket_directory).port(port).user(user).dbname(database).application_name("dbwright scratch");
    config.connect_timeout(CONNECT_LIMIT);
    let (client, connection) = config.connect(NoTls).await.map_err(|error| from_driver(&action, &error))?;
    tokio::spawn(connection);
    let scratch = Scratch { client, place };
    scratch.check_marker(&action).await?;
    Ok(scratch)
}

impl Scratch {
    async fn check_marker(&self, action: &str) -> Result<(), EngineError> {
        let rows = self.client.query_typed("SELECT pg_catalog.current_setting('data_directory')", &[]).await;
        let rows = rows.map_err(|error| from_driver(action, &error))?;
        let directory = rows.first().and_then(|row| row.try_get::<_, String>(0).ok()).map(PathBuf::from).unwrap_or_default();
        let marked = directory.is_absolute() && directory.parent().is_some_and(|parent| parent.join(SCRATCH_MARKER).is_file());
        if marked {
            return Ok(());
        }
        let detail = format!("{} does not lie in a directory marked as scratch", directory.display());
        Err(EngineError::new(ErrorKind::Privilege, action, detail).hint("Changes are only made on servers that dbwright started itself."))
    }

    /// Executes a script of any number of statements; they are one transaction unless the script says otherwise.
    ///
    /// # Errors
    /// What the server says of the first statement that fails, with its place.
    pub async fn execute_script(&self, script: &str) -> Result<(), ScriptError> {
        self.client.batch_execute(script).await.map_err(|error| {
            let position = error.as_db_error().and_then(|answer| match answer.position() {
                Some(tokio_postgres::error::ErrorPosition::Original(at)) => usize::try_from(*at).ok()?.checked_sub(1),
                _ => None,
            });
            ScriptError { error: from_driver(&format!("running a script on {}", self.place), &error), position }
        })
    }

    /// Executes statements one by one, each of them a single one whatever its text says: how each went.
    pub async fn execute_each(&self, statements: &[&str]) -> Vec<Result<(), EngineError>> {
        let mut outcomes = Vec::with_capacity(statements.len());
        for some in statements.chunks(STATEMENTS_AT_A_TIME) {
            let sent = some.iter().map(|statement| self.client.query_typed(statement, &[]));
            let answers = futures_util::future::join_all(sent).await;
            outcomes.extend(
                answers
                    .into_iter()
                    .map(|answer| answer.map(|_| ()).map_err(|error| from_driver(&format!("making an object on {}", self.place), &error))),
            );
        }
        outcomes
    }

    /// Runs one statement of ours with parameters that are texts.
    ///
    /// # Errors
    /// What the server says.
    pub async fn query_with(&self, statement: &str, parameters: &[&str]) -> Result<Vec<tokio_postgres::Row>, EngineError> {
        let typed: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> =
            parameters.iter().map(|value| (value as &(dyn tokio_postgres::types::ToSql + Sync), Type::TEXT)).collect();
        self.client
            .query_typed(statement, &typed)
            .await
            .map_err(|error| from_driver(&format!("running a statement on {}", self.place), &error))
    }

    /// Executes a statement and hands over its rows in the server's binary form, with the columns' names and types first.
    ///
    /// # Errors
    /// What the server says.
    pub async fn each_raw(
        &self,
        statement: &str,
        mut columns: impl FnMut(&[(String, bool)]),
        mut take: impl FnMut(&[Option<&[u8]>]),
    ) -> Result<u64, EngineError> {
        let failed = |error: &tokio_postgres::Error| from_driver(&format!("running a statement on {}", self.place), error);
        let rows = self.client.query_typed_raw(statement, std::iter::empty::<(&str, Type)>()).await.map_err(|error| failed(&error))?;
        let mut rows = std::pin::pin!(rows);
        let mut count = 0_u64;
        while let Some(row) = rows.try_next().await.map_err(|error| failed(&error))? {
            if count == 0 {
                let named =
                    row.columns().iter().map(|column| (column.name().to_owned(), matches!(*column.type_(), Type::FLOAT4 | Type::FLOAT8)));
                columns(&named.collect::<Vec<_>>());
            }
            count += 1;
            let cells: Vec<Option<Raw<'_>>> = (0..row.len()).map(|at| row.try_get::<_, Option<Raw<'_>>>(at).ok().flatten()).collect();
            let cells: Vec<Option<&[u8]>> = cells.iter().map(|cell| cell.as_ref().map(|raw| raw.0)).collect();
            take(&cells);
        }
        Ok(if count == 0 { rows.rows_affected().unwrap_or(0) } else { count })
    }

    /// Plans a statement without executing it, and gives the server's JSON as it is. Names of settings are ours.
    ///
    /// # Errors
    /// What the server says of the statement; [`ErrorKind::Protocol`] when it answers no plan.
    pub async fn explain_json(&self, explain: &str) -> Result<serde_json::Value, EngineError> {
        let action = format!("explaining a statement on {}", self.place);
        let rows = self.client.query_typed(explain, &[]).await.map_err(|error| from_driver(&action, &error))?;
        let text = rows.first().and_then(|row| row.try_get::<_, Json>(0).ok()).map(|json| json.0).unwrap_or_default();
        serde_json::from_str(&text).map_err(|error| EngineError::new(ErrorKind::Protocol, action, error.to_string()))
    }

    /// Runs one statement and returns its rows as text.
    ///
    /// # Errors
    /// What the server says.
    pub async fn query_rows(&self, statement: &str) -> Result<Answer, EngineError> {
        let started = Instant::now();
        let messages = self.client.simple_query(statement).await;
        let elapsed = started.elapsed();
        let messages = messages.map_err(|error| from_driver(&format!("running a statement on {}", self.place), &error))?;
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(description) => {
                    columns = description.iter().map(|column| column.name().to_owned()).collect();
                }
                SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|at| row.try_get(at).ok().flatten().map(str::to_owned)).collect());
                }
                _ => {}
            }
        }
        Ok(Answer { columns, rows, elapsed })
    }

    /// Executes a statement and counts its rows without keeping them; for timing.
    ///
    /// # Errors
    /// What the server says.
    pub async fn run(&self, statement: &str) -> Result<(u64, Duration), EngineError> {
        let failed = |error: &tokio_postgres::Error| from_driver(&format!("running a statement on {}", self.place), error);
        let started = Instant::now();
        let rows = self.client.query_typed_raw(statement, std::iter::empty::<(&str, Type)>()).await.map_err(|error| failed(&error))?;
        let mut rows = std::pin::pin!(rows);
        let mut count = 0;
        while rows.try_next().await.map_err(|error| failed(&error))?.is_some() {
            count += 1;
        }
        Ok((count, started.elapsed()))
    }

    /// Executes a statement under EXPLAIN (ANALYZE, BUFFERS) and returns its plan.
    ///
    /// # Errors
    /// What the server says of the statement; [`ErrorKind::Protocol`] when it answers no plan.
    pub async fn explain_analyze(&self, statement: &str) -> Result<Plan, EngineError> {
        self.plan(&format!("EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) {statement}")).await
    }

    /// Plans a statement without executing it.
    ///
    /// # Errors
    /// As [`Self::explain_analyze`].
    pub async fn explain(&self, statement: &str) -> Result<Plan, EngineError> {
        self.plan(&format!("EXPLAIN (VERBOSE, FORMAT JSON) {statement}")).await
    }

    async fn plan(&self, statement: &str) -> Result<Plan, EngineError> {
        let action = format!("explaining a statement on {}", self.place);
        let rows = self.client.query_typed(statement, &[]).await.map_err(|error| from_driver(&action, &error))?;
        let text = rows.first().and_then(|row| row.try_get::<_, Json>(0).ok()).map(|json| json.0).unwrap_or_default();
        let json = serde_json::from_str(&text).map_err(|error| EngineError::new(ErrorKind::Protocol, action, error.to_string()))?;
        parse_plan(&json)
    }

    /// Feeds rows in COPY's text form into `COPY … FROM STDIN`, and returns how many went in.
    ///
    /// # Errors
    /// What the server says.
    pub async fn copy_in(&self, statement: &str, content: impl Into<Vec<u8>>) -> Result<u64, EngineError> {
        let failed = |error: &tokio_postgres::Error| from_driver(&format!("copying into {}", self.place), error);
        let sink = self.client.copy_in::<_, std::io::Cursor<Vec<u8>>>(statement).await.map_err(|error| failed(&error))?;
        let mut sink = std::pin::pin!(sink);
        sink.send(std::io::Cursor::new(content.into())).await.map_err(|error| failed(&error))?;
        sink.as_mut().finish().await.map_err(|error| failed(&error))
    }
}

/// A value of any type in the server's binary form.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// JSON as its text.
pub(super) struct Json(pub String);

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(String::from_utf8_lossy(raw).into_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::JSON | Type::TEXT)
    }
}
