//! From URL, option files and environment to where and how to connect. It never connects.

use std::path::PathBuf;

use dbwright_model::secret::Secret;
use dbwright_model::security::Reach;

use crate::credentials::{Environment, my_cnf};
use crate::error::{EngineError, ErrorKind};
use crate::target::Endpoint;

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Encryption {
    /// Not at all.
    Off,
    /// Encrypted, whoever answers.
    Require,
    /// By a certificate of a trusted authority.
    VerifyAuthority,
    /// By a certificate of a trusted authority for that host.
    VerifyFull,
}

/// Where a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Socket(String),
    Tcp(String, u16),
}

impl Address {
    /// How far away it is.
    pub(super) fn reach(&self) -> Reach {
        match self {
            Self::Socket(_) => Reach::Socket,
            Self::Tcp(host, _) if host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|one| one.is_loopback()) => {
                Reach::Loopback
            }
            Self::Tcp(..) => Reach::Network,
        }
    }
}

/// Everything that a connection needs.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) addresses: Vec<Address>,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<String>,
    /// As asked for; none lets the distance decide.
    pub(super) encryption: Option<Encryption>,
    pub(super) authority: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Settings {
    /// URL before environment before option files before defaults.
    pub(super) fn resolve(endpoint: &Endpoint, environment: &Environment) -> Result<Self, EngineError> {
        let given = |name: &str| endpoint.options.get(name).cloned();
        let wanted = my_cnf::Wanted {
            file: endpoint.options.get("option-file").map(String::as_str),
            suffix: endpoint.options.get("option-group-suffix").map(String::as_str),
        };
        let file = my_cnf::read(&wanted, environment)?;
        let option = |name: &str| {
            given(name).or_else(|| given(&name.replace('-', "_"))).or_else(|| file.get(name).cloned()).filter(|value| !value.is_empty())
        };
        let password = match endpoint.password.clone() {
            Some(password) => Some(password),
            None => environment
                .secret("MYSQL_PWD")?
                .or(environment.secret("MYSQL_PASSWORD")?)
                .or_else(|| file.get("password").map(|text| Secret::new(text.as_str()))),
        };
        let user = endpoint.user.clone().or_else(|| environment.get("MYSQL_USER").map(str::to_owned)).or_else(|| file.get("user").cloned());
        Ok(Self {
            addresses: addresses(endpoint, environment, &option)?,
            user: user.or_else(|| environment.login().map(str::to_owned)).unwrap_or_else(|| "root".to_owned()),
            password,
            database: endpoint.database.clone().or_else(|| environment.get("MYSQL_DATABASE").map(str::to_owned)),
            encryption: encryption(endpoint, &option)?,
            authority: option("ssl-ca").map(PathBuf::from),
            certificate: option("ssl-cert").map(PathBuf::from),
            key: option("ssl-key").map(PathBuf::from),
        })
    }

    /// How to encrypt towards an address: over the network fully verified unless asked otherwise.
    pub(super) fn encryption_to(&self, address: &Address) -> Encryption {
        match (self.encryption, address.reach()) {
            (Some(asked), _) => asked,
            (None, Reach::Network) => Encryption::VerifyFull,
            (None, _) => Encryption::Off,
        }
    }
}

fn addresses(endpoint: &Endpoint, environment: &Environment, option: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Address>, EngineError> {
    let bad_port = |text: &str| EngineError::new(ErrorKind::Target, format!("reading {endpoint}"), format!("{text:?} is no port"));
    let port = match option("port").or_else(|| environment.get("MYSQL_TCP_PORT").map(str::to_owned)) {
        Some(text) => text.parse().map_err(|_| bad_port(&text))?,
        None => 3306,
    };
    if let Some(path) = endpoint.options.get("socket") {
        return Ok(vec![Address::Socket(path.clone())]);
    }
    let mut found: Vec<Address> = endpoint
        .hosts
        .iter()
        .map(|host| {
            if host.name.starts_with('/') {
                Address::Socket(host.name.clone())
            } else {
                Address::Tcp(host.name.clone(), host.port.unwrap_or(port))
            }
        })
        .collect();
    if found.is_empty() {
        let host = environment.get("MYSQL_HOST").map(str::to_owned).or_else(|| option("host")).filter(|host| host != "localhost");
        let socket = environment.get("MYSQL_UNIX_PORT").map(str::to_owned).or_else(|| option("socket"));
        let usual = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
        let socket = socket.or_else(|| usual.iter().find(|path| std::path::Path::new(path).exists()).map(|path| (*path).to_owned()));
        found.push(match (host, socket) {
            (Some(host), _) => Address::Tcp(host, port),
            (None, Some(socket)) => Address::Socket(socket),
            (None, None) => Address::Tcp("localhost".to_owned(), port),
        });
    }
    Ok(found)
}

fn encryption(endpoint: &Endpoint, option: &dyn Fn(&str) -> Option<String>) -> Result<Option<Encryption>, EngineError> {
    let text = endpoint.options.get("tls").or_else(|| endpoint.options.get("ssl-mode")).or_else(|| endpoint.options.get("sslmode"));
    let Some(text) = text.cloned().or_else(|| option("ssl-mode")) else { return Ok(None) };
    match text.to_ascii_lowercase().replace('_', "-").as_str() {
        "off" | "disabled" | "disable" => Ok(Some(Encryption::Off)),
        "require" | "required" => Ok(Some(Encryption::Require)),
        "verify-ca" => Ok(Some(Encryption::VerifyAuthority)),
        "verify-full" | "verify-identity" => Ok(Some(Encryption::VerifyFull)),
        other => Err(EngineError::new(ErrorKind::Target, format!("reading {endpoint}"), format!("tls={other} is not known"))
            .hint("tls takes verify-full (the default over a network), verify-ca, require or off.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(url: &str, variables: &[(&str, &str)]) -> Settings {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let endpoint = Endpoint::parse(scheme, rest).expect("a good URL");
        Settings::resolve(&endpoint, &Environment::of(variables, None)).expect("settings")
    }

    #[test]
    fn the_url_wins_and_distance_decides_on_encryption() {
        let settings = resolve("mysql://ann:pw@db.example:3307/shop", &[("MYSQL_PWD", "other"), ("MYSQL_USER", "bob")]);
        assert_eq!(settings.addresses, [Address::Tcp("db.example".into(), 3307)]);
        assert_eq!((settings.user.as_str(), settings.database.as_deref()), ("ann", Some("shop")));
        assert_eq!(settings.encryption_to(&settings.addresses[0]), Encryption::VerifyFull);
        let near = resolve("mariadb://root@localhost/x?socket=%2Ftmp%2Fs", &[]);
        assert_eq!((near.addresses[0].reach(), near.encryption_to(&near.addresses[0])), (Reach::Socket, Encryption::Off));
        let asked = resolve("mysql://h/?ssl-mode=VERIFY_CA", &[]);
        assert_eq!(asked.encryption, Some(Encryption::VerifyAuthority));
    }

    #[test]
    fn a_word_that_is_no_mode_is_refused() {
        let endpoint = Endpoint::parse("mysql", "h/?tls=maybe").expect("a URL");
        let error = Settings::resolve(&endpoint, &Environment::of(&[], None)).expect_err("no such mode");
        assert!(error.hint.contains("verify-full"), "{error}");
    }
}
