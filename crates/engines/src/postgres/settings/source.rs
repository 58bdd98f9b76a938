//! The URL, a service file and the environment as one source of settings, the first that says something winning.
//! It never decides what a missing setting means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_model::secret::Secret;

use super::{Address, Encryption, SOCKET_DIRECTORIES, Wanted};
use crate::credentials::{Environment, pg_service};
use crate::error::{EngineError, ErrorKind};
use crate::target::Endpoint;
use crate::tls::{TlsFiles, Verification};

/// Most hosts that are tried.
const MOST_HOSTS: usize = 32;

/// Options that a URL or a service may carry; those after the bar are known and have no meaning here.
const KNOWN: &[&str] = &[
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "passfile",
    "service",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
    "options",
    "target_session_attrs",
    "channel_binding",
    "sslnegotiation",
    "all_databases",
    // known, without meaning here
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "gssencmode",
    "krbsrvname",
    "load_balance_hosts",
    "sslcompression",
    "sslsni",
    "ssl_min_protocol_version",
];

/// The three places that say something, in their order.
pub(super) struct Source<'a> {
    endpoint: &'a Endpoint,
    service: BTreeMap<String, String>,
    environment: &'a Environment,
}

impl<'a> Source<'a> {
    pub(super) fn new(endpoint: &'a Endpoint, environment: &'a Environment) -> Result<Self, EngineError> {
        let named = endpoint.options.get("service").map(String::as_str).or_else(|| environment.get("PGSERVICE"));
        let service = named.map(|name| pg_service::find(name, environment)).transpose()?.unwrap_or_default();
        let source = Self { endpoint, service, environment };
        let unknown = source.endpoint.options.keys().chain(source.service.keys()).find(|name| !KNOWN.contains(&name.as_str()));
        match unknown {
            Some(name) => Err(source.bad(&format!("the option {name:?} is not known")).hint(format!("Known are {}.", KNOWN.join(", ")))),
            None => Ok(source),
        }
    }

    pub(super) fn bad(&self, detail: &str) -> EngineError {
        EngineError::new(ErrorKind::Target, format!("reading the connection settings of {}", self.endpoint), detail)
    }

    pub(super) fn get(&self, option: &str, variable: &str) -> Option<String> {
        let direct = match option {
            "user" => self.endpoint.user.clone(),
            "dbname" => self.endpoint.database.clone(),
            _ => None,
        };
        direct
            .or_else(|| self.endpoint.options.get(option).cloned())
            .or_else(|| self.service.get(option).cloned())
            .filter(|value| !value.is_empty())
            .or_else(|| self.environment.get(variable).map(str::to_owned))
    }

    pub(super) fn password(&self, environment: &Environment) -> Result<Option<Secret>, EngineError> {
        if let Some(password) = &self.endpoint.password {
            return Ok(Some(password.clone()));
        }
        match self.service.get("password") {
            Some(password) => Ok(Some(Secret::new(password))),
            None => environment.secret("PGPASSWORD"),
        }
    }

    pub(super) fn addresses(&self) -> Result<Vec<Address>, EngineError> {
        let list = |text: Option<String>| -> Vec<String> { text.map(|t| t.split(',').map(str::to_owned).collect()).unwrap_or_default() };
        let ports = list(self.get("port", "PGPORT"));
        let dial = list(self.get("hostaddr", "PGHOSTADDR"));
        let mut hosts: Vec<(String, Option<u16>)> = self.endpoint.hosts.iter().map(|host| (host.name.clone(), host.port)).collect();
        if hosts.is_empty() {
            hosts = list(self.get("host", "PGHOST")).into_iter().map(|host| (host, None)).collect();
        }
        if hosts.is_empty() {
            hosts = if dial.is_empty() { vec![(default_host(), None)] } else { dial.iter().map(|host| (host.clone(), None)).collect() };
        }
        if hosts.len() > MOST_HOSTS {
            return Err(self.bad(&format!("{} hosts are more than the {MOST_HOSTS} that are tried", hosts.len())));
        }
        let mut addresses = Vec::with_capacity(hosts.len());
        for (index, (host, port)) in hosts.into_iter().enumerate() {
            let listed = if ports.len() == 1 { ports.first() } else { ports.get(index) };
            let port = match (port, listed) {
                (Some(port), _) => port,
                (None, Some(text)) if !text.is_empty() => text.parse().map_err(|_| self.bad(&format!("{text:?} is no port number")))?,
                (None, _) => 5432,
            };
            let host = if host.is_empty() { default_host() } else { host };
            addresses.push(Address { host, dial: dial.get(index).filter(|text| !text.is_empty()).cloned(), port });
        }
        Ok(addresses)
    }

    pub(super) fn encryption(&self) -> Result<Option<Encryption>, EngineError> {
        let Some(mode) = self.get("sslmode", "PGSSLMODE") else {
            return Ok(None);
        };
        let rooted = self.get("sslrootcert", "PGSSLROOTCERT").is_some();
        let encryption = match mode.as_str() {
            "disable" => Encryption::Off,
            // Both would go on without encryption when the server has none; here they never do.
            "allow" | "prefer" => Encryption::Required(Verification::None),
            "require" if rooted => Encryption::Required(Verification::Chain),
            "require" => Encryption::Required(Verification::None),
            "verify-ca" => Encryption::Required(Verification::Chain),
            "verify-full" => Encryption::Required(Verification::Full),
            other => {
                return Err(self
                    .bad(&format!("{other:?} is no sslmode"))
                    .hint("Known are verify-full (the default over a network), verify-ca, require and disable."));
            }
        };
        Ok(Some(encryption))
    }

    pub(super) fn files(&self, environment: &Environment) -> Result<TlsFiles, EngineError> {
        let usual = |name: &str| environment.home().map(|home| home.join(".postgresql").join(name)).filter(|path| path.is_file());
        let given = |option: &str, variable: &str| self.get(option, variable).map(PathBuf::from);
        let authorities = match self.get("sslrootcert", "PGSSLROOTCERT") {
            Some(word) if word == "system" => None,
            Some(path) => Some(PathBuf::from(path)),
            None => usual("root.crt"),
        };
        let certificate = given("sslcert", "PGSSLCERT").or_else(|| usual("postgresql.crt"));
        let key = given("sslkey", "PGSSLKEY").or_else(|| certificate.as_ref().and_then(|_| usual("postgresql.key")));
        if let Some(path) = key.as_deref().filter(|path| crate::credentials::readable_by_others(path)) {
            return Err(self
                .bad(&format!("the client key {} may be read by others", path.display()))
                .hint(format!("Run chmod 600 {}.", path.display())));
        }
        Ok(TlsFiles { authorities, certificate, key })
    }

    pub(super) fn channel_binding(&self) -> Result<Option<bool>, EngineError> {
        match self.get("channel_binding", "PGCHANNELBINDING").as_deref() {
            None | Some("prefer") => Ok(None),
            Some("require") => Ok(Some(true)),
            Some("disable") => Ok(Some(false)),
            Some(other) => Err(self.bad(&format!("{other:?} is no value of channel_binding"))),
        }
    }

    pub(super) fn wanted(&self) -> Result<Wanted, EngineError> {
        match self.get("target_session_attrs", "PGTARGETSESSIONATTRS").as_deref() {
            None | Some("any") => Ok(Wanted::Any),
            Some("read-write" | "primary") => Ok(Wanted::Primary),
            Some("read-only" | "standby") => Ok(Wanted::Standby { preferred: false }),
            Some("prefer-standby") => Ok(Wanted::Standby { preferred: true }),
            Some(other) => Err(self.bad(&format!("{other:?} is no value of target_session_attrs"))),
        }
    }

    pub(super) fn connect_timeout(&self, default: Duration) -> Result<Duration, EngineError> {
        match self.get("connect_timeout", "PGCONNECT_TIMEOUT") {
            None => Ok(default),
            Some(text) => match text.parse::<u64>() {
                Ok(0) => Ok(default),
                Ok(seconds) => Ok(Duration::from_secs(seconds.min(600))),
                Err(_) => Err(self.bad(&format!("{text:?} is no number of seconds for connect_timeout"))),
            },
        }
    }
}

fn default_host() -> String {
    let there = SOCKET_DIRECTORIES.iter().find(|directory| Path::new(directory).join(".s.PGSQL.5432").exists());
    (*there.unwrap_or(&"localhost")).to_owned()
}
