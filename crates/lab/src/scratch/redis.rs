//! A scratch Redis or Valkey server: in a marked directory, on a private socket, without network, persistence, modules or
//! replication, with bounded memory. It never touches another server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dbwright_engines::error::{EngineError, ErrorKind};
use dbwright_engines::{CollectOptions, Endpoint, driver_for};
use dbwright_model::catalog::Catalog;
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, Facts};

use super::directory::ScratchDirectory;
use super::programs::candidates;
use super::resp::{Client, Reply};
use super::server::{ScratchServer, hand_over};
use super::{Run, STATEMENT_LIMIT, ScratchDatabase, ScratchOptions, StatementError};
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};
use crate::project::commands;

const SOCKET: &str = "redis.sock";
const START_LIMIT: Duration = Duration::from_secs(20);
/// Bytes that its data may take in memory.
const MEMORY_LIMIT: &str = "268435456";
/// The one user: everything but what leads out of the server or into its programs.
const USER: &str = "default on nopass ~* &* +@all -replicaof -slaveof -migrate -module -debug -cluster -failover -sync -psync -acl";

/// Keys of one command that are put back after it.
const MOST_KEYS: usize = 1_000;
/// Time that a wait goes on before it is asked whether the run was ended.
const PATIENCE: Duration = Duration::from_millis(200);
/// Commands that would change the connection, the server or what can't be put back, and so are not timed.
const UNMEASURED: [&str; 40] = [
    "ACL",
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT",
    "CONFIG",
    "DISCARD",
    "EXEC",
    "FLUSHALL",
    "FLUSHDB",
    "FUNCTION",
    "HELLO",
    "LATENCY",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "QUIT",
    "READONLY",
    "RESET",
    "SAVE",
    "SCRIPT",
    "SELECT",
    "SHUTDOWN",
    "SLOWLOG",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SWAPDB",
    "UNWATCH",
    "WAIT",
    "WAITAOF",
    "WATCH",
    "XREADGROUP",
];

/// Commands that run a script.
const SCRIPTS: [&str; 3] = ["EVAL", "EVALSHA", "FCALL"];

/// A running server of our own.
pub struct RedisScratch {
    server: ScratchServer,
    socket: PathBuf,
    engine: Engine,
    client: Option<Client>,
    cancel: Cancel,
    limit: Duration,
    /// Whether a command writes, by its name.
    writes: BTreeMap<String, bool>,
}

impl RedisScratch {
    /// Starts a server: of Redis, else of Valkey.
    ///
    /// # Errors
    /// [`LabErrorKind::ServerMissing`] with what to install; [`LabErrorKind::Server`] when it does not start.
    pub fn start(options: &ScratchOptions) -> Result<Self, LabError> {
        Self::start_as(Engine::Redis, options)
    }

    /// Starts a server of this engine; of Redis or Valkey the other where it is missing: they take the same commands.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_as(engine: Engine, options: &ScratchOptions) -> Result<Self, LabError> {
        super::directory::clean_leftovers();
        let program = find_as(engine, options.server_bin.as_deref())?;
        let directory = ScratchDirectory::create()?;
        let root = directory.path().to_owned();
        hand_over(&root).map_err(|error| LabError::new(LabErrorKind::Server, format!("making a scratch Redis server: {error}")))?;
        let socket = root.join(SOCKET);
        let mut server = ScratchServer::start("Redis", command(&program, &root, &socket), directory)?;
        server.wait_until(START_LIMIT, &options.cancel, || ping(&socket).is_ok())?;
        let limit = options.statement_limit.unwrap_or(STATEMENT_LIMIT);
        Ok(Self { server, socket, engine, client: None, cancel: options.cancel.clone(), limit, writes: BTreeMap::new() })
    }

    /// Where it is reached.
    ///
    /// # Errors
    /// When the path of its socket is no address.
    pub fn endpoint(&self) -> Result<Endpoint, LabError> {
        Ok(Endpoint::parse("redis+unix", &self.socket.display().to_string())?)
    }

    /// The server's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.server.directory()
    }

    /// The server's process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.server.process_id()
    }

    /// Sends a command on a connection of its own and gives its answer as text; an error begins with `-`.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn send(&self, words: &[&str]) -> std::io::Result<String> {
        send(&self.socket, words)
    }

    /// Sends a command. An answer that does not come in time, or the end of the run, costs the connection.
    fn ask(&mut self, words: &[Vec<u8>], limit: Duration) -> Result<Reply, StatementError> {
        if self.cancel.is_cancelled() {
            return Err(StatementError::new("interrupted"));
        }
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.socket).map_err(|error| lost(&error))?,
        };
        match client.ask(words, limit) {
            Ok(reply) => {
                self.client = Some(client);
                Ok(reply)
            }
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                Err(StatementError::new("it took longer than its time limit"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(StatementError::new(error.to_string())),
            Err(error) => Err(lost(&error)),
        }
    }

    /// As [`Self::ask`], a refusal being an error.
    fn done(&mut self, words: &[Vec<u8>], limit: Duration) -> Result<Reply, StatementError> {
        match self.ask(words, limit)? {
            Reply::Error(message) => Err(StatementError::new(message)),
            reply => Ok(reply),
        }
    }

    /// Whether the command changes keys, as the server says.
    fn writes(&mut self, name: &str) -> Result<bool, StatementError> {
        if let Some(known) = self.writes.get(name) {
            return Ok(*known);
        }
        let answer = self.done(&line(&["COMMAND", "INFO", name]), PATIENCE * 25)?;
        // Scripts carry no such flag; what they write they must name as their keys.
        let writes = SCRIPTS.contains(&name) || flags(&answer).iter().any(|flag| flag == "write");
        self.writes.insert(name.to_owned(), writes);
        Ok(writes)
    }

    /// The keys that a command names, each with its value and time to live as RESTORE takes them.
    fn keep(&mut self, words: &[Vec<u8>]) -> Result<Vec<Kept>, StatementError> {
        let mut question = line(&["COMMAND", "GETKEYS"]);
        question.extend_from_slice(words);
        let keys = match self.ask(&question, self.limit)? {
            Reply::Many(keys) => keys,
            // A command or script without keys changes none that could be put back.
            _ => Vec::new(),
        };
        if keys.len() > MOST_KEYS {
            return Err(StatementError::new(format!("it changes more than {MOST_KEYS} keys, which are not put back")));
        }
        let mut kept = Vec::new();
        for key in keys {
            let Reply::Bytes(key) = key else { continue };
            let value = match self.done(&[b"DUMP".to_vec(), key.clone()], self.limit)? {
                Reply::Bytes(value) => Some(value),
                _ => None,
            };
            let left_ms = match self.done(&[b"PTTL".to_vec(), key.clone()], self.limit)? {
                Reply::Number(left) => left.max(0),
                _ => 0,
            };
            kept.push(Kept { key, value, left_ms });
        }
        Ok(kept)
    }

    fn put_back(&mut self, kept: Vec<Kept>) -> Result<(), StatementError> {
        for Kept { key, value, left_ms } in kept {
            let words = match value {
                None => vec![b"UNLINK".to_vec(), key],
                Some(value) => vec![b"RESTORE".to_vec(), key, left_ms.to_string().into_bytes(), value, b"REPLACE".to_vec()],
            };
            self.done(&words, self.limit)?;
        }
        Ok(())
    }
}

/// A key as it was.
struct Kept {
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    left_ms: i64,
}

impl ScratchDatabase for RedisScratch {
    fn engine(&self) -> Engine {
        self.engine
    }

    fn execute(&mut self, text: &str) -> Result<(), StatementError> {
        let words = words(text)?;
        self.done(&words, self.limit).map(|_| ())
    }

    fn insert(&mut self, _table: &str, _columns: &[String], _rows: &[Vec<Option<String>>]) -> Result<(), StatementError> {
        Err(StatementError {
            hint: "Write the keys as commands into data.redis.".to_owned(),
            ..StatementError::new("rows of a CSV file have no place among keys")
        })
    }

    fn analyze(&mut self) -> Result<(), StatementError> {
        Ok(())
    }

    fn run(&mut self, text: &str, limit: Duration) -> Result<Run, StatementError> {
        let words = words(text)?;
        let name = words.first().map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()).unwrap_or_default();
        if UNMEASURED.contains(&name.as_str()) {
            return Err(StatementError::new(format!("{name} is not measured: what it does can't be put back, or it waits for others")));
        }
        let kept = if self.writes(&name)? { self.keep(&words)? } else { Vec::new() };
        let started = Instant::now();
        let answer = self.ask(&words, limit);
        let elapsed = started.elapsed();
        self.put_back(kept)?;
        match answer? {
            Reply::Error(message) => Err(StatementError::new(message)),
            reply => Ok(Run { elapsed, rows: reply.rows() }),
        }
    }

    fn explain(&mut self, _text: &str, _catalog: &Catalog, _limit: Duration) -> Result<Plan, StatementError> {
        Err(StatementError::new("commands have no plans"))
    }

    fn collect(&mut self, options: &CollectOptions) -> Result<Facts, EngineError> {
        let failed = |detail: String| EngineError::new(ErrorKind::Unreachable, "reading the scratch Redis server", detail);
        let endpoint = self.endpoint().map_err(|error| failed(error.to_string()))?;
        let driver = driver_for(Engine::Redis).ok_or_else(|| failed("this dbwright was built without Redis".to_owned()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
        let cancel = self.cancel.clone();
        let facts = runtime.block_on(async {
            let ended = async {
                while !cancel.is_cancelled() {
                    tokio::time::sleep(PATIENCE).await;
                }
            };
            tokio::select! {
                facts = (driver.collect)(&endpoint, options) => facts,
                () = ended => Err(EngineError::new(ErrorKind::Interrupted, "reading the scratch Redis server", "interrupted")),
            }
        })?;
        facts.into_iter().next().ok_or_else(|| failed("nothing was read".to_owned()))
    }
}

fn words(text: &str) -> Result<Vec<Vec<u8>>, StatementError> {
    commands::words(text).map_err(|(offset, problem)| StatementError { offset: Some(offset), ..StatementError::new(problem) })
}

fn line(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn lost(error: &std::io::Error) -> StatementError {
    StatementError { lost: true, ..StatementError::new(error.to_string()) }
}

/// The flags of the first command of `COMMAND INFO`.
fn flags(answer: &Reply) -> Vec<String> {
    let Reply::Many(commands) = answer else { return Vec::new() };
    let Some(Reply::Many(fields)) = commands.first() else { return Vec::new() };
    let Some(Reply::Many(flags)) = fields.get(2) else { return Vec::new() };
    flags.iter().filter_map(Reply::text).collect()
}

/// Finds a server program.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, LabError> {
    find_as(Engine::Redis, given)
}

/// Finds a server program of this engine; where it is missing, of the other: they take the same commands.
fn find_as(engine: Engine, given: Option<&Path>) -> Result<PathBuf, LabError> {
    let names = if engine == Engine::Valkey { ["valkey-server", "redis-server"] } else { ["redis-server", "valkey-server"] };
    let packaged = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let program = names.iter().find_map(|name| candidates(name, given, &packaged).into_iter().next());
    program.ok_or_else(|| {
        LabError::new(LabErrorKind::ServerMissing, "no Redis or Valkey server was found on this machine")
            .hint("Install one (Debian and Ubuntu: apt-get install redis-server), or give the directory of its programs. No running server is needed.")
    })
}

/// The version that a server program says it has.
pub(crate) fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output).into_owned();
    text.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or_default().to_owned()
}

/// The command that starts a server which keeps its data in a directory, by the settings given.
pub(crate) fn persistent(program: &Path, data: &Path, socket: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.arg("-").args(["--port", "0", "--unixsocketperm", "700", "--daemonize", "no", "--maxmemory", MEMORY_LIMIT]);
    command.args(["--maxmemory-policy", "noeviction"]).arg("--unixsocket").arg(socket).arg("--dir").arg(data);
    for (name, value) in settings {
        command.arg(format!("--{name}")).arg(value);
    }
    command.env("HOME", data).current_dir(data);
    command
}

fn command(program: &Path, root: &Path, socket: &Path) -> Command {
    let mut command = Command::new(program);
    let settings: [(&str, &str); 10] = [
        ("--port", "0"),
        ("--unixsocketperm", "700"),
        ("--save", ""),
        ("--appendonly", "no"),
        ("--daemonize", "no"),
        ("--databases", "16"),
        ("--maxmemory", MEMORY_LIMIT),
        ("--maxmemory-policy", "noeviction"),
        ("--maxclients", "50"),
        ("--user", USER),
    ];
    command.arg("-").arg("--unixsocket").arg(socket).arg("--dir").arg(root);
    for (name, value) in settings {
        command.arg(name);
        // What holds several words is several arguments.
        if name == "--user" {
            command.args(value.split(' '))
        } else {
            command.arg(value)
        };
    }
    command.env("HOME", root).current_dir(root);
    command
}

pub(crate) fn ping(socket: &Path) -> std::io::Result<()> {
    match send(socket, &["PING"])?.as_str() {
        "PONG" => Ok(()),
        other => Err(std::io::Error::other(other.to_owned())),
    }
}

fn send(socket: &Path, words: &[&str]) -> std::io::Result<String> {
    let reply = Client::connect(socket)?.ask(&line(words), Duration::from_secs(5))?;
    Ok(match reply {
        Reply::Error(message) => format!("-{message}"),
        Reply::Number(number) => number.to_string(),
        other => other.text().unwrap_or_default(),
    })
}
