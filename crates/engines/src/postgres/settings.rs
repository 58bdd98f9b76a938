//! How to reach a server: what the URL, a service file and the environment say, in that order, and the defaults.
//! It never connects, and reads no row of any database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_model::secret::Secret;
use dbwright_model::security::Reach;

use crate::credentials::{Environment, pg_service, pgpass};
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::target::Endpoint;
use crate::tls::{TlsFiles, Verification};

/// Directories in which a server of this machine puts its socket.
const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];
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

/// One place at which a server may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Name or address of a host, or a socket directory (starts with `/` or `@`).
    pub host: String,
    /// Address to dial when it is not to be looked up by `host`.
    pub dial: Option<String>,
    /// Port.
    pub port: u16,
}

impl Address {
    /// From where a server at this address is reached.
    pub fn reach(&self) -> Reach {
        let dialled = self.dial.as_deref().unwrap_or(&self.host);
        if self.host.starts_with(['/', '@']) {
            Reach::Socket
        } else if dialled == "localhost" || dialled.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()) {
            Reach::Loopback
        } else {
            Reach::Network
        }
    }

    /// The path of the socket, when it is one.
    pub fn socket(&self) -> Option<PathBuf> {
        (self.reach() == Reach::Socket).then(|| Path::new(&self.host).join(format!(".s.PGSQL.{}", self.port)))
    }
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Never.
    Off,
    /// When the server offers it, unverified: only for the loopback interface, when nothing else was asked for.
    Offered,
    /// Always, with the certificate checked as far as this.
    Required(Verification),
}

/// Which of several servers is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Any.
    Any,
    /// One that takes writes.
    Primary,
    /// One that follows another; the flag says whether any other will do as well.
    Standby { preferred: bool },
}

/// All that is needed to connect.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Where, in the order in which to try.
    pub addresses: Vec<Address>,
    /// Account.
    pub user: String,
    /// Password, where one is known.
    pub password: Option<Secret>,
    /// Database.
    pub database: String,
    /// `sslmode`, when it was given.
    pub encryption: Option<Encryption>,
    /// Files of TLS.
    pub files: TlsFiles,
    /// Start TLS at once, without asking first.
    pub direct_tls: bool,
    /// Whether channel binding is required (`true`), refused (`false`) or used where offered.
    pub channel_binding: Option<bool>,
    /// Which server is wanted.
    pub wanted: Wanted,
    /// Options that the user wants at the start of the session; ours come after and win.
    pub user_options: String,
    /// Limit for one connection attempt.
    pub connect_timeout: Duration,
    passfile: Option<PathBuf>,
}

impl Settings {
    /// Joins what the URL, the service file and the environment say.
    ///
    /// # Errors
    /// [`ErrorKind::Target`] for unknown options, wrong values and unreadable files.
    pub fn resolve(endpoint: &Endpoint, options: &CollectOptions, environment: &Environment) -> Result<Self, EngineError> {
        let source = Source::new(endpoint, environment)?;
        let user = source
            .get("user", "PGUSER")
            .or_else(|| environment.login().map(str::to_owned))
            .ok_or_else(|| source.bad("no user is given and the environment names none").hint("Write postgres://USER@host/database."))?;
        let database = source.get("dbname", "PGDATABASE").unwrap_or_else(|| user.clone());
        let passfile = pgpass::path(source.get("passfile", "PGPASSFILE").as_deref(), environment);
        let mut settings = Self {
            addresses: source.addresses()?,
            password: source.password(environment)?,
            encryption: source.encryption()?,
            files: source.files(environment)?,
            direct_tls: source.get("sslnegotiation", "PGSSLNEGOTIATION").as_deref() == Some("direct"),
            channel_binding: source.channel_binding()?,
            wanted: source.wanted()?,
            user_options: source.get("options", "PGOPTIONS").unwrap_or_default(),
            connect_timeout: source.connect_timeout(options.connect_timeout)?,
            user,
            database,
            passfile,
        };
        settings.password_from_file()?;
        Ok(settings)
    }

    /// How a connection to this address is encrypted: as asked, else verified over a network and plain on a socket.
    pub fn encryption_to(&self, address: &Address) -> Encryption {
        match (address.reach(), self.encryption) {
            (Reach::Socket, _) => Encryption::Off,
            (_, Some(asked)) => asked,
            (Reach::Loopback, None) => Encryption::Offered,
            (_, None) => Encryption::Required(Verification::Full),
        }
    }

    /// The same for another database of the server.
    pub fn for_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    fn password_from_file(&mut self) -> Result<(), EngineError> {
        let (None, Some(path)) = (&self.password, &self.passfile) else {
            return Ok(());
        };
        for address in &self.addresses {
            let host = if SOCKET_DIRECTORIES.contains(&address.host.as_str()) { "localhost" } else { &address.host };
            let lookup = pgpass::Lookup { host, port: address.port, database: &self.database, user: &self.user };
            if let Some(found) = pgpass::find(path, lookup)? {
                self.password = Some(found);
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The three places that say something, in their order.
struct Source<'a> {
    endpoint: &'a Endpoint,
    service: BTreeMap<String, String>,
    environment: &'a Environment,
}

impl<'a> Source<'a> {
    fn new(endpoint: &'a Endpoint, environment: &'a Environment) -> Result<Self, EngineError> {
        let named = endpoint.options.get("service").map(String::as_str).or_else(|| environment.get("PGSERVICE"));
        let service = named.map(|name| pg_service::find(name, environment)).transpose()?.unwrap_or_default();
        let source = Self { endpoint, service, environment };
        let unknown = source.endpoint.options.keys().chain(source.service.keys()).find(|name| !KNOWN.contains(&name.as_str()));
        match unknown {
            Some(name) => Err(source.bad(&format!("the option {name:?} is not known")).hint(format!("Known are {}.", KNOWN.join(", ")))),
            None => Ok(source),
        }
    }

    fn bad(&self, detail: &str) -> EngineError {
        EngineError::new(ErrorKind::Target, format!("reading the connection settings of {}", self.endpoint), detail)
    }

    fn get(&self, option: &str, variable: &str) -> Option<String> {
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

    fn password(&self, environment: &Environment) -> Result<Option<Secret>, EngineError> {
        if let Some(password) = &self.endpoint.password {
            return Ok(Some(password.clone()));
        }
        match self.service.get("password") {
            Some(password) => Ok(Some(Secret::new(password))),
            None => environment.secret("PGPASSWORD"),
        }
    }

    fn addresses(&self) -> Result<Vec<Address>, EngineError> {
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

    fn encryption(&self) -> Result<Option<Encryption>, EngineError> {
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

    fn files(&self, environment: &Environment) -> Result<TlsFiles, EngineError> {
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

    fn channel_binding(&self) -> Result<Option<bool>, EngineError> {
        match self.get("channel_binding", "PGCHANNELBINDING").as_deref() {
            None | Some("prefer") => Ok(None),
            Some("require") => Ok(Some(true)),
            Some("disable") => Ok(Some(false)),
            Some(other) => Err(self.bad(&format!("{other:?} is no value of channel_binding"))),
        }
    }

    fn wanted(&self) -> Result<Wanted, EngineError> {
        match self.get("target_session_attrs", "PGTARGETSESSIONATTRS").as_deref() {
            None | Some("any") => Ok(Wanted::Any),
            Some("read-write" | "primary") => Ok(Wanted::Primary),
            Some("read-only" | "standby") => Ok(Wanted::Standby { preferred: false }),
            Some("prefer-standby") => Ok(Wanted::Standby { preferred: true }),
            Some(other) => Err(self.bad(&format!("{other:?} is no value of target_session_attrs"))),
        }
    }

    fn connect_timeout(&self, default: Duration) -> Result<Duration, EngineError> {
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

#[cfg(test)]
mod tests {
    use dbwright_model::Timestamp;

    use super::*;
    use crate::target::Target;

    fn resolve(url: &str, variables: &[(&str, &str)]) -> Result<Settings, EngineError> {
        let Ok(Target::Endpoint(endpoint)) = Target::recognise(url) else { panic!("{url}") };
        let mut all = vec![("USER", "me"), ("PGSYSCONFDIR", "/nonexistent")];
        all.extend_from_slice(variables);
        Settings::resolve(&endpoint, &CollectOptions::at(Timestamp(0)), &Environment::of(&all, None))
    }

    #[test]
    fn url_wins_over_environment() {
        let found = resolve("postgres://ann@h1:5433,h2/shop", &[("PGUSER", "bob"), ("PGPORT", "6000"), ("PGPASSWORD", "pw")]).unwrap();
        assert_eq!((found.user.as_str(), found.database.as_str()), ("ann", "shop"));
        assert_eq!(found.addresses.iter().map(|a| a.port).collect::<Vec<_>>(), [5433, 6000]);
        assert_eq!(found.password.unwrap().expose(), "pw");
        let found = resolve("postgres:///", &[("PGHOST", "h3"), ("PGDATABASE", "d")]).unwrap();
        assert_eq!((found.addresses[0].host.as_str(), found.user.as_str(), found.database.as_str()), ("h3", "me", "d"));
    }

    #[test]
    fn verifies_over_a_network_unless_asked_otherwise() {
        let encryption = |url: &str| {
            let settings = resolve(url, &[]).unwrap();
            settings.encryption_to(&settings.addresses[0])
        };
        assert_eq!(encryption("postgres://a@db.example/x"), Encryption::Required(Verification::Full));
        assert_eq!(encryption("postgres://a@localhost/x"), Encryption::Offered);
        assert_eq!(encryption("postgres://a@[::1]/x"), Encryption::Offered);
        assert_eq!(encryption("postgres://a@%2Ftmp/x"), Encryption::Off);
        assert_eq!(encryption("postgres://a@db.example/x?sslmode=prefer"), Encryption::Required(Verification::None));
        assert_eq!(encryption("postgres://a@db.example/x?sslmode=disable"), Encryption::Off);
        assert_eq!(encryption("postgres://a@db.example/x?sslmode=require&sslrootcert=ca.pem"), Encryption::Required(Verification::Chain));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for url in ["postgres://a@h/x?sslmod=disable", "postgres://a@h/x?sslmode=maybe", "postgres://a@h/x?target_session_attrs=best"] {
            let error = resolve(url, &[]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Target, "{url}");
        }
        let error = resolve("postgres://a:geheim@h/x?port=abc", &[]).unwrap_err();
        assert!(!format!("{error:?}").contains("geheim"));
    }

    #[test]
    fn reads_service_and_password_file() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (service, pass) = (directory.path().join("s"), directory.path().join("p"));
        std::fs::write(&service, "[shop]\nhost=db1\nport=5555\nuser=carl\ndbname=orders\n").unwrap();
        std::fs::write(&pass, "db1:5555:orders:carl:from-file\n").unwrap();
        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
        let variables = [("PGSERVICEFILE", service.to_str().unwrap()), ("PGPASSFILE", pass.to_str().unwrap())];
        let found = resolve("postgres:///?service=shop", &variables).unwrap();
        assert_eq!(found.addresses[0], Address { host: "db1".to_owned(), dial: None, port: 5555 });
        assert_eq!(found.password.unwrap().expose(), "from-file");
    }
}
