//! Opening a connection, and errors in classes. It never sends a password over an unencrypted network unless told to.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dbwright_model::security::Reach;
use redis::aio::MultiplexedConnection;
use redis::{ConnectionAddr, ErrorKind as RedisKind, IntoConnectionInfo, RedisConnectionInfo, RedisError, Value};

use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::target::Endpoint;

/// A connection that counts what it asks of the server and keeps to a limit.
pub(super) struct Connection {
    inner: MultiplexedConnection,
    action: String,
    timeout: Duration,
    /// Commands sent.
    pub(super) commands: u64,
    /// Time from sending to answer, over all batches.
    pub(super) busy: Duration,
    /// How it was made.
    pub(super) reach: Reach,
    /// Whether TLS is in use.
    pub(super) tls: bool,
    /// Whether a password was presented.
    pub(super) authenticated: bool,
}

impl Connection {
    /// Opens a connection to the first host that answers.
    pub(super) async fn open(endpoint: &Endpoint, options: &CollectOptions) -> Result<Self, EngineError> {
        let action = format!("connecting to {endpoint}");
        let password = password(endpoint)?;
        let mut last = EngineError::new(ErrorKind::Target, action.clone(), "the URL names no host");
        for (address, reach) in addresses(endpoint)? {
            match Self::open_one(endpoint, options, &action, address, reach, password.clone()).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open_one(
        endpoint: &Endpoint,
        options: &CollectOptions,
        action: &str,
        address: ConnectionAddr,
        reach: Reach,
        password: Option<String>,
    ) -> Result<Self, EngineError> {
        let tls = matches!(address, ConnectionAddr::TcpTls { .. });
        let authenticated = password.is_some();
        if authenticated && !tls && reach == Reach::Network && !endpoint.options.contains_key("plaintext") {
            return Err(EngineError::new(ErrorKind::Tls, action, "the password would cross the network unencrypted")
                .hint("Use rediss://, or add ?plaintext=allowed if the network itself is encrypted."));
        }
        let database = database(endpoint)?;
        let mut login = RedisConnectionInfo::default().set_db(database);
        if let Some(user) = &endpoint.user {
            login = login.set_username(user);
        }
        if let Some(password) = &password {
            login = login.set_password(password);
        }
        let info = address.into_connection_info().map_err(|error| class(action, &error))?.set_redis_settings(login);
        let client = client(endpoint, info, action)?;
        let settings = redis::AsyncConnectionConfig::new().set_response_timeout(Some(options.statement_timeout));
        let opening = client.get_multiplexed_async_connection_with_config(&settings);
        let inner = match tokio::time::timeout(options.connect_timeout, opening).await {
            Err(_) => return Err(timed_out(action, options.connect_timeout, tls)),
            Ok(Err(error)) if error.is_timeout() => return Err(timed_out(action, options.connect_timeout, tls)),
            Ok(opened) => opened.map_err(|error| class(action, &error))?,
        };
        let timeout = options.statement_timeout;
        let action = format!("reading {endpoint}");
        Ok(Self { inner, action, timeout, commands: 0, busy: Duration::ZERO, reach, tls, authenticated })
    }

    /// Sends one command.
    pub(super) async fn ask(&mut self, words: &[&str]) -> Result<Value, EngineError> {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        let started = Instant::now();
        let answer = command.query_async::<Value>(&mut self.inner).await;
        self.count(1, started);
        answer.map_err(|error| class(&format!("{} ({})", self.action, words.join(" ")), &error))
    }

    /// Sends commands together; one answer each, in order, errors among them as values.
    pub(super) async fn batch(&mut self, pipeline: &redis::Pipeline, commands: u64) -> Result<Vec<Value>, EngineError> {
        let started = Instant::now();
        let answer = pipeline.query_async::<Vec<Value>>(&mut self.inner).await;
        self.count(commands, started);
        answer.map_err(|error| class(&self.action, &error))
    }

    fn count(&mut self, commands: u64, started: Instant) {
        self.commands += commands;
        self.busy += started.elapsed();
    }

    /// The limit for one answer.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// A client; with the certificate files that the URL names (`cacert`, `cert`, `key`, as redis-cli calls them).
fn client(endpoint: &Endpoint, info: redis::ConnectionInfo, action: &str) -> Result<redis::Client, EngineError> {
    let read = |name: &str| -> Result<Option<Vec<u8>>, EngineError> {
        let Some(path) = endpoint.options.get(name) else { return Ok(None) };
        let bytes = std::fs::read(path);
        bytes.map(Some).map_err(|error| EngineError::new(ErrorKind::Tls, format!("reading {name} {path}"), error.to_string()))
    };
    let (root_cert, certificate, key) = (read("cacert")?, read("cert")?, read("key")?);
    let opened = if root_cert.is_none() && certificate.is_none() {
        redis::Client::open(info)
    } else {
        let client_tls = certificate.zip(key).map(|(client_cert, client_key)| redis::ClientTlsConfig { client_cert, client_key });
        redis::Client::build_with_tls(info, redis::TlsCertificates { client_tls, root_cert })
    };
    opened.map_err(|error| class(action, &error))
}

/// Whether the server answers somebody who presents nothing; none when it can't be told.
pub(super) async fn admits_anyone(endpoint: &Endpoint, options: &CollectOptions) -> Option<bool> {
    let (address, _) = addresses(endpoint).ok()?.into_iter().next()?;
    let client = redis::Client::open(address.into_connection_info().ok()?).ok()?;
    let settings = redis::AsyncConnectionConfig::new().set_response_timeout(Some(options.statement_timeout));
    let opening = client.get_multiplexed_async_connection_with_config(&settings);
    let answer = async {
        let mut connection = opening.await?;
        redis::cmd("PING").query_async::<Value>(&mut connection).await
    };
    match tokio::time::timeout(options.connect_timeout, answer).await.ok()? {
        Ok(_) => Some(true),
        Err(error) if error.code() == Some("NOAUTH") => Some(false),
        Err(_) => None,
    }
}

fn addresses(endpoint: &Endpoint) -> Result<Vec<(ConnectionAddr, Reach)>, EngineError> {
    let tls = endpoint.options.get("tls").map(String::as_str);
    let insecure = match tls {
        None | Some("verify-full") => false,
        Some("require") => true,
        Some(other) => {
            return Err(EngineError::new(ErrorKind::Target, format!("reading {endpoint}"), format!("tls={other} is not known"))
                .hint("tls takes verify-full (the default of rediss://) or require, which does not check the certificate."));
        }
    };
    let host = |name: &str, port: Option<u16>| {
        if name.starts_with('/') {
            return (ConnectionAddr::Unix(PathBuf::from(name)), Reach::Socket);
        }
        let loopback = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let reach = if loopback { Reach::Loopback } else { Reach::Network };
        let (host, port) = (name.to_owned(), port.unwrap_or(6379));
        let address = match tls {
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure, tls_params: None },
            None => ConnectionAddr::Tcp(host, port),
        };
        (address, reach)
    };
    if endpoint.hosts.is_empty() {
        return Ok(vec![host("127.0.0.1", None)]);
    }
    Ok(endpoint.hosts.iter().map(|given| host(&given.name, given.port)).collect())
}

fn database(endpoint: &Endpoint) -> Result<i64, EngineError> {
    match endpoint.database.as_deref() {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| {
            EngineError::new(ErrorKind::Target, format!("reading {endpoint}"), format!("{text:?} is no database number"))
                .hint("Databases of Redis and Valkey are numbers: redis://host:6379/0.")
        }),
    }
}

/// The URL's password, else `REDISCLI_AUTH`, else the file that `REDIS_PASSWORD_FILE` names.
fn password(endpoint: &Endpoint) -> Result<Option<String>, EngineError> {
    if let Some(password) = &endpoint.password {
        return Ok(Some(password.expose().to_owned()));
    }
    if let Ok(password) = std::env::var("REDISCLI_AUTH") {
        return Ok(Some(password));
    }
    let Ok(file) = std::env::var("REDIS_PASSWORD_FILE") else { return Ok(None) };
    std::fs::read_to_string(&file)
        .map(|text| Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        .map_err(|error| EngineError::new(ErrorKind::Authentication, format!("reading REDIS_PASSWORD_FILE {file}"), error.to_string()))
}

/// No answer. A server that does not speak TLS keeps silent when it is greeted in TLS.
fn timed_out(action: &str, limit: Duration, tls: bool) -> EngineError {
    let detail = format!("no answer within {:.1} s", limit.as_secs_f64());
    if tls {
        return EngineError::new(ErrorKind::Tls, action, format!("{detail} to a TLS greeting"))
            .hint("Check that this port speaks TLS; redis:// is the scheme without.");
    }
    EngineError::new(ErrorKind::Timeout, action, detail).hint("Check host, port and firewall, or raise --connect-timeout.")
}

/// The class of a driver's error. Server errors keep the server's words.
pub(super) fn class(action: &str, error: &RedisError) -> EngineError {
    let make = |kind, hint: &str| EngineError::new(kind, action, words(error)).hint(hint);
    match error.code().unwrap_or_default() {
        "NOAUTH" | "WRONGPASS" => {
            return make(ErrorKind::Authentication, "Give user and password in the URL, or the password in REDISCLI_AUTH.");
        }
        "NOPERM" => return make(ErrorKind::Privilege, "`dbwright grants redis` prints an ACL rule that suffices."),
        "LOADING" => return make(ErrorKind::Unreachable, "The server is still loading its data; try again when it has."),
        "BUSY" => return make(ErrorKind::Timeout, "A script holds the server up; try again when it has ended."),
        "MOVED" | "ASK" | "CLUSTERDOWN" => {
            return make(ErrorKind::Unsupported, "Point the URL at each node of the cluster; facts are those of one node.");
        }
        _ => {}
    }
    if error.is_timeout() {
        return make(ErrorKind::Timeout, "The server did not answer in time; raise --statement-timeout or look for a blocking command.");
    }
    match error.kind() {
        RedisKind::AuthenticationFailed => make(ErrorKind::Authentication, "Check user and password in the URL or REDISCLI_AUTH."),
        RedisKind::Io if words(error).contains("CertificateRequired") => {
            make(ErrorKind::Tls, "The server asks for a certificate of the client: add ?cert=FILE&key=FILE to the URL.")
        }
        RedisKind::Io if error.is_connection_refusal() => make(ErrorKind::Unreachable, "Check host and port, and that the server runs."),
        RedisKind::Io if words(error).contains("certificate") || words(error).contains("TLS") || words(error).contains("handshake") => {
            make(
                ErrorKind::Tls,
                "Check that the port speaks TLS and that its certificate names the host and is signed by a known authority.",
            )
        }
        RedisKind::Io if error.is_connection_dropped() => make(ErrorKind::Lost, "The server closed the connection; its log says why."),
        RedisKind::Io => make(ErrorKind::Unreachable, "Check host, port and socket path."),
        _ => make(ErrorKind::Protocol, ""),
    }
}

fn words(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}
