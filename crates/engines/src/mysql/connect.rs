//! Opening a read-only session. It never sends a password in the clear over a network unless told to, and never asks for
//! more than it counts.

use std::time::Duration;

use dbwright_model::Engine;
use dbwright_model::security::{ConnectionSecurity, Reach};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder, SslOpts};

use super::ask::Record;
use super::failure::{class, timed_out};
use super::settings::{Address, Encryption, Settings};
use crate::credentials::prompt;
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;

/// Oldest versions that the queries are written for.
const OLDEST: [(Engine, (u32, u32)); 2] = [(Engine::Mariadb, (10, 3)), (Engine::Mysql, (5, 6))];

/// A session that only reads.
pub(super) struct Session {
    connection: Conn,
    action: String,
    timeout: Duration,
    /// The system that answered.
    pub(super) engine: Engine,
    /// As the server names it.
    pub(super) version_text: String,
    /// Major and minor.
    pub(super) version: (u32, u32),
    /// How we came in.
    pub(super) security: ConnectionSecurity,
    /// Queries sent.
    pub(super) queries: u64,
}

/// Connects to the first host that answers.
///
/// # Errors
/// Of the last host tried; a refused password ends the search at once.
pub(super) async fn connect(settings: &Settings, options: &CollectOptions) -> Result<Session, EngineError> {
    let mut last = EngineError::new(ErrorKind::Target, "connecting", "no host is given");
    let mut settings = settings.clone();
    for address in settings.addresses.clone() {
        let mut outcome = Session::open(&settings, &address, options).await;
        if let Err(error) = &outcome
            && error.kind == ErrorKind::Authentication
            && settings.password.is_none()
            && options.prompt
            && let Some(password) = prompt::password(&place(&settings, &address))?
        {
            settings.password = Some(password);
            outcome = Session::open(&settings, &address, options).await;
        }
        match outcome {
            Ok(session) => return Ok(session),
            Err(error) if matches!(error.kind, ErrorKind::Authentication | ErrorKind::NotFound | ErrorKind::Unsupported) => {
                return Err(error);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn place(settings: &Settings, address: &Address) -> String {
    match address {
        Address::Socket(path) => format!("{}@{path}", settings.user),
        Address::Tcp(host, port) => format!("{}@{host}:{port}", settings.user),
    }
}

impl Session {
    async fn open(settings: &Settings, address: &Address, options: &CollectOptions) -> Result<Self, EngineError> {
        let action = format!("connecting to {}", place(settings, address));
        let encryption = settings.encryption_to(address);
        let opening = Conn::new(opts(settings, address, encryption, &action)?);
        let connection = match tokio::time::timeout(options.connect_timeout, opening).await {
            Err(_) => return Err(timed_out(&action, options.connect_timeout, "--connect-timeout")),
            Ok(opened) => opened.map_err(|error| class(&action, &error))?,
        };
        let security = ConnectionSecurity {
            reach: address.reach(),
            tls: None,
            verified: address.reach() != Reach::Network || encryption == Encryption::VerifyFull,
        };
        let mut session = Self {
            connection,
            action: format!("reading {}", place(settings, address)),
            timeout: options.statement_timeout,
            engine: Engine::Mysql,
            version_text: String::new(),
            version: (0, 0),
            security,
            queries: 0,
        };
        session.prepare(options).await?;
        Ok(session)
    }

    /// Finds out who answers, sets limits, and starts a transaction that can't write.
    async fn prepare(&mut self, options: &CollectOptions) -> Result<(), EngineError> {
        let rows = self.rows(include_str!("queries/version.sql")).await?;
        let text = rows.first().map(|row| row.text("version")).unwrap_or_default();
        let comment = rows.first().map(|row| row.text("comment")).unwrap_or_default();
        self.engine = if text.contains("MariaDB") || comment.contains("MariaDB") { Engine::Mariadb } else { Engine::Mysql };
        let mut numbers = text.split(|letter: char| !letter.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
        self.version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        self.version_text = text.split('-').next().unwrap_or_default().to_owned();
        let oldest = OLDEST.iter().find(|(engine, _)| *engine == self.engine).map_or((0, 0), |(_, oldest)| *oldest);
        if self.version < oldest {
            let title = self.engine.title();
            return Err(EngineError::new(ErrorKind::Unsupported, self.action.clone(), format!("{title} {} is too old", self.version_text))
                .hint(format!("{title} {}.{} and newer are read.", oldest.0, oldest.1)));
        }
        let limit_ms = options.statement_timeout.as_millis();
        let lock_seconds = options.lock_timeout.as_secs().max(1);
        let limit = match self.engine {
            Engine::Mariadb => format!("SET SESSION max_statement_time = {:.3}", options.statement_timeout.as_secs_f64()),
            _ if self.version >= (5, 7) => format!("SET SESSION max_execution_time = {limit_ms}"),
            _ => String::new(),
        };
        let time_zone = "SET SESSION time_zone = '+00:00'".to_owned();
        let locks = format!("SET SESSION lock_wait_timeout = {lock_seconds}, innodb_lock_wait_timeout = {lock_seconds}");
        let words = "SET SESSION sql_mode = '', group_concat_max_len = 1048576".to_owned();
        // Numbers that the 8 series keeps for a day are asked for anew, for this session alone.
        let fresh =
            if self.engine == Engine::Mysql && self.version >= (8, 0) { "SET SESSION information_schema_stats_expiry = 0" } else { "" };
        let isolation = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY".to_owned();
        let begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY".to_owned();
        for statement in [limit, time_zone, locks, words, fresh.to_owned(), isolation, begin].iter().filter(|text| !text.is_empty()) {
            self.execute(statement).await?;
        }
        Ok(())
    }

    async fn execute(&mut self, statement: &str) -> Result<(), EngineError> {
        let outcome = tokio::time::timeout(self.timeout.saturating_mul(2), self.connection.query_drop(statement)).await;
        match outcome {
            Err(_) => Err(timed_out(&self.action, self.timeout, "--statement-timeout")),
            Ok(done) => done.map_err(|error| class(&self.action, &error)),
        }
    }

    /// The rows of one of our own queries.
    ///
    /// # Errors
    /// As the server reports it.
    pub(super) async fn rows(&mut self, query: &str) -> Result<Vec<Record>, EngineError> {
        self.queries += 1;
        let asking = self.connection.query::<mysql_async::Row, _>(query);
        // The server's own limit comes first; this one ends what it does not cover.
        let found = match tokio::time::timeout(self.timeout.saturating_mul(2), asking).await {
            Err(_) => return Err(timed_out(&self.action, self.timeout, "--statement-timeout")),
            Ok(found) => found.map_err(|error| class(&self.action, &error))?,
        };
        Ok(found.into_iter().map(Record::of).collect())
    }

    /// Calls a function with each row of a query, until it answers false.
    ///
    /// # Errors
    /// As the server reports it.
    pub(super) async fn each(&mut self, query: &str, mut take: impl FnMut(&Record) -> bool) -> Result<(), EngineError> {
        self.queries += 1;
        let mut result = self.connection.query_iter(query).await.map_err(|error| class(&self.action, &error))?;
        while let Some(row) = result.next().await.map_err(|error| class(&self.action, &error))? {
            if !take(&Record::of(row)) {
                break;
            }
        }
        result.drop_result().await.map_err(|error| class(&self.action, &error))
    }

    /// Ends the session.
    pub(super) async fn finish(self) {
        // What was read is read: how the farewell went changes nothing.
        let _ = self.connection.disconnect().await;
    }
}

fn opts(settings: &Settings, address: &Address, encryption: Encryption, action: &str) -> Result<OptsBuilder, EngineError> {
    let mut builder = OptsBuilder::default()
        .user(Some(settings.user.clone()))
        .pass(settings.password.as_ref().map(|password| password.expose().to_owned()))
        .db_name(settings.database.clone())
        .prefer_socket(false)
        .stmt_cache_size(0);
    builder = match address {
        Address::Socket(path) => builder.socket(Some(path.clone())),
        Address::Tcp(host, port) => builder.ip_or_hostname(host.clone()).tcp_port(*port),
    };
    if encryption == Encryption::Off || address.reach() == Reach::Socket {
        return Ok(builder);
    }
    let mut tls = SslOpts::default()
        .with_danger_accept_invalid_certs(encryption == Encryption::Require)
        .with_danger_skip_domain_validation(encryption < Encryption::VerifyFull);
    let readable = |what: &str, path: &std::path::Path| {
        std::fs::metadata(path)
            .map(|_| ())
            .map_err(|error| EngineError::new(ErrorKind::Tls, action, format!("reading {what} {}: {error}", path.display())))
    };
    if let Some(path) = &settings.authority {
        readable("ssl-ca", path)?;
        tls = tls.with_root_certs(vec![path.clone().into()]).with_disable_built_in_roots(true);
    }
    if let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) {
        readable("ssl-cert", certificate)?;
        readable("ssl-key", key)?;
        tls = tls.with_client_identity(Some(mysql_async::ClientIdentity::new(certificate.clone().into(), key.clone().into())));
    }
    Ok(builder.ssl_opts(tls))
}
