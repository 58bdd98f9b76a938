//! A scratch PostgreSQL server: made with initdb in a marked directory, on a private socket, without network, archiving
//! or preloaded libraries, as a user without rights, gone with its directory. It never touches another server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dbwright_engines::postgres::{SCRATCH_MARKER, Scratch, ScriptError, connect_scratch};
use dbwright_engines::target::Host;
use dbwright_engines::{CollectOptions, Endpoint, EngineError, ErrorKind, driver_for};
use dbwright_model::catalog::Catalog;
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, Facts};
use tokio::runtime::Handle;

use super::directory::ScratchDirectory;
use super::programs::{candidates, newest_first};
use super::server::{ScratchServer, hand_over, unprivileged};
use super::{Run, STATEMENT_LIMIT, ScratchDatabase, ScratchOptions, StatementError};
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};

const PORT: u16 = 5432;
const DATABASE: &str = "project";
const START_LIMIT: Duration = Duration::from_secs(60);
/// How much longer than the server's own limit an answer is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Settings of every scratch server. Durability is off: nothing in it must survive.
const SETTINGS: [&str; 16] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "archive_mode=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=20",
    "shared_preload_libraries=",
    "session_preload_libraries=",
    "local_preload_libraries=",
    // Statistics are made once, by us; a worker in the background would disturb times.
    "autovacuum=off",
    "shared_buffers=128MB",
    "max_wal_size=512MB",
    "logging_collector=off",
];

/// The programs of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    initdb: PathBuf,
    server: PathBuf,
}

impl Programs {
    /// Finds the newest installation, or the one given.
    ///
    /// # Errors
    /// [`LabErrorKind::ServerMissing`] with what to install.
    pub fn find(given: Option<&Path>) -> Result<Self, LabError> {
        let packaged: Vec<PathBuf> = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/pgsql"]
            .iter()
            .flat_map(|place| {
                newest_first(Path::new(place)).into_iter().map(|directory| directory.join("bin")).chain([Path::new(place).join("bin")])
            })
            .collect();
        let servers = candidates("postgres", given, &packaged);
        let complete = servers
            .into_iter()
            .map(|server| Self { initdb: server.with_file_name("initdb"), server })
            .find(|programs| programs.initdb.is_file());
        complete.ok_or_else(|| match given {
            Some(given) => LabError::new(LabErrorKind::ServerMissing, format!("{} holds no PostgreSQL server (postgres and initdb)", given.display()))
                .hint("Give the directory that holds postgres and initdb, such as /usr/lib/postgresql/17/bin."),
            None => LabError::new(LabErrorKind::ServerMissing, "the project speaks PostgreSQL, and no PostgreSQL server was found on this machine").hint(
                "Install one (Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql), \
                 or give the directory of its programs. No running server is needed.",
            ),
        })
    }
}

/// A scratch PostgreSQL server with an empty database.
pub struct PostgresScratch {
    // Dropped first, so that the connection ends before the server does.
    connection: Option<Scratch>,
    runtime: Handle,
    cancel: Cancel,
    limit: Duration,
    disk_limit: u64,
    socket: PathBuf,
    server: ScratchServer,
}

impl PostgresScratch {
    /// Makes and starts a server.
    ///
    /// # Errors
    /// When there are no programs, or it does not start.
    pub fn start(options: &ScratchOptions) -> Result<Self, LabError> {
        let programs = Programs::find(options.server_bin.as_deref())?;
        let runtime = Handle::try_current()
            .map_err(|_| LabError::new(LabErrorKind::Server, "a scratch PostgreSQL server can only be used within a runtime"))?;
        let directory = ScratchDirectory::create()?;
        let root = directory.path().to_owned();
        let disk_limit = super::disk_limit(options, &root);
        prepare(&programs, &root)?;
        let mut command = Command::new(&programs.server);
        command.arg("-D").arg(root.join("data")).arg("-k").arg(&root).args(["-p", &PORT.to_string()]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        clean_environment(&mut command, &root);
        let mut server = ScratchServer::start("PostgreSQL", command, directory)?;
        let pid_file = root.join("data/postmaster.pid");
        let ready =
            || std::fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"));
        server.wait_until(START_LIMIT, &options.cancel, ready)?;
        let mut scratch = Self {
            connection: None,
            runtime,
            cancel: options.cancel.clone(),
            limit: options.statement_limit.unwrap_or(STATEMENT_LIMIT),
            disk_limit,
            socket: root,
            server,
        };
        scratch.create_database()?;
        Ok(scratch)
    }

    fn create_database(&mut self) -> Result<(), LabError> {
        let failed = |server: &ScratchServer, error: &StatementError| server.failure(&format!("can't be used: {}", error.message));
        let made = self.connect("postgres").and_then(|()| self.execute(&format!("CREATE DATABASE {DATABASE}")));
        let ready = made.and_then(|()| self.connect(DATABASE));
        ready.map_err(|error| if self.cancel.is_cancelled() { LabError::interrupted() } else { failed(&self.server, &error) })
    }

    fn connect(&mut self, database: &str) -> Result<(), StatementError> {
        self.connection = None;
        let socket = self.socket.clone();
        let scratch = self.wait(START_LIMIT, connect_scratch(&socket, PORT, database))?.map_err(|error| engine_failure(&error))?;
        self.connection = Some(scratch);
        Ok(())
    }

    /// Where the database is, for further connections of the lab.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            engine: Engine::Postgresql,
            hosts: vec![Host { name: self.socket.display().to_string(), port: Some(PORT) }],
            user: Some("postgres".to_owned()),
            password: None,
            database: Some(DATABASE.to_owned()),
            file: None,
            options: std::collections::BTreeMap::new(),
        }
    }

    /// The server's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.server.directory()
    }

    /// Waits for an answer, but not beyond the limit or the end that was asked for.
    fn wait<T>(&self, limit: Duration, answer: impl Future<Output = T>) -> Result<T, StatementError> {
        self.runtime.block_on(async {
            tokio::select! {
                answer = answer => Ok(answer),
                () = self.cancel.cancelled() => Err(StatementError { lost: true, ..StatementError::new("interrupted") }),
                () = tokio::time::sleep(limit) => Err(StatementError { lost: true, ..StatementError::new("it took longer than its time limit") }),
                () = self.disk_is_used_up() => {
                    Err(StatementError { lost: true, ..StatementError::new(format!("the database grew beyond the {} bytes that it may take", self.disk_limit)) })
                }
            }
        })
    }

    /// Ends when the database has grown beyond what it may take.
    async fn disk_is_used_up(&self) {
        const LOOK: Duration = Duration::from_millis(500);
        loop {
            tokio::time::sleep(LOOK).await;
            if super::bytes_below(&self.socket, 6) > self.disk_limit {
                return;
            }
        }
    }

    /// Runs a script, whose statement fails at the server's own limit.
    fn script(&mut self, script: &str, limit: Duration) -> Result<(), StatementError> {
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        let outcome = self.wait(limit + GRACE, connection.execute_script(script));
        self.settle(outcome)?.map_err(|error| script_failure(script, &error))
    }

    /// After a wait that was given up the connection is in an unknown state: a new one is made.
    fn settle<T>(&mut self, outcome: Result<T, StatementError>) -> Result<T, StatementError> {
        match outcome {
            Err(error) if error.lost && !self.cancel.is_cancelled() => {
                self.connect(DATABASE)?;
                Err(StatementError { lost: false, ..error })
            }
            other => other,
        }
    }

    fn with_limit(&mut self, limit: Duration) -> Result<(), StatementError> {
        self.script(&format!("BEGIN; SET LOCAL statement_timeout = {}", limit.as_millis().max(1)), limit)
    }

    fn undo(&mut self) -> Result<(), StatementError> {
        self.script("ROLLBACK", self.limit)
    }
}

fn gone() -> StatementError {
    StatementError { lost: true, ..StatementError::new("the scratch server's connection is gone") }
}

fn engine_failure(error: &EngineError) -> StatementError {
    let lost = matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable);
    StatementError { message: error.detail.clone(), offset: None, hint: error.hint.clone(), lost }
}

fn script_failure(script: &str, error: &ScriptError) -> StatementError {
    // The server counts characters.
    let offset = error.position.and_then(|position| script.char_indices().nth(position)).map(|(offset, _)| offset);
    StatementError { offset, ..engine_failure(&error.error) }
}

/// Makes the data directory, as a user without rights.
fn prepare(programs: &Programs, root: &Path) -> Result<(), LabError> {
    let failed = |what: &str| LabError::new(LabErrorKind::Server, format!("making a scratch PostgreSQL server: {what}"));
    std::fs::write(root.join(SCRATCH_MARKER), "made by dbwright\n").map_err(|error| failed(&error.to_string()))?;
    hand_over(root).map_err(|error| failed(&error.to_string()))?;
    let mut said = String::new();
    // Not every system has C.UTF-8; C orders and folds ASCII only.
    for locale in ["C.UTF-8", "C"] {
        let mut command = Command::new(&programs.initdb);
        command.arg("-D").arg(root.join("data")).args(["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]);
        command.arg(format!("--locale={locale}"));
        clean_environment(&mut command, root);
        let output = unprivileged(&mut command).stdin(Stdio::null()).output().map_err(|error| failed(&error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    Err(failed(said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("initdb failed")))
}

/// No `PG…` variable of the user's reaches the server: it might name another one.
fn clean_environment(command: &mut Command, root: &Path) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("HOME", root).current_dir(root);
}

impl ScratchDatabase for PostgresScratch {
    fn engine(&self) -> Engine {
        Engine::Postgresql
    }

    fn execute(&mut self, sql: &str) -> Result<(), StatementError> {
        self.script(sql, self.limit)
    }

    fn insert(&mut self, table: &str, columns: &[String], rows: &[Vec<Option<String>>]) -> Result<(), StatementError> {
        let names: Vec<String> = columns.iter().map(|column| dbwright_sql::quote_identifier(column, Engine::Postgresql)).collect();
        let table: Vec<String> = table.split('.').map(|part| dbwright_sql::quote_identifier(part, Engine::Postgresql)).collect();
        let statement = format!("COPY {} ({}) FROM STDIN", table.join("."), names.join(", "));
        let mut content = String::new();
        for row in rows {
            let fields: Vec<String> = row.iter().map(|value| value.as_deref().map_or_else(|| "\\N".to_owned(), copy_text)).collect();
            content.push_str(&fields.join("\t"));
            content.push('\n');
        }
        self.copy(&statement, content)
    }

    fn copy(&mut self, statement: &str, content: String) -> Result<(), StatementError> {
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        let outcome = self.wait(self.limit, connection.copy_in(statement, content));
        self.settle(outcome)?.map(|_| ()).map_err(|error| engine_failure(&error))
    }

    fn analyze(&mut self) -> Result<(), StatementError> {
        // A script may have left a transaction open, or settings such as an empty search path: dumps do.
        self.execute("COMMIT")?;
        self.connect(DATABASE)?;
        // VACUUM too: a fresh table without its visibility map would plan no index-only scan.
        self.execute("VACUUM (ANALYZE)")
    }

    fn run(&mut self, sql: &str, limit: Duration) -> Result<Run, StatementError> {
        self.with_limit(limit)?;
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        let outcome = self.wait(limit + GRACE, connection.run(sql));
        let outcome = self.settle(outcome)?;
        self.undo()?;
        let (rows, elapsed) = outcome.map_err(|error| engine_failure(&error))?;
        Ok(Run { elapsed, rows })
    }

    fn explain(&mut self, sql: &str, _catalog: &Catalog, limit: Duration) -> Result<Plan, StatementError> {
        self.with_limit(limit)?;
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        let outcome = self.wait(limit + GRACE, connection.explain_analyze(sql));
        let outcome = self.settle(outcome)?;
        self.undo()?;
        outcome.map_err(|error| engine_failure(&error))
    }

    fn collect(&mut self, options: &CollectOptions) -> Result<Facts, EngineError> {
        let missing =
            || EngineError::new(ErrorKind::Unsupported, "reading the scratch server", "this dbwright was built without PostgreSQL");
        let driver = driver_for(Engine::Postgresql).ok_or_else(missing)?;
        let endpoint = self.endpoint();
        let interrupted = EngineError::new(ErrorKind::Interrupted, "reading the scratch server", "interrupted");
        let found = self.runtime.block_on(async {
            tokio::select! {
                found = (driver.collect)(&endpoint, options) => found,
                () = self.cancel.cancelled() => Err(interrupted),
            }
        })?;
        found.into_iter().next().ok_or_else(|| EngineError::new(ErrorKind::Protocol, "reading the scratch server", "no database was found"))
    }
}

/// A value in COPY's text form.
fn copy_text(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text
}
