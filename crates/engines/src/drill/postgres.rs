//! PostgreSQL. A warning that comes with a commit makes it unknown: "canceling wait for synchronous replication" means that
//! the commit is here and perhaps nowhere else. It never takes such an answer for an acknowledgement.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dbwright_model::ledger::{Action, ActionKind, Image};
use futures_util::StreamExt;
use tokio_postgres::{AsyncMessage, Config, NoTls, SimpleQueryMessage};

use super::{Address, Answer, Client, Place, RegisterOperation, Told, check_marked, rows, statements};
use crate::error::{EngineError, ErrorKind};
use crate::postgres::failure::from_driver;

const SUPERUSER: &str = "postgres";
/// How long the answer to a cancelled statement is waited for.
const AFTER_CANCEL: Duration = Duration::from_millis(500);

struct Postgres {
    client: tokio_postgres::Client,
    warnings: Arc<AtomicU64>,
    place: Place,
}

/// Connects as superuser to the database `postgres`.
///
/// # Errors
/// What connecting can meet; [`ErrorKind::Privilege`] when the server is not the lab's.
pub async fn connect(place: &Place) -> Result<Box<dyn Client>, EngineError> {
    let action = format!("connecting to {place}");
    let mut config = Config::new();
    config.user(SUPERUSER).dbname("postgres").application_name("dbwright drill").connect_timeout(place.limit);
    match &place.address {
        Address::Socket(directory) => config.host_path(directory).port(5432),
        Address::Network(host, port) => config.host(host.to_string()).port(*port),
    };
    let timeout = || EngineError::new(ErrorKind::Timeout, action.clone(), "no answer within the limit");
    let opened = tokio::time::timeout(place.limit, config.connect(NoTls)).await.map_err(|_| timeout())?;
    let (client, mut connection) = opened.map_err(|error| from_driver(&action, &error))?;
    let warnings = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&warnings);
    tokio::spawn(async move {
        let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notice(notice) = message
                && notice.severity() == "WARNING"
            {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let mut opened = Postgres { client, warnings, place: place.clone() };
    let rows = tokio::time::timeout(place.limit, opened.query("SHOW data_directory")).await.map_err(|_| timeout())??;
    let reported = rows.first().and_then(|row| row.first()).map(PathBuf::from).unwrap_or_default();
    check_marked(&action, &reported, place)?;
    Ok(Box::new(opened))
}

impl Postgres {
    async fn query(&mut self, statement: &str) -> Result<Vec<Vec<String>>, EngineError> {
        let action = format!("asking {}", self.place);
        let messages = self.client.simple_query(statement).await.map_err(|error| from_driver(&action, &error))?;
        Ok(texts(&messages))
    }

    /// Sends a script and waits as long as the limit allows; then cancels it, as an application with a limit would, and takes
    /// what answer comes. The value is the first column of the last row.
    async fn told(&mut self, script: &str) -> Told {
        let before = self.warnings.load(Ordering::SeqCst);
        let cancel = self.client.cancel_token();
        let outcome = {
            let mut answer = std::pin::pin!(self.client.simple_query(script));
            match tokio::time::timeout(self.place.limit, answer.as_mut()).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let _ = tokio::time::timeout(AFTER_CANCEL, cancel.cancel_query(NoTls)).await;
                    match tokio::time::timeout(AFTER_CANCEL, answer).await {
                        Ok(outcome) => outcome,
                        Err(_) => return Told::unknown("no answer within the limit", true),
                    }
                }
            }
        };
        let warned = self.warnings.load(Ordering::SeqCst) > before;
        match outcome {
            Ok(_) if warned => Told::unknown("a warning: the commit may not be on the standby", false),
            Ok(messages) => Told::acknowledged(texts(&messages).last().and_then(|row| row.first()?.parse().ok())),
            Err(error) => self.failed(&error).await,
        }
    }

    async fn failed(&mut self, error: &tokio_postgres::Error) -> Told {
        let words = error.as_db_error().map_or_else(|| error.to_string(), |answer| answer.message().to_owned());
        let class = error.code().map(|code| code.code().chars().take(2).collect::<String>());
        match class.as_deref() {
            // Connection exceptions and operator intervention end a session in any state of its transaction.
            None | Some("08" | "57" | "58" | "XX") => Told::unknown(words, true),
            Some(_) => {
                // The transaction may still be open.
                let clean = tokio::time::timeout(AFTER_CANCEL, self.client.simple_query("ROLLBACK")).await;
                Told { lost: !matches!(clean, Ok(Ok(_))), ..Told::refused(words) }
            }
        }
    }
}

fn texts(messages: &[SimpleQueryMessage]) -> Vec<Vec<String>> {
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()),
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}

impl Client for Postgres {
    fn prepare(&mut self, writers: u32, registers: u32) -> Answer<'_, Result<(), EngineError>> {
        Box::pin(async move {
            let mut script = statements::prepare(writers, registers, "").join("; ");
            script.push_str("; CHECKPOINT");
            // CHECKPOINT can't run within the transaction that a script is.
            let (tables, checkpoint) = script.rsplit_once("; ").unwrap_or((&script, ""));
            self.query(&format!("SET client_min_messages = error; {tables}")).await?;
            self.query("RESET client_min_messages").await?;
            self.query(checkpoint).await.map(|_| ())
        })
    }

    fn perform<'a>(&'a mut self, action: &'a Action) -> Answer<'a, Told> {
        Box::pin(async move {
            let told = self.told(&statements::perform(action, "BEGIN")).await;
            if action.kind == ActionKind::Transfer { told } else { Told { saw: None, ..told } }
        })
    }

    fn register(&mut self, key: u32, operation: RegisterOperation) -> Answer<'_, Told> {
        Box::pin(async move {
            match operation {
                RegisterOperation::Read => self.told(&format!("SELECT value FROM dbwright_shared WHERE key_id = {key}")).await,
                RegisterOperation::Write(value) => {
                    let told = self.told(&format!("UPDATE dbwright_shared SET value = {value} WHERE key_id = {key}")).await;
                    Told { saw: None, ..told }
                }
                RegisterOperation::Update(value) => {
                    self.told(&format!(
                        "UPDATE dbwright_shared AS new SET value = {value} FROM \
                         (SELECT key_id, value FROM dbwright_shared WHERE key_id = {key} FOR UPDATE) AS old \
                         WHERE new.key_id = old.key_id RETURNING old.value"
                    ))
                    .await
                }
                RegisterOperation::CarelessUpdate(value) => {
                    let read = self.told(&format!("SELECT value FROM dbwright_shared WHERE key_id = {key}")).await;
                    if read.saw.is_none() {
                        return read;
                    }
                    let told = self.told(&format!("UPDATE dbwright_shared SET value = {value} WHERE key_id = {key}")).await;
                    Told { saw: read.saw, ..told }
                }
            }
        })
    }

    fn image(&mut self) -> Answer<'_, Result<Image, EngineError>> {
        Box::pin(async move {
            let mut tables = Vec::new();
            for table in statements::TABLES {
                tables.push(self.query(&statements::read(table)).await?);
            }
            Ok(Image {
                appends: rows::held(&tables[0])?,
                registers: rows::held(&tables[1])?,
                debits: rows::held(&tables[2])?,
                credits: rows::held(&tables[3])?,
                balances: rows::balances(&tables[4])?,
            })
        })
    }

    fn ask<'a>(&'a mut self, statement: &'a str) -> Answer<'a, Result<Vec<Vec<String>>, EngineError>> {
        Box::pin(async move {
            let limit = self.place.limit;
            let timeout = EngineError::new(ErrorKind::Timeout, format!("asking {}", self.place), "no answer within the limit");
            tokio::time::timeout(limit, self.query(statement)).await.map_err(|_| timeout)?
        })
    }
}
