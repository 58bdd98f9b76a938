//! A scratch Redis or Valkey server: in a marked directory, on a private socket, without network, persistence, modules or
//! replication, with bounded memory. It never touches another server.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dbwright_engines::Endpoint;

use super::ScratchOptions;
use super::directory::ScratchDirectory;
use super::programs::candidates;
use super::server::{ScratchServer, hand_over};
use crate::error::{LabError, LabErrorKind};

const SOCKET: &str = "redis.sock";
const START_LIMIT: Duration = Duration::from_secs(20);
/// Bytes that its data may take in memory.
const MEMORY_LIMIT: &str = "268435456";
/// The one user: everything but what leads out of the server or into its programs.
const USER: &str = "default on nopass ~* &* +@all -replicaof -slaveof -migrate -module -debug -cluster -failover -sync -psync -acl";

/// A running server without data.
pub struct RedisScratch {
    server: ScratchServer,
    socket: PathBuf,
}

impl RedisScratch {
    /// Starts a server: of Redis, else of Valkey.
    ///
    /// # Errors
    /// [`LabErrorKind::ServerMissing`] with what to install; [`LabErrorKind::Server`] when it does not start.
    pub fn start(options: &ScratchOptions) -> Result<Self, LabError> {
        super::directory::clean_leftovers();
        let program = find(options.server_bin.as_deref())?;
        let directory = ScratchDirectory::create()?;
        let root = directory.path().to_owned();
        hand_over(&root).map_err(|error| LabError::new(LabErrorKind::Server, format!("making a scratch Redis server: {error}")))?;
        let socket = root.join(SOCKET);
        let mut server = ScratchServer::start("Redis", command(&program, &root, &socket), directory)?;
        server.wait_until(START_LIMIT, &options.cancel, || ping(&socket).is_ok())?;
        Ok(Self { server, socket })
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

    /// Sends a command and gives the first line of its answer.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn send(&self, words: &[&str]) -> std::io::Result<String> {
        send(&self.socket, words)
    }
}

/// Finds a server program.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, LabError> {
    let packaged = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let program = ["redis-server", "valkey-server"].iter().find_map(|name| candidates(name, given, &packaged).into_iter().next());
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
        "+PONG" => Ok(()),
        other => Err(std::io::Error::other(other.to_owned())),
    }
}

fn send(socket: &Path, words: &[&str]) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut byte = [0_u8; 1];
    while answer.len() < 10_000 && stream.read(&mut byte)? == 1 && byte[0] != b'\n' {
        answer.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
}
