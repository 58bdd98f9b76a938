//! What a command is pointed at. It never connects; it only tells a URL from a file from a project.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use dbwright_model::Engine;
use dbwright_model::secret::Secret;

use crate::error::{EngineError, ErrorKind};

/// A target as the user gave it.
#[derive(Debug, Clone)]
pub enum Target {
    /// A server, or a database file.
    Endpoint(Endpoint),
    /// A Facts file.
    Facts(PathBuf),
    /// A project directory.
    Project(PathBuf),
}

/// Where a database is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The engine that the scheme or the file names.
    pub engine: Engine,
    /// Hosts with ports in the order in which to try them; a host that starts with `/` is a socket directory or file.
    pub hosts: Vec<Host>,
    /// Account.
    pub user: Option<String>,
    /// Password, if the URL gave one.
    pub password: Option<Secret>,
    /// Database name, or number in Redis.
    pub database: Option<String>,
    /// The file, of engines that have one.
    pub file: Option<PathBuf>,
    /// Options behind `?`.
    pub options: BTreeMap<String, String>,
}

/// A host with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Name, address or socket path.
    pub name: String,
    /// Port, if given.
    pub port: Option<u16>,
}

impl Target {
    /// Recognises a target: a URL by its scheme, a directory as a project, a file by its first bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Target`] when the text is neither; [`ErrorKind::NotFound`] when the path does not exist.
    pub fn recognise(text: &str) -> Result<Self, EngineError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(Self::Endpoint(Endpoint::file(Engine::Sqlite, Path::new(path))));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Endpoint::parse(scheme, rest).map(Self::Endpoint);
        }
        Self::from_path(Path::new(text))
    }

    fn from_path(path: &Path) -> Result<Self, EngineError> {
        let action = || format!("opening {}", path.display());
        let metadata = std::fs::metadata(path).map_err(|error| {
            let kind = if error.kind() == std::io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::Privilege };
            EngineError::new(kind, action(), error.to_string())
                .hint("Give a URL such as postgres://user@host/database, a SQLite file, a Facts file or a project directory.")
        })?;
        if metadata.is_dir() {
            return Ok(Self::Project(path.to_owned()));
        }
        let mut start = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| EngineError::new(ErrorKind::Privilege, action(), error.to_string()))?;
        file.take(64).read_to_end(&mut start).map_err(|error| EngineError::new(ErrorKind::NotADatabase, action(), error.to_string()))?;
        if start.trim_ascii_start().starts_with(b"{") {
            return Ok(Self::Facts(path.to_owned()));
        }
        Ok(Self::Endpoint(Endpoint::file(Engine::Sqlite, path)))
    }
}

impl Endpoint {
    /// A database file.
    #[must_use]
    pub fn file(engine: Engine, path: &Path) -> Self {
        Self {
            engine,
            hosts: Vec::new(),
            user: None,
            password: None,
            database: None,
            file: Some(path.to_owned()),
            options: BTreeMap::new(),
        }
    }

    /// Reads what stands behind `scheme://`: `[user[:password]@]host[:port][,host…][/database][?option=value&…]`, percent-encoded.
    ///
    /// # Errors
    /// [`ErrorKind::Target`] for an unknown scheme, a bad port or bad percent encoding. The message never repeats the password.
    pub fn parse(scheme: &str, rest: &str) -> Result<Self, EngineError> {
        let engine = engine_of(scheme)?;
        if matches!(scheme, "unix" | "redis+unix" | "valkey+unix") {
            return Self::socket(engine, rest);
        }
        let bad = |what: String| EngineError::new(ErrorKind::Target, format!("reading the {scheme}:// URL"), what);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        let decode =
            |text: &str| percent_decode(text).ok_or_else(|| bad("a percent sign is not followed by two hexadecimal digits".to_owned()));
        let (user, password) = match login.map(|login| login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)))) {
            Some((user, password)) => (Some(decode(user)?), password.map(decode).transpose()?),
            None => (None, None),
        };
        let mut options = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            options.insert(decode(name)?, decode(value)?);
        }
        if matches!(scheme, "rediss" | "valkeys") {
            options.entry("tls".to_owned()).or_insert_with(|| "verify-full".to_owned());
        }
        let hosts = hosts.split(',').filter(|host| !host.is_empty()).map(|host| Host::parse(host, &bad)).collect::<Result<_, _>>()?;
        let mut password = password.map(Secret::new);
        if let Some(given) = options.remove("password") {
            password = Some(Secret::new(given));
        }
        let user = user.filter(|user| !user.is_empty()).or_else(|| options.remove("user"));
        let database = Some(decode(database)?).filter(|name| !name.is_empty()).or_else(|| options.remove("dbname"));
        Ok(Self { engine, hosts, user, password, database, file: None, options })
    }
}

/// A socket URL: the path is the socket's, the database and the login come as options.
impl Endpoint {
    fn socket(engine: Engine, rest: &str) -> Result<Self, EngineError> {
        let bad =
            || EngineError::new(ErrorKind::Target, "reading the socket URL", "a percent sign is not followed by two hexadecimal digits");
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let decode = |text: &str| percent_decode(text).ok_or_else(bad);
        let mut endpoint = Self { hosts: vec![Host { name: decode(path)?, port: None }], file: None, ..Self::file(engine, Path::new("")) };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value)?;
            match name {
                "db" => endpoint.database = Some(value),
                "user" => endpoint.user = Some(value),
                "pass" | "password" => endpoint.password = Some(Secret::new(value)),
                _ => {
                    endpoint.options.insert(decode(name)?, value);
                }
            }
        }
        Ok(endpoint)
    }
}

/// Where the endpoint is, without secrets: for messages.
impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            return write!(formatter, "{}", file.display());
        }
        write!(formatter, "{}://", self.engine.id())?;
        if let Some(user) = &self.user {
            write!(formatter, "{user}@")?;
        }
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        formatter.write_str(&hosts.join(","))?;
        match &self.database {
            Some(database) => write!(formatter, "/{database}"),
            None => Ok(()),
        }
    }
}

impl Host {
    fn parse(text: &str, bad: &dyn Fn(String) -> EngineError) -> Result<Self, EngineError> {
        let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((name, rest)) => (name, rest.strip_prefix(':')),
            None => text.rsplit_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
        };
        let port = match port {
            Some(port) => Some(port.parse().map_err(|_| bad(format!("{port:?} is not a port number")))?),
            None => None,
        };
        let name = percent_decode(name).ok_or_else(|| bad("a percent sign is not followed by two hexadecimal digits".to_owned()))?;
        Ok(Self { name, port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.name.contains(':') => write!(formatter, "[{}]:{port}", self.name),
            Some(port) => write!(formatter, "{}:{port}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

fn engine_of(scheme: &str) -> Result<Engine, EngineError> {
    match scheme {
        "postgres" | "postgresql" => Ok(Engine::Postgresql),
        "mysql" => Ok(Engine::Mysql),
        "mariadb" => Ok(Engine::Mariadb),
        "redis" | "rediss" | "redis+unix" | "unix" => Ok(Engine::Redis),
        "valkey" | "valkeys" | "valkey+unix" => Ok(Engine::Valkey),
        _ => Err(EngineError::new(ErrorKind::Target, "reading the target", format!("the scheme {scheme:?} is not known"))
            .hint("Known are postgres://, mysql://, mariadb://, redis://, valkey:// and sqlite:PATH; `dbwright engines` lists them.")),
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        match Target::recognise(text) {
            Ok(Target::Endpoint(endpoint)) => endpoint,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_a_full_url() {
        let found = endpoint("postgres://ann%40x:p%3Aw%2F@h1:5433,[::1]:5434/shop?sslmode=require&application_name=a%20b");
        assert_eq!(found.user.as_deref(), Some("ann@x"));
        assert_eq!(found.password.as_ref().map(Secret::expose), Some("p:w/"));
        assert_eq!(found.database.as_deref(), Some("shop"));
        assert_eq!(found.hosts[1], Host { name: "::1".to_owned(), port: Some(5434) });
        assert_eq!(found.options["application_name"], "a b");
    }

    #[test]
    fn shows_no_password() {
        let found = endpoint("postgres://ann:c4nary@host/shop?password=c4nary");
        assert!(!format!("{found} {found:?}").contains("c4nary"));
        let error = Target::recognise("postgres://ann:c4nary@host:port/shop").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("c4nary"));
    }

    #[test]
    fn reads_redis_urls() {
        let found = endpoint("rediss://:pw@host:6380/2");
        assert_eq!((found.user.as_deref(), found.database.as_deref(), found.options["tls"].as_str()), (None, Some("2"), "verify-full"));
        let found = endpoint("unix:///run/redis.sock?db=3&pass=c4nary");
        assert_eq!((found.hosts[0].name.as_str(), found.database.as_deref()), ("/run/redis.sock", Some("3")));
        assert!(!format!("{found} {found:?}").contains("c4nary"));
    }

    #[test]
    fn a_missing_path_is_not_found_with_a_hint() {
        let error = Target::recognise("/no/such/file.db").unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(!error.hint.is_empty());
    }
}
