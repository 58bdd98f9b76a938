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

use super::digest::{Cell, Digest, Digester, OrderKey};
use super::directory::ScratchDirectory;
use super::programs::{candidates, newest_first};
use super::server::{ScratchServer, hand_over, unprivileged};
use super::{Run, STATEMENT_LIMIT, ScratchDatabase, ScratchOptions, StatementError};
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};

pub(crate) const PORT: u16 = 5432;
const DATABASE: &str = "project";
const START_LIMIT: Duration = Duration::from_secs(60);
/// How much longer than the server's own limit an answer is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Settings of every scratch server. Durability is off: nothing in it must survive.
const SETTINGS: [&str; 17] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "archive_mode=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    // Subscriptions of a base backup would connect to their publishers.
    "max_logical_replication_workers=0",
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
    /// Major version, 0 when it could not be asked for.
    major: u32,
}

impl Programs {
    /// Finds the newest installation, or the one given.
    ///
    /// # Errors
    /// [`LabErrorKind::ServerMissing`] with what to install.
    pub fn find(given: Option<&Path>) -> Result<Self, LabError> {
        Self::find_version(given, None)
    }

    /// Finds the installation of a major version; without one, the oldest newer one, else the newest. Which it is, the
    /// caller asks [`Self::major`].
    ///
    /// # Errors
    /// [`LabErrorKind::ServerMissing`] with what to install.
    pub fn find_version(given: Option<&Path>, wanted: Option<u32>) -> Result<Self, LabError> {
        let packaged: Vec<PathBuf> = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/pgsql"]
            .iter()
            .flat_map(|place| {
                newest_first(Path::new(place)).into_iter().map(|directory| directory.join("bin")).chain([Path::new(place).join("bin")])
            })
            .collect();
        let servers = candidates("postgres", given, &packaged);
        let complete: Vec<Self> = servers
            .into_iter()
            .map(|server| Self { initdb: server.with_file_name("initdb"), major: version_of(&server), server })
            .filter(|programs| programs.initdb.is_file())
            .collect();
        let fitting = wanted.and_then(|wanted| {
            let newer = complete.iter().filter(|programs| programs.major >= wanted).min_by_key(|programs| programs.major);
            newer.or_else(|| complete.iter().max_by_key(|programs| programs.major))
        });
        fitting.or(complete.first()).cloned().ok_or_else(|| match given {
            Some(given) => LabError::new(LabErrorKind::ServerMissing, format!("{} holds no PostgreSQL server (postgres and initdb)", given.display()))
                .hint("Give the directory that holds postgres and initdb, such as /usr/lib/postgresql/17/bin."),
            None => LabError::new(LabErrorKind::ServerMissing, "the project speaks PostgreSQL, and no PostgreSQL server was found on this machine").hint(
                "Install one (Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql), \
                 or give the directory of its programs. No running server is needed.",
            ),
        })
    }
}

impl Programs {
    /// Major version of the server, 0 when it could not be told.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// A program of the same installation.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.server.with_file_name(name)
    }

    /// Makes a data directory below a scratch directory.
    ///
    /// # Errors
    /// When initdb fails.
    pub(crate) fn prepare(&self, root: &Path) -> Result<(), LabError> {
        prepare(self, root)
    }

    /// The command that starts a server in a prepared scratch directory: our settings, then these.
    pub(crate) fn command(&self, root: &Path, settings: &[&str]) -> Command {
        let mut command = Command::new(&self.server);
        command.arg("-D").arg(root.join("data")).arg("-k").arg(root).args(["-p", &PORT.to_string()]);
        for setting in SETTINGS.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        clean_environment(&mut command, root);
        command
    }
}

/// The major version that a server program says it has.
fn version_of(server: &Path) -> u32 {
    let output = Command::new(server).arg("--version").env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// Waits until a server that was just started takes connections.
pub(crate) fn wait_ready(server: &mut ScratchServer, cancel: &Cancel) -> Result<(), LabError> {
    let pid_file = server.directory().join("data/postmaster.pid");
    let ready = || std::fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"));
    server.wait_until(START_LIMIT, cancel, ready)
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
    programs: Programs,
    database: String,
    server: ScratchServer,
}

impl PostgresScratch {
    /// Makes and starts a server.
    ///
    /// # Errors
    /// When there are no programs, or it does not start.
    pub fn start(options: &ScratchOptions) -> Result<Self, LabError> {
        let programs = Programs::find(options.server_bin.as_deref())?;
        let directory = ScratchDirectory::create()?;
        prepare(&programs, directory.path())?;
        let mut scratch = Self::start_in(directory, programs, options)?;
        scratch.create_database()?;
        Ok(scratch)
    }

    /// Starts a server on a copy of a base backup's files, which are only read. Its settings and its rules for admitting
    /// clients are replaced by ours: they name other machines, archives, libraries.
    ///
    /// # Errors
    /// When it is no base backup, there is no room or no server of its version, or it does not come up.
    pub fn of_backup(backup: &Path, database: &str, options: &ScratchOptions) -> Result<Self, LabError> {
        let failed = |what: String| LabError::new(LabErrorKind::Server, format!("cloning the base backup {}: {what}", backup.display()));
        let version = std::fs::read_to_string(backup.join("PG_VERSION")).map_err(|error| {
            failed(format!("PG_VERSION: {error}")).hint("Give the directory that pg_basebackup -Fp wrote, or unpack base.tar.")
        })?;
        let wanted: u32 = version.trim().parse().unwrap_or(0);
        let programs = Programs::find_version(options.server_bin.as_deref(), Some(wanted))?;
        if programs.major != wanted {
            return Err(LabError::new(
                LabErrorKind::ServerMissing,
                format!("the base backup is of PostgreSQL {wanted}, and this machine has {}", programs.major),
            )
            .hint("Files fit their major version only: install that one, or clone from a dump."));
        }
        let directory = ScratchDirectory::create()?;
        let root = directory.path().to_owned();
        let (needed, room) = (super::bytes_below(backup, 8), super::disk_limit(options, &root));
        if needed > room {
            return Err(
                failed(format!("it has {needed} bytes, and {room} are free for it")).hint("Free space, or set TMPDIR to another disk.")
            );
        }
        let data = root.join("data");
        let replaced =
            [("postgresql.conf", ""), ("postgresql.auto.conf", ""), ("pg_hba.conf", "local all all trust\n"), ("pg_ident.conf", "")];
        let prepared = std::fs::write(root.join(SCRATCH_MARKER), "made by dbwright\n")
            .and_then(|()| hand_over(&root))
            .and_then(|()| super::copy_tree(backup, &data, 8))
            .and_then(|()| std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)))
            .and_then(|()| {
                replaced
                    .iter()
                    .try_for_each(|(name, text)| std::fs::write(data.join(name), text).and_then(|()| hand_over(&data.join(name))))
            });
        prepared.map_err(|error| failed(error.to_string()))?;
        // What asks for recovery from an archive, or to follow a primary.
        for name in ["postmaster.pid", "recovery.signal", "standby.signal", "recovery.conf"] {
            let _ = std::fs::remove_file(data.join(name));
        }
        let mut scratch = Self::start_in(directory, programs, options)?;
        database.clone_into(&mut scratch.database);
        scratch.connect(database).map_err(|error| failed(error.message))?;
        Ok(scratch)
    }

    /// Starts a server in a directory that has been prepared.
    fn start_in(directory: ScratchDirectory, programs: Programs, options: &ScratchOptions) -> Result<Self, LabError> {
        let runtime = Handle::try_current()
            .map_err(|_| LabError::new(LabErrorKind::Server, "a scratch PostgreSQL server can only be used within a runtime"))?;
        let root = directory.path().to_owned();
        let disk_limit = super::disk_limit(options, &root);
        let mut server = ScratchServer::start("PostgreSQL", programs.command(&root, &[]), directory)?;
        wait_ready(&mut server, &options.cancel)?;
        Ok(Self {
            connection: None,
            runtime,
            cancel: options.cancel.clone(),
            limit: options.statement_limit.unwrap_or(STATEMENT_LIMIT),
            disk_limit,
            socket: root,
            programs,
            database: DATABASE.to_owned(),
            server,
        })
    }

    fn options(&self) -> ScratchOptions {
        let server_bin = self.programs.server.parent().map(Path::to_owned);
        ScratchOptions { server_bin, cancel: self.cancel.clone(), statement_limit: Some(self.limit), disk_limit: Some(self.disk_limit) }
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
        endpoint_of(&self.socket, &self.database)
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
                self.connect(&self.database.clone())?;
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

/// A database of the scratch server in this directory, for its superuser.
pub(crate) fn endpoint_of(root: &Path, database: &str) -> Endpoint {
    Endpoint {
        engine: Engine::Postgresql,
        hosts: vec![Host { name: root.display().to_string(), port: Some(PORT) }],
        user: Some("postgres".to_owned()),
        password: None,
        database: Some(database.to_owned()),
        file: None,
        options: std::collections::BTreeMap::new(),
    }
}

fn gone() -> StatementError {
    StatementError { lost: true, ..StatementError::new("the scratch server's connection is gone") }
}

pub(crate) fn engine_failure(error: &EngineError) -> StatementError {
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
        if programs.major >= 18 {
            // On by default there; pages that a ghost writes have none.
            command.arg("--no-data-checksums");
        }
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
        self.connect(&self.database.clone())?;
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

    fn endpoint(&self) -> Option<Endpoint> {
        Some(endpoint_of(&self.socket, &self.database))
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

    /// The files are copied after a checkpoint, while nobody writes: the copy starts as after a crash, with nothing to redo.
    fn fork(&mut self) -> Result<Box<dyn ScratchDatabase>, LabError> {
        let failed = |what: String| LabError::new(LabErrorKind::Server, format!("copying a scratch database: {what}"));
        self.execute("CHECKPOINT").map_err(|error| failed(error.message))?;
        let data = self.socket.join("data");
        let (needed, room) = (super::bytes_below(&data, 6), super::disk_limit(&self.options(), &self.socket));
        if needed > room {
            return Err(
                failed(format!("it has {needed} bytes, and {room} are free for it")).hint("Free space, or set TMPDIR to another disk.")
            );
        }
        let directory = ScratchDirectory::create()?;
        let root = directory.path().to_owned();
        let copied = std::fs::write(root.join(SCRATCH_MARKER), "made by dbwright\n")
            .and_then(|()| hand_over(&root))
            .and_then(|()| super::copy_tree(&data, &root.join("data"), 6))
            .and_then(|()| std::fs::remove_file(root.join("data/postmaster.pid")));
        copied.map_err(|error| failed(error.to_string()))?;
        let mut copy = Self::start_in(directory, self.programs.clone(), &self.options())?;
        copy.database.clone_from(&self.database);
        copy.connect(&self.database).map_err(|error| failed(error.message))?;
        Ok(Box::new(copy))
    }

    fn chill(&mut self) -> Result<bool, LabError> {
        self.connection = None;
        let data = self.socket.join("data");
        let command = self.programs.command(&self.socket, &[]);
        self.server.restart(command, START_LIMIT, || super::forget_files(&data, 6))?;
        wait_ready(&mut self.server, &self.cancel)?;
        self.connect(&self.database.clone()).map_err(|error| self.server.failure(&error.message))?;
        Ok(true)
    }

    fn digest(&mut self, sql: &str, order: &[OrderKey], limit: Duration) -> Result<Digest, StatementError> {
        self.with_limit(limit)?;
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        let digester = std::cell::RefCell::new((Digester::new(&[], order), Vec::<bool>::new()));
        let columns = |named: &[(String, bool)]| {
            let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
            *digester.borrow_mut() = (Digester::new(&names, order), named.iter().map(|(_, float)| *float).collect());
        };
        let take = |cells: &[Option<&[u8]>]| {
            let (digester, floats) = &mut *digester.borrow_mut();
            let cells: Vec<Cell<'_>> = cells.iter().zip(floats.iter()).map(|(cell, float)| binary_cell(*cell, *float)).collect();
            digester.row(&cells);
        };
        let outcome = self.wait(limit + GRACE, connection.each_raw(sql, columns, take));
        let outcome = self.settle(outcome)?;
        self.undo()?;
        let rows = outcome.map_err(|error| engine_failure(&error))?;
        let digest = digester.into_inner().0.finish();
        Ok(if digest.rows == 0 { Digest::changed(rows) } else { digest })
    }

    fn bytes(&self) -> Option<u64> {
        Some(super::bytes_below(&self.socket.join("data/base"), 6))
    }
}

/// A value as the server sends it in binary: big-endian floats, everything else byte by byte.
fn binary_cell(cell: Option<&[u8]>, float: bool) -> Cell<'_> {
    let Some(bytes) = cell else { return Cell::Null };
    match (float, bytes.len()) {
        (true, 4) => bytes.try_into().map_or(Cell::Bytes(bytes), |four| Cell::Float(f64::from(f32::from_be_bytes(four)))),
        (true, 8) => bytes.try_into().map_or(Cell::Bytes(bytes), |eight| Cell::Float(f64::from_be_bytes(eight))),
        _ => Cell::Bytes(bytes),
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
