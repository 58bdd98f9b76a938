//! Makes read-only connections: tries the hosts in order, encrypts as asked, and knows how to cancel. It never falls back from an encrypted connection to a plain one.

use std::time::Duration;

use dbwright_model::secret::Secret;
use dbwright_model::security::{ConnectionSecurity, Reach};
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{from_driver, from_io};
use super::session::{Parts, ReadOnly};
use super::settings::{Address, Encryption, Settings, Wanted};
use super::stream::Stream;
use crate::credentials::prompt;
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::tls::{ClientTls, Verification};

/// Oldest major version that the queries are written for.
const OLDEST: u32 = 12;
/// Limit for sending a cancel request.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// Connects to the first host that answers and is of the wanted kind.
///
/// # Errors
/// Of the last host tried; a refused password ends the search at once.
pub(super) async fn connect(settings: &Settings, options: &CollectOptions) -> Result<ReadOnly, EngineError> {
    let mut settings = settings.clone();
    let mut last = None;
    let rounds = if settings.wanted == (Wanted::Standby { preferred: true }) { 2 } else { 1 };
    for round in 0..rounds {
        for address in settings.addresses.clone() {
            let mut outcome = connect_to(&settings, &address, options).await;
            if let Err(error) = &outcome
                && error.kind == ErrorKind::Authentication
                && settings.password.is_none()
                && options.prompt
                && let Some(password) = prompt::password(&place(&settings, &address))?
            {
                settings.password = Some(password);
                outcome = connect_to(&settings, &address, options).await;
            }
            match outcome {
                Ok(session) if round > 0 || is_wanted(&session, settings.wanted).await? => return supported(session),
                Ok(session) => last = Some(unwanted(&session)),
                Err(error) if matches!(error.kind, ErrorKind::Authentication | ErrorKind::NotFound) => return Err(error),
                Err(error) => last = Some(error),
            }
        }
    }
    Err(last.unwrap_or_else(|| EngineError::new(ErrorKind::Target, "connecting", "no host is given")))
}

fn supported(session: ReadOnly) -> Result<ReadOnly, EngineError> {
    if session.version >= OLDEST {
        return Ok(session);
    }
    let detail = format!("PostgreSQL {} is older than {OLDEST}, the oldest that is supported", session.version_text);
    Err(EngineError::new(ErrorKind::Unsupported, format!("connecting to {}", session.place), detail)
        .hint("Versions before 13 get no more security fixes: upgrade the server."))
}

async fn is_wanted(session: &ReadOnly, wanted: Wanted) -> Result<bool, EngineError> {
    if wanted == Wanted::Any {
        return Ok(true);
    }
    let rows = session.rows(&super::queries::recovery()).await?;
    let standby = rows.first().is_some_and(|row| row.try_get::<_, bool>(0).unwrap_or(false));
    Ok(standby == matches!(wanted, Wanted::Standby { .. }))
}

fn unwanted(session: &ReadOnly) -> EngineError {
    EngineError::new(ErrorKind::Unreachable, format!("connecting to {}", session.place), "the server is not of the wanted kind")
        .hint("target_session_attrs asks for a primary or a standby, and no host is one.")
}

fn place(settings: &Settings, address: &Address) -> String {
    let host = if address.host.contains(':') { format!("[{}]", address.host) } else { address.host.clone() };
    format!("postgresql://{}@{host}:{}/{}", settings.user, address.port, settings.database)
}

async fn connect_to(settings: &Settings, address: &Address, options: &CollectOptions) -> Result<ReadOnly, EngineError> {
    let place = place(settings, address);
    let action = format!("connecting to {place}");
    let encryption = settings.encryption_to(address);
    let tls = client_tls(settings, encryption)?;
    let config = config(settings, encryption, options);
    let watched = encryption == Encryption::Off && address.reach() == Reach::Network;
    let mut connector = MakeRustlsConnect::new(tls.config.as_ref().clone());
    let dialled = async {
        let stream = Stream::dial(address, settings.connect_timeout, watched).await.map_err(|error| from_io(&action, &error))?;
        let handshake = tls_for(&mut connector, address)?;
        config.connect_raw(stream, handshake).await.map_err(|error| from_driver(&action, &error))
    };
    let (client, connection) = tokio::time::timeout(settings.connect_timeout, dialled).await.map_err(|_| {
        let detail = format!("no answer within {} s", settings.connect_timeout.as_secs_f64());
        EngineError::new(ErrorKind::Timeout, action.as_str(), detail)
            .hint("Check host, port and firewall; connect_timeout=SECONDS waits longer.")
    })??;
    let version_text = connection.parameter("server_version").unwrap_or_default().to_owned();
    let raw_encoding = connection.parameter("server_encoding") == Some("SQL_ASCII");
    let connection = tokio::spawn(async move {
        // What ends the connection is told to the statement under way.
        let _ = connection.await;
    });
    let canceller = canceller(&client, &tls, address);
    let verified = encryption == Encryption::Required(Verification::Full);
    let security = ConnectionSecurity { reach: address.reach(), tls: None, verified };
    let tls = (encryption != Encryption::Off).then_some(tls);
    let statement_timeout = options.statement_timeout;
    Ok(ReadOnly::new(Parts { client, connection, canceller, version_text, raw_encoding, security, tls, place, statement_timeout }))
}

fn client_tls(settings: &Settings, encryption: Encryption) -> Result<ClientTls, EngineError> {
    match encryption {
        Encryption::Required(verification) => ClientTls::new(verification, &settings.files, &[b"postgresql"]),
        Encryption::Offered => ClientTls::new(Verification::None, &settings.files, &[b"postgresql"]),
        Encryption::Off => ClientTls::new(Verification::None, &crate::tls::TlsFiles::default(), &[]),
    }
}

type Handshake = <MakeRustlsConnect as MakeTlsConnect<Stream>>::TlsConnect;

fn tls_for(connector: &mut MakeRustlsConnect, address: &Address) -> Result<Handshake, EngineError> {
    let name = if address.reach() == Reach::Socket { "localhost" } else { &address.host };
    <MakeRustlsConnect as MakeTlsConnect<Stream>>::make_tls_connect(connector, name)
        .map_err(|error| EngineError::new(ErrorKind::Tls, format!("preparing TLS for {name}"), error.to_string()))
}

fn config(settings: &Settings, encryption: Encryption, options: &CollectOptions) -> Config {
    let mut config = Config::new();
    config.user(&settings.user).dbname(&settings.database).application_name(&options.application);
    config.ssl_mode(match encryption {
        Encryption::Off => SslMode::Disable,
        Encryption::Offered => SslMode::Prefer,
        Encryption::Required(_) => SslMode::Require,
    });
    if settings.direct_tls && matches!(encryption, Encryption::Required(_)) {
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    config.channel_binding(match settings.channel_binding {
        None => ChannelBinding::Prefer,
        Some(true) => ChannelBinding::Require,
        Some(false) => ChannelBinding::Disable,
    });
    if let Some(password) = &settings.password {
        config.password(Secret::expose(password));
    }
    if !settings.user_options.is_empty() {
        config.options(&settings.user_options);
    }
    config
}

/// Settings of every transaction of ours: limits, no help from names that others may have planted, plain output forms.
pub(super) fn guard_settings(options: &CollectOptions) -> Vec<(&'static str, String)> {
    let ms = |limit: Duration| limit.as_millis().max(1).to_string();
    vec![
        ("statement_timeout", ms(options.statement_timeout)),
        ("lock_timeout", ms(options.lock_timeout)),
        ("idle_in_transaction_session_timeout", ms(options.statement_timeout * 4)),
        ("search_path", "pg_catalog".to_owned()),
        ("row_security", "off".to_owned()),
        ("jit", "off".to_owned()),
        ("max_parallel_workers_per_gather", "0".to_owned()),
        ("client_min_messages", "error".to_owned()),
        ("DateStyle", "ISO".to_owned()),
        ("TimeZone", "UTC".to_owned()),
        ("extra_float_digits", "3".to_owned()),
        ("standard_conforming_strings", "on".to_owned()),
    ]
}

/// Sends cancel requests over the same kind of way as the connection.
pub(super) struct Canceller {
    token: CancelToken,
    address: Address,
    tls: ClientTls,
}

fn canceller(client: &Client, tls: &ClientTls, address: &Address) -> Canceller {
    Canceller { token: client.cancel_token(), address: address.clone(), tls: tls.clone() }
}

impl Canceller {
    /// Cancels and waits until the request is sent, at most [`CANCEL_LIMIT`]. Works while the caller's runtime ends.
    pub fn cancel_now(&self) {
        let (token, address, tls) = (self.token.clone(), self.address.clone(), self.tls.clone());
        let worker = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            let request = async {
                let stream = Stream::dial(&address, CANCEL_LIMIT, false).await.ok()?;
                let mut connector = MakeRustlsConnect::new(tls.config.as_ref().clone());
                token.cancel_query_raw(stream, tls_for(&mut connector, &address).ok()?).await.ok()
            };
            // Nobody is left to be told whether it worked; the server's own limits end the statement otherwise.
            let _ = runtime.block_on(async { tokio::time::timeout(CANCEL_LIMIT, request).await });
        });
        let _ = worker.join();
    }
}
