//! Redis and Valkey servers for tests: loopback only, in a directory of their own, gone when dropped.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Whether `redis-server` is installed.
#[must_use]
pub fn installed() -> bool {
    Command::new("redis-server").arg("--version").output().is_ok()
}

/// A running server.
pub struct RedisServer {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    /// What must outlive the server.
    also: Option<TempDir>,
    _directory: TempDir,
}

impl RedisServer {
    /// Starts `redis-server` with further arguments. Without the program the test is skipped aloud, or fails where
    /// `DBWRIGHT_REQUIRE` names `redis`.
    ///
    /// # Panics
    /// When the server is required but absent, or does not start within ten seconds.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_with("-", arguments)
    }

    fn start_with(configuration: &str, arguments: &[&str]) -> Option<Self> {
        if !installed() {
            crate::skip("redis", "redis-server is not installed");
            return None;
        }
        let directory = TempDir::new().expect("a directory for the server");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let sentinel = arguments.contains(&"--sentinel");
        let saving: &[&str] = if sentinel { &[] } else { &["--save", ""] };
        let child = Command::new("redis-server")
            .arg(configuration)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(directory.path())
            .args(saving)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        let server =
            Self { child, port, arguments: arguments.iter().map(|text| (*text).to_owned()).collect(), also: None, _directory: directory };
        let limit = Instant::now() + Duration::from_secs(10);
        while !server.commands("PING").contains("PONG") {
            assert!(Instant::now() < limit, "redis-server did not answer within 10 s");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// Starts a Sentinel that watches primaries on 127.0.0.1: name, port and quorum of each. It misses them after half a second.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn sentinel(watched: &[(&str, u16, u8)]) -> Option<Self> {
        let directory = TempDir::new().expect("a directory for the configuration");
        let file = directory.path().join("sentinel.conf");
        let line = |(name, port, quorum): &(&str, u16, u8)| {
            format!("sentinel monitor {name} 127.0.0.1 {port} {quorum}\nsentinel down-after-milliseconds {name} 500\n")
        };
        std::fs::write(&file, watched.iter().map(line).collect::<String>()).expect("the configuration is written");
        let mut server = Self::start_with(&file.display().to_string(), &["--sentinel"])?;
        server.also = Some(directory);
        Some(server)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL without login.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its URL with the password that it was started with, if any.
    #[must_use]
    pub fn url_with_password(&self) -> String {
        self.password().map_or_else(|| self.url(), |password| self.url_as("default", password))
    }

    /// Its URL for an account.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// Sends commands, one a line, by redis-cli; the answers as text.
    ///
    /// # Panics
    /// When redis-cli is absent.
    pub fn commands(&self, lines: &str) -> String {
        let mut client = Command::new("redis-cli")
            .args(["-p", &self.port.to_string(), "--no-auth-warning"])
            .env("REDISCLI_AUTH", self.password().unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-cli starts");
        client.stdin.take().expect("its input").write_all(format!("{lines}\n").as_bytes()).expect("commands are taken");
        let output = client.wait_with_output().expect("redis-cli ends");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn password(&self) -> Option<&str> {
        let at = self.arguments.iter().position(|word| word == "--requirepass")?;
        self.arguments.get(at + 1).map(String::as_str)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
