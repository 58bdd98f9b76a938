//! Redis and Valkey. It never repeats a command whose answer did not come.

use std::path::PathBuf;

use dbwright_model::ledger::{Action, ActionKind, Balance, Held, Image, WriteId};
use redis::aio::MultiplexedConnection;
use redis::{ConnectionAddr, IntoConnectionInfo, Pipeline, RedisError, Value};

use super::{Address, Answer, Client, Place, RegisterOperation, Told, check_marked, rows};
use crate::error::{EngineError, ErrorKind};

struct Redis {
    connection: MultiplexedConnection,
    place: Place,
}

/// Connects.
///
/// # Errors
/// What connecting can meet; [`ErrorKind::Privilege`] when the server is not the lab's.
pub async fn connect(place: &Place) -> Result<Box<dyn Client>, EngineError> {
    let action = format!("connecting to {place}");
    let address = match &place.address {
        Address::Socket(path) => ConnectionAddr::Unix(path.clone()),
        Address::Network(host, port) => ConnectionAddr::Tcp(host.to_string(), *port),
    };
    let failed = |error: RedisError| EngineError::new(ErrorKind::Unreachable, action.clone(), error.to_string());
    let client = redis::Client::open(address.into_connection_info().map_err(failed)?).map_err(failed)?;
    let settings = redis::AsyncConnectionConfig::new().set_response_timeout(Some(place.limit)).set_connection_timeout(Some(place.limit));
    let connection = client.get_multiplexed_async_connection_with_config(&settings).await.map_err(failed)?;
    let mut opened = Redis { connection, place: place.clone() };
    let rows = opened.words("CONFIG GET dir").await?;
    let reported = rows.get(1).and_then(|row| row.first()).map(PathBuf::from).unwrap_or_default();
    check_marked(&action, &reported, place)?;
    Ok(Box::new(opened))
}

/// The hash of a writer, and the fields of its two balances.
fn hash(kind: &str, worker: u32) -> String {
    format!("dbwright:{kind}:{worker}")
}

impl Redis {
    async fn words(&mut self, line: &str) -> Result<Vec<Vec<String>>, EngineError> {
        let mut words = line.split_whitespace();
        let mut command = redis::cmd(words.next().unwrap_or("PING"));
        for word in words {
            // A lone pair of quotes is the empty word.
            command.arg(if word == "\"\"" { "" } else { word });
        }
        let answer = command.query_async::<Value>(&mut self.connection).await;
        let answer =
            answer.map_err(|error| EngineError::new(ErrorKind::Protocol, format!("asking {} ({line})", self.place), error.to_string()))?;
        let mut texts = Vec::new();
        flatten(&answer, &mut texts);
        Ok(texts.into_iter().map(|text| vec![text]).collect())
    }

    async fn told(&mut self, pipeline: &Pipeline) -> Told {
        match pipeline.query_async::<Value>(&mut self.connection).await {
            Ok(answer) => {
                let mut texts = Vec::new();
                flatten(&answer, &mut texts);
                Told::acknowledged(texts.last().and_then(|text| text.parse().ok()))
            }
            // An answer of the server's: READONLY, OOM, MISCONF, NOREPLICAS and the like refuse before anything is done.
            Err(error) if error.code().is_some() && !error.is_io_error() && !error.is_timeout() => Told::refused(error.to_string()),
            Err(error) => Told::unknown(error.to_string(), true),
        }
    }

    async fn hash_of(&mut self, key: &str) -> Result<Vec<(i64, i64)>, EngineError> {
        let flat = self.words(&format!("HGETALL {key}")).await?;
        let numbers: Vec<i64> = flat.iter().filter_map(|row| row.first()?.parse().ok()).collect();
        Ok(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    async fn held(&mut self, kind: &str, worker: u32) -> Result<Vec<Held>, EngineError> {
        let found = self.hash_of(&hash(kind, worker)).await?;
        let held = |(number, value): (i64, i64)| Held { id: WriteId { worker, number: u32::try_from(number).unwrap_or(u32::MAX) }, value };
        Ok(found.into_iter().map(held).collect())
    }
}

fn flatten(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) => texts.push(text.clone()),
        Value::Int(number) => texts.push(number.to_string()),
        Value::Array(values) | Value::Set(values) => values.iter().for_each(|value| flatten(value, texts)),
        Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            flatten(key, texts);
            flatten(value, texts);
        }),
        Value::Nil => texts.push(String::new()),
        Value::Okay => texts.push("OK".to_owned()),
        _ => {}
    }
}

impl Client for Redis {
    fn prepare(&mut self, _writers: u32, registers: u32) -> Answer<'_, Result<(), EngineError>> {
        Box::pin(async move {
            self.words("FLUSHALL").await?;
            for key in 0..registers {
                self.words(&format!("SET dbwright:shared:{key} 0")).await?;
            }
            Ok(())
        })
    }

    fn perform<'a>(&'a mut self, action: &'a Action) -> Answer<'a, Told> {
        Box::pin(async move {
            let (worker, number, value) = (action.id.worker, action.id.number, action.value);
            let mut pipeline = redis::pipe();
            match action.kind {
                ActionKind::Append => {
                    pipeline.cmd("HSET").arg(hash("append", worker)).arg(number).arg(value);
                }
                ActionKind::Update => {
                    pipeline.cmd("SET").arg(hash("register", worker)).arg(format!("{number}:{value}"));
                }
                ActionKind::Transfer => {
                    let balance = hash("balance", worker);
                    pipeline.atomic();
                    pipeline.cmd("HSET").arg(hash("debit", worker)).arg(number).arg(value);
                    pipeline.cmd("HINCRBY").arg(&balance).arg(0).arg(-value);
                    pipeline.cmd("HINCRBY").arg(&balance).arg(1).arg(value);
                    pipeline.cmd("HSET").arg(hash("credit", worker)).arg(number).arg(value);
                }
            }
            Told { saw: None, ..self.told(&pipeline).await }
        })
    }

    fn register(&mut self, key: u32, operation: RegisterOperation) -> Answer<'_, Told> {
        Box::pin(async move {
            let key = format!("dbwright:shared:{key}");
            let mut pipeline = redis::pipe();
            match operation {
                RegisterOperation::Read => pipeline.cmd("GET").arg(&key),
                RegisterOperation::Write(value) => pipeline.cmd("SET").arg(&key).arg(value),
                RegisterOperation::Update(value) => pipeline.cmd("GETSET").arg(&key).arg(value),
                RegisterOperation::CarelessUpdate(value) => {
                    let mut read = redis::pipe();
                    read.cmd("GET").arg(&key);
                    let read = self.told(&read).await;
                    if read.saw.is_none() {
                        return read;
                    }
                    pipeline.cmd("SET").arg(&key).arg(value);
                    return Told { saw: read.saw, ..self.told(&pipeline).await };
                }
            };
            self.told(&pipeline).await
        })
    }

    fn image(&mut self) -> Answer<'_, Result<Image, EngineError>> {
        Box::pin(async move {
            let mut image = Image::default();
            let mut workers: Vec<u32> = Vec::new();
            for row in self.words("KEYS dbwright:*").await? {
                let worker: Option<u32> = row.first().and_then(|key| key.rsplit_once(':')?.1.parse().ok());
                workers.extend(worker);
            }
            workers.sort_unstable();
            workers.dedup();
            for worker in workers {
                image.appends.extend(self.held("append", worker).await?);
                image.debits.extend(self.held("debit", worker).await?);
                image.credits.extend(self.held("credit", worker).await?);
                let register = self.words(&format!("GET {}", hash("register", worker))).await?;
                let text = register.first().and_then(|row| row.first()).cloned().unwrap_or_default();
                if let Some((number, value)) = text.split_once(':') {
                    let row = vec![worker.to_string(), number.to_owned(), value.to_owned()];
                    image.registers.extend(rows::held(&[row])?);
                }
                let balance = self.hash_of(&hash("balance", worker)).await?;
                let of = |field: i64| balance.iter().find(|(name, _)| *name == field).map_or(0, |(_, value)| *value);
                image.balances.push(Balance { worker, given: of(0), taken: of(1) });
            }
            Ok(image)
        })
    }

    fn ask<'a>(&'a mut self, statement: &'a str) -> Answer<'a, Result<Vec<Vec<String>>, EngineError>> {
        Box::pin(self.words(statement))
    }
}
