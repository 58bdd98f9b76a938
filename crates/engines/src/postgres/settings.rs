//! How to reach a server: what the URL, a service file and the environment say, in that order, and the defaults.
//! It never connects, and reads no row of any database.

mod source;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_model::secret::Secret;
use dbwright_model::security::Reach;

use self::source::Source;
use crate::credentials::{Environment, pgpass};
use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::target::Endpoint;
use crate::tls::{TlsFiles, Verification};

/// Directories in which a server of this machine puts its socket.
const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

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
    /// Options that the user wants at the start of the session; the guards of our transaction come after and win.
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

#[cfg(test)]
mod tests {
    use dbwright_model::Timestamp;

    use super::*;
    use crate::error::ErrorKind;
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
