//! Restores of PostgreSQL. A live server's backup is compared exactly: its log is received until a snapshot whose place in the
//! log is known, and the copy is recovered to that very place (or, of a dump, the snapshot is shared). A copy's settings are
//! ours before its first start: it can neither archive, nor listen, nor follow, nor subscribe.

mod after;
mod catalog;
mod files;
mod log;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dbwright_engines::postgres::snapshot::{Snapshot, TextRow};
use dbwright_engines::postgres::{SCRATCH_MARKER, connect_scratch_as};
use dbwright_engines::{CollectOptions, Endpoint, EngineError};
use dbwright_model::drill::BackupUsed;

use super::programs::{Running, environment, run as run_program};
use super::{Method, Restore, Stop, compare, control, failed};
use crate::error::{LabError, LabErrorKind};
use crate::scratch::directory::ScratchDirectory;
use crate::scratch::postgres::{PORT, Programs, endpoint_of, wait_ready};
use crate::scratch::server::{ScratchServer, hand_over};
use crate::scratch::{bytes_below, copy_tree};
use after::{backup_again, check_objects, pages, promote, write_to};
pub(super) use catalog::{Asked, Contents, sequences, sum, things};
use files::plant_in_files;
use log::{received, unseen};

const READ_LIMIT: Duration = Duration::from_secs(1800);
/// How long a moment is looked for at which the snapshot's place in the log is exact.
const EXACT_LIMIT: Duration = Duration::from_secs(30);
const REPLAY_LIMIT: Duration = Duration::from_secs(3600);

pub(super) fn run(drill: &mut Restore<'_>) -> Result<(), Stop> {
    match (&drill.options.backup, &drill.options.source, drill.options.method) {
        (Some(backup), _, _) => existing(drill, &backup.clone()),
        (None, Some(source), Method::BaseBackup) => live_base(drill, &source.clone()),
        (None, Some(source), Method::Dump) => live_dump(drill, &source.clone()),
        (None, None, _) => Err(Stop::Error(LabError::new(LabErrorKind::Source, "neither a server nor a backup was given"))),
    }
}

pub(super) fn reading() -> CollectOptions {
    let mut options = CollectOptions::at(super::super::now());
    options.statement_timeout = READ_LIMIT;
    options.connect_timeout = Duration::from_secs(20);
    options
}

/// A directory for the copy, marked.
fn place() -> Result<(ScratchDirectory, PathBuf), LabError> {
    let directory = ScratchDirectory::create()?;
    let root = directory.path().to_owned();
    let marked = std::fs::write(root.join(SCRATCH_MARKER), "made by dbwright\n").and_then(|()| hand_over(&root));
    marked.map_err(|error| LabError::new(LabErrorKind::File, format!("preparing {}: {error}", root.display())))?;
    Ok((directory, root))
}

fn one(rows: &[TextRow]) -> String {
    rows.first().and_then(|row| row.first().cloned().flatten()).unwrap_or_default()
}

/// What is known of a source before its backup.
struct Source {
    programs: Programs,
    superuser: String,
    /// Place in the log before the backup.
    from: String,
    bytes: f64,
}

fn look_at(drill: &mut Restore<'_>, source: &Endpoint) -> Result<Source, Stop> {
    let reading = reading();
    let runtime = drill.runtime.clone();
    let asked: Result<_, EngineError> = runtime.block_on(async {
        let snapshot = Snapshot::open(source, &reading).await?;
        let (version, major) = (snapshot.version().0.to_owned(), snapshot.version().1);
        let spaces = one(&snapshot
            .ask("SELECT count(*)::text FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')")
            .await?);
        let superuser = one(&snapshot.ask("SELECT pg_catalog.pg_get_userbyid(10)::text").await?);
        let bytes = one(&snapshot
            .ask("SELECT sum(pg_catalog.pg_database_size(oid))::text FROM pg_catalog.pg_database WHERE datallowconn")
            .await
            .unwrap_or_default());
        snapshot.finish().await;
        Ok((version, major, spaces, superuser, bytes))
    });
    let (version, major, spaces, superuser, bytes) = asked?;
    if spaces != "0" && drill.options.method == Method::BaseBackup {
        return Err(Stop::Error(
            LabError::new(
                LabErrorKind::Unsupported,
                format!("the server has {spaces} tablespaces of its own: a base backup would be written to their places"),
            )
            .hint("Drill a dump: --method dump."),
        ));
    }
    let programs = Programs::find_version(drill.options.drill.server_bin.as_deref(), Some(major))?;
    if programs.major() != major {
        return Err(Stop::Error(
            LabError::new(
                LabErrorKind::ServerMissing,
                format!("the source is PostgreSQL {major}, and this machine has {}", programs.major()),
            )
            .hint("Install that version's server programs, or name their directory with --server-bin."),
        ));
    }
    drill.record.versions.insert("source".to_owned(), version);
    drill.record.versions.insert("scratch".to_owned(), major.to_string());
    Ok(Source { programs, superuser, from: String::new(), bytes: bytes.parse().unwrap_or(0.0) })
}

fn client(source: &Source, name: &str, endpoint: &Endpoint) -> Command {
    let mut command = Command::new(source.programs.program(name));
    command.envs(environment(endpoint));
    command
}

/// Waits until the log is being received; a server that stands at the very beginning of a segment has nothing to send.
fn wait_received(log: &Path) {
    const LIMIT: Duration = Duration::from_secs(3);
    let end = Instant::now() + LIMIT;
    let begun = || {
        let entries = std::fs::read_dir(log).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| {
            use std::io::Read;
            let mut start = [0_u8; 2];
            std::fs::File::open(entry.path()).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start != [0, 0]
        })
    };
    while !begun() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn place_in_log(drill: &Restore<'_>, endpoint: &Endpoint) -> Result<String, Stop> {
    let asked: Result<String, EngineError> = drill.runtime.block_on(async {
        let snapshot = Snapshot::open(endpoint, &reading()).await?;
        let place = one(&snapshot.ask("SELECT pg_catalog.pg_current_wal_insert_lsn()::text").await?);
        snapshot.finish().await;
        Ok(place)
    });
    Ok(asked?)
}

fn live_base(drill: &mut Restore<'_>, endpoint: &Endpoint) -> Result<(), Stop> {
    drill.now("looking at the source");
    let source = look_at(drill, endpoint)?;
    let (directory, root) = place()?;
    room(&root, source.bytes)?;
    let (data, log) = (root.join("data"), root.join("log"));
    std::fs::create_dir(&log).map_err(|error| file(&log, &error))?;
    let mut receive = client(&source, "pg_receivewal", endpoint);
    receive.arg("-D").arg(&log).args(["--no-loop", "--no-password"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drill.now("taking a base backup");
    let mut command = client(&source, "pg_basebackup", endpoint);
    command.arg("-D").arg(&data).args(["-X", "stream", "-c", "fast", "--no-password", "--no-sync"]);
    let cancel = drill.options.drill.cancel.clone();
    // The backup's checkpoint removes log that nobody reads yet: the receiver starts when that is over, and the backup itself
    // holds the log before.
    let label = data.join("backup_label");
    let ended = std::sync::atomic::AtomicBool::new(false);
    let (said, receiver) = drill.time.phase("backup", false, || {
        std::thread::scope(|scope| {
            let receiver = scope.spawn(|| {
                while !label.is_file() && !ended.load(std::sync::atomic::Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                receive.spawn().map(Running)
            });
            let said = run_program(command, &root, &cancel);
            ended.store(true, std::sync::atomic::Ordering::SeqCst);
            (said, receiver.join())
        })
    });
    let said = said?;
    let receiver = receiver.map_err(|_| LabError::new(LabErrorKind::Server, "the thread that starts pg_receivewal ended"))?;
    let receiver = receiver.map_err(|error| LabError::new(LabErrorKind::ServerMissing, format!("running pg_receivewal: {error}")))?;
    if !said.success {
        return Err(Stop::Error(
            LabError::new(LabErrorKind::Server, format!("pg_basebackup: {}", said.words())).hint(
                "It needs a role with REPLICATION and a line in pg_hba.conf for `replication`; without, drill a dump: --method dump.",
            ),
        ));
    }
    let bytes = bytes_below(&data, 12) as f64;
    drill.time.detail("pg_basebackup, log streamed beside", Some(bytes));
    drill.record.backup = Some(BackupUsed {
        kind: "base backup".to_owned(),
        location: "made by this drill".to_owned(),
        taken_at: Some(super::super::now()),
        bytes: Some(bytes),
        hash: None,
    });
    drill.record.recovered_bytes = Some(bytes);
    wait_received(&log);
    let mut source = source;
    source.from = place_in_log(drill, endpoint)?;
    let (contents, target) = exact(drill, endpoint, &source, &log)?;
    drop(receiver);
    let backup = Restored { directory, root, programs: source.programs, superuser: source.superuser, log: Some(log) };
    let planted = plant_in_files(drill, &backup)?;
    drill.record.controls.extend(planted);
    bring_up(drill, backup, target.as_deref(), Some((&contents, false)), endpoint.database.as_deref())
}

/// A snapshot of the source with its place in the log, read whole.
fn exact(drill: &mut Restore<'_>, endpoint: &Endpoint, source: &Source, log: &Path) -> Result<(Contents, Option<String>), Stop> {
    drill.now("reading the source");
    let runtime = drill.runtime.clone();
    let options = reading();
    let cancel = drill.options.drill.cancel.clone();
    let end = Instant::now() + EXACT_LIMIT;
    let mut tries = 0;
    let found = drill.time.phase("snapshot", false, || -> Result<Option<(Snapshot, String)>, Stop> {
        let mut snapshot = runtime.block_on(Snapshot::open(endpoint, &options))?;
        loop {
            tries += 1;
            let rows = runtime
                .block_on(snapshot.ask("SELECT pg_catalog.pg_current_snapshot()::text, pg_catalog.pg_current_wal_insert_lsn()::text"))?;
            let cell = |at: usize| rows.first().and_then(|row| row.get(at).cloned().flatten()).unwrap_or_default();
            let (seen, place) = (cell(0), cell(1));
            let read = received(&source.programs, log, &source.from, &place, &cancel)?;
            if read.is_some_and(|commits| commits.iter().all(|xid| !unseen(&seen, *xid))) {
                return Ok(Some((snapshot, place)));
            }
            if Instant::now() > end {
                return Ok(None);
            }
            runtime.block_on(snapshot.renew(&options))?;
        }
    })?;
    let Some((snapshot, place)) = found else {
        drill.record.undecided.push(format!("rows: no moment was found in {tries} tries at which the source's place in its log is exact"));
        return Ok((Contents::default(), None));
    };
    drill.time.detail(format!("exact at {place} after {tries} tries"), None);
    let contents = drill.time.phase("read the source", false, || runtime.block_on(Contents::read(&snapshot, false)));
    runtime.block_on(snapshot.finish());
    Ok((contents?, Some(place)))
}

fn live_dump(drill: &mut Restore<'_>, endpoint: &Endpoint) -> Result<(), Stop> {
    drill.now("looking at the source");
    let source = look_at(drill, endpoint)?;
    let (directory, root) = place()?;
    room(&root, source.bytes)?;
    let (options, runtime, cancel) = (reading(), drill.runtime.clone(), drill.options.drill.cancel.clone());
    let snapshot = runtime.block_on(Snapshot::open(endpoint, &options))?;
    let shared = one(&runtime.block_on(snapshot.ask_once("SELECT pg_catalog.pg_export_snapshot()::text"))?);
    drill.now("dumping");
    let (dump, globals) = (root.join("dump"), root.join("globals.sql"));
    let mut command = client(&source, "pg_dump", endpoint);
    command.args(["-Fc", "-Z1", "--no-password", "--create"]).arg(format!("--snapshot={shared}")).arg("-f").arg(&dump);
    let mut roles = client(&source, "pg_dumpall", endpoint);
    roles.args(["--globals-only", "--no-role-passwords", "--no-password"]).arg("-f").arg(&globals);
    let said = drill.time.phase("backup", false, || run_program(command, &root, &cancel))?;
    if !said.success {
        return Err(Stop::Error(LabError::new(LabErrorKind::Server, format!("pg_dump: {}", said.words()))));
    }
    let bytes = std::fs::metadata(&dump).map_or(0, |metadata| metadata.len()) as f64;
    drill.time.detail("pg_dump -Fc of a shared snapshot", Some(bytes));
    let said = run_program(roles, &root, &cancel)?;
    if !said.success {
        drill.record.undecided.push(format!("roles: pg_dumpall could not read them: {}", said.words()));
    }
    drill.record.backup = Some(BackupUsed {
        kind: "dump".to_owned(),
        location: "made by this drill".to_owned(),
        taken_at: Some(super::super::now()),
        bytes: Some(bytes),
        hash: None,
    });
    drill.record.recovered_bytes = Some(source.bytes);
    drill.now("reading the source");
    let contents = drill.time.phase("read the source", false, || runtime.block_on(Contents::read(&snapshot, true)))?;
    runtime.block_on(snapshot.finish());
    let database = endpoint.database.clone().unwrap_or_else(|| "postgres".to_owned());
    restore_dump(drill, directory, &source.programs, &source.superuser, Some(&globals), &dump, &database, Some(&contents))
}

/// Starts an empty server, restores a dump into it, and goes on as with any copy.
#[allow(clippy::too_many_arguments, reason = "the parts of one backup")]
fn restore_dump(
    drill: &mut Restore<'_>,
    directory: ScratchDirectory,
    programs: &Programs,
    superuser: &str,
    globals: Option<&Path>,
    dump: &Path,
    database: &str,
    contents: Option<&Contents>,
) -> Result<(), Stop> {
    let root = directory.path().to_owned();
    let cancel = drill.options.drill.cancel.clone();
    drill.now("restoring the dump");
    drill.time.phase("make a server", true, || programs.prepare(&root))?;
    let mut settings = SETTINGS.map(str::to_owned).to_vec();
    settings.push("max_connections=40".to_owned());
    let copy = Copy::start(drill, directory, programs, settings, "postgres".to_owned())?;
    let local = |name: &str, base: &str| {
        let mut command = Command::new(programs.program(name));
        command.env("PGHOST", &root).env("PGPORT", PORT.to_string()).env("PGUSER", "postgres").env("PGDATABASE", base);
        for variable in ["PGPASSWORD", "PGSSLMODE", "PGSERVICE", "PGOPTIONS"] {
            command.env_remove(variable);
        }
        command
    };
    let _ = superuser;
    if let Some(globals) = globals.filter(|path| path.is_file()) {
        let mut command = local("psql", "postgres");
        command.args(["-X", "-q", "-f"]).arg(globals);
        let said = drill.time.phase("restore roles", true, || run_program(command, &root, &cancel))?;
        let wrong: Vec<&str> = said.errors.lines().filter(|line| line.contains("ERROR") && !line.contains("already exists")).collect();
        if !wrong.is_empty() {
            drill.record.remarks.push(format!("restoring roles: {}", wrong[0]));
        }
    }
    let mut command = local("pg_restore", "postgres");
    command.args(["-j", "2", "--create"]);
    if database == "postgres" {
        command.arg("--clean").arg("--if-exists");
        command.env("PGDATABASE", "template1");
    }
    let base = if database == "postgres" { "template1" } else { "postgres" };
    command.args(["-d", base]).arg(dump);
    let said = drill.time.phase("restore", true, || run_program(command, &root, &cancel))?;
    if !said.success {
        if !said.errors.contains("errors ignored on restore") {
            return Err(failed("restore", format!("pg_restore: {}", said.words())));
        }
        drill.record.differences.push(format!("restore: pg_restore went on after errors: {}", said.words()));
    }
    check_copy(drill, copy, contents.map(|contents| (contents, true)), Some(database))
}

/// Files of a backup in their place, not started yet.
struct Restored {
    directory: ScratchDirectory,
    root: PathBuf,
    programs: Programs,
    superuser: String,
    log: Option<PathBuf>,
}

fn existing(drill: &mut Restore<'_>, backup: &Path) -> Result<(), Stop> {
    let shown = backup.display().to_string();
    drill.record.backup = Some(BackupUsed { kind: "base backup".to_owned(), location: shown.clone(), ..BackupUsed::default() });
    if backup.is_file() {
        return existing_dump(drill, backup);
    }
    let version = match std::fs::read_to_string(backup.join("PG_VERSION")) {
        Ok(text) => text.trim().to_owned(),
        Err(error) => {
            let empty = std::fs::read_dir(backup).map_err(|error| file(backup, &error))?.next().is_none();
            let what = if empty {
                "it is empty".to_owned()
            } else {
                format!("it holds no PG_VERSION ({error}): a tar must be unpacked, an encrypted backup decrypted first")
            };
            return Err(failed("backup", format!("{shown} is no base backup: {what}")));
        }
    };
    if let Some(link) = first_link(backup, 8) {
        return Err(failed(
            "backup",
            format!(
                "{} is a link that leads out of the backup; it is not followed. Give a backup without tablespaces, or a dump",
                link.display()
            ),
        ));
    }
    let wanted: u32 = version.parse().unwrap_or(0);
    let programs = Programs::find_version(drill.options.drill.server_bin.as_deref(), Some(wanted))?;
    if programs.major() != wanted {
        return Err(Stop::Error(
            LabError::new(
                LabErrorKind::ServerMissing,
                format!("the backup is of PostgreSQL {version}, and this machine has {}", programs.major()),
            )
            .hint("Files fit their major version only: install that one, or name its directory with --server-bin."),
        ));
    }
    drill.record.versions.insert("scratch".to_owned(), wanted.to_string());
    let (directory, root) = place()?;
    let bytes = bytes_below(backup, 12) as f64;
    room(&root, bytes)?;
    drill.now("copying the backup");
    let data = root.join("data");
    drill.time.phase("copy", true, || copy_tree(backup, &data, 12)).map_err(|error| file(backup, &error))?;
    drill.time.detail("", Some(bytes));
    if let Some(used) = &mut drill.record.backup {
        used.bytes = Some(bytes);
        used.taken_at = taken_at(backup);
    }
    drill.record.recovered_bytes = Some(bytes);
    let superuser = drill.options.source.as_ref().and_then(|source| source.user.clone()).unwrap_or_else(|| "postgres".to_owned());
    let database = drill.options.source.as_ref().and_then(|source| source.database.clone());
    if !data.join("backup_label").is_file() && !clean_stop(&programs, &root, drill)? {
        return Err(failed(
            "backup",
            "it has no backup_label, and its server was not stopped: files copied from a running server are no backup",
        ));
    }
    let log = drill.options.log.clone();
    bring_up(drill, Restored { directory, root, programs, superuser, log }, None, None, database.as_deref())
}

fn existing_dump(drill: &mut Restore<'_>, dump: &Path) -> Result<(), Stop> {
    if let Some(used) = &mut drill.record.backup {
        "dump".clone_into(&mut used.kind);
        used.bytes = std::fs::metadata(dump).ok().map(|metadata| metadata.len() as f64);
        used.taken_at = modified(dump);
    }
    let programs = Programs::find(drill.options.drill.server_bin.as_deref())?;
    let (directory, root) = place()?;
    let mut list = Command::new(programs.program("pg_restore"));
    list.arg("-l").arg(dump);
    let said = run_program(list, &root, &drill.options.drill.cancel)?;
    if !said.success {
        return Err(failed("backup", format!("pg_restore can't read {}: {}", dump.display(), said.words())));
    }
    let named = said.output.lines().find_map(|line| line.trim_start_matches(';').trim().strip_prefix("dbname: ").map(str::to_owned));
    let database = named.unwrap_or_else(|| "postgres".to_owned());
    drill.record.recovered_bytes = drill.record.backup.as_ref().and_then(|used| used.bytes);
    restore_dump(drill, directory, &programs, "postgres", None, dump, &database, None)
}

/// The first symbolic link below a directory.
fn first_link(directory: &Path, depth: usize) -> Option<PathBuf> {
    for entry in std::fs::read_dir(directory).ok()?.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => return Some(entry.path()),
            Ok(kind) if kind.is_dir() && depth > 0 => {
                if let Some(found) = first_link(&entry.path(), depth - 1) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

fn modified(path: &Path) -> Option<dbwright_model::Timestamp> {
    let since = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(dbwright_model::Timestamp(i64::try_from(since.as_micros()).ok()?))
}

fn taken_at(backup: &Path) -> Option<dbwright_model::Timestamp> {
    modified(&backup.join("backup_manifest")).or_else(|| modified(&backup.join("backup_label")))
}

fn clean_stop(programs: &Programs, root: &Path, drill: &Restore<'_>) -> Result<bool, Stop> {
    Ok(control_data(programs, root, drill)?.iter().any(|(name, value)| name == "Database cluster state" && value == "shut down"))
}

fn control_data(programs: &Programs, root: &Path, drill: &Restore<'_>) -> Result<Vec<(String, String)>, Stop> {
    let mut command = Command::new(programs.program("pg_controldata"));
    command.arg("-D").arg(root.join("data"));
    let said = run_program(command, root, &drill.options.drill.cancel)?;
    if !said.success {
        return Err(failed("backup", format!("its control file can't be read: {}", said.words())));
    }
    Ok(said
        .output
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect())
}

fn room(root: &Path, bytes: f64) -> Result<(), Stop> {
    let room = crate::scratch::disk_limit(&crate::scratch::ScratchOptions::default(), root) as f64;
    // Twice: the copy is backed up again.
    if bytes * 2.0 <= room {
        return Ok(());
    }
    Err(Stop::Error(
        LabError::new(
            LabErrorKind::File,
            format!("the copy and its own backup need {:.0} bytes, and {room:.0} are free for them", bytes * 2.0),
        )
        .hint("Free space, or set TMPDIR to another disk."),
    ))
}

fn file(path: &Path, error: &std::io::Error) -> LabError {
    LabError::new(LabErrorKind::File, format!("{}: {error}", path.display())).hint("Free space there, or set TMPDIR to another directory.")
}

/// Verifies files by their manifest; none where there is no manifest.
fn verify(drill: &Restore<'_>, backup: &Restored) -> Result<Option<Result<(), String>>, Stop> {
    let data = backup.root.join("data");
    if !data.join("backup_manifest").is_file() {
        return Ok(None);
    }
    let mut command = Command::new(backup.programs.program("pg_verifybackup"));
    command.arg("-q").arg(&data).env("PATH", search_path(&backup.programs));
    let said = run_program(command, &backup.root, &drill.options.drill.cancel)?;
    Ok(Some(if said.success { Ok(()) } else { Err(said.words()) }))
}

/// `pg_verifybackup` looks for `pg_waldump` beside itself, links included.
fn search_path(programs: &Programs) -> std::ffi::OsString {
    let own = programs.program("postgres").parent().map(Path::to_owned).unwrap_or_default();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&rest))).unwrap_or(rest)
}

/// Settings of every copy, over those that scratch servers have.
const SETTINGS: [&str; 6] =
    ["wal_level=replica", "max_wal_senders=10", "hot_standby=on", "max_worker_processes=16", "archive_command=/bin/false", "ssl=off"];

/// Settings that a standby must have at least as high as its primary had, by their names in the control file.
const AT_LEAST: [(&str, &str); 5] = [
    ("max_connections setting", "max_connections"),
    ("max_worker_processes setting", "max_worker_processes"),
    ("max_wal_senders setting", "max_wal_senders"),
    ("max_prepared_xacts setting", "max_prepared_transactions"),
    ("max_locks_per_xact setting", "max_locks_per_transaction"),
];

/// Verifies, configures and starts the files, then checks the copy.
fn bring_up(
    drill: &mut Restore<'_>,
    backup: Restored,
    target: Option<&str>,
    contents: Option<(&Contents, bool)>,
    database: Option<&str>,
) -> Result<(), Stop> {
    drill.now("verifying the backup");
    let from = drill.time.seconds();
    let verdict = verify(drill, &backup);
    drill.time.phases.push(dbwright_model::drill::Phase {
        phase: "verify".to_owned(),
        from_seconds: from,
        seconds: drill.time.seconds() - from,
        bytes: drill.record.recovered_bytes,
        recovery: true,
        ..Default::default()
    });
    match verdict? {
        Some(Ok(())) => drill.pass("manifest", "every file is there, of its size and checksum, and the log can be read"),
        Some(Err(words)) => return Err(failed("manifest", words)),
        None => {
            drill.record.remarks.push("The backup has no manifest: its files were checked only by starting and reading them.".to_owned())
        }
    }
    let numbers = control_data(&backup.programs, &backup.root, drill)?;
    let mut settings = SETTINGS.map(str::to_owned).to_vec();
    for (label, name) in AT_LEAST {
        let value = numbers.iter().find(|(known, _)| known == label).and_then(|(_, value)| value.parse::<u32>().ok()).unwrap_or(0);
        let least = match name {
            "max_connections" => 40,
            "max_worker_processes" => 16,
            "max_wal_senders" => 10,
            "max_locks_per_transaction" => 64,
            _ => 0,
        };
        settings.push(format!("{name}={}", value.max(least)));
    }
    configure(&backup, target).map_err(|error| file(&backup.root, &error))?;
    let Restored { directory, programs, superuser, .. } = backup;
    let copy = Copy::start(drill, directory, &programs, settings, superuser)?;
    check_copy(drill, copy, contents, database)
}

/// Replaces settings and admission by ours, and says how far to recover.
fn configure(backup: &Restored, target: Option<&str>) -> std::io::Result<()> {
    let data = backup.root.join("data");
    let mut own = String::new();
    if let Some(log) = &backup.log {
        // A segment that was being received is padded with zeros: the server reads it to the end of what is there.
        let log = log.display().to_string().replace('\'', "'\\''").replace('%', "%%");
        let command = format!("test -f '{log}/%f' && cp -- '{log}/%f' '%p' || cp -- '{log}/%f.partial' '%p'");
        own.push_str(&format!("restore_command = '{}'\n", command.replace('\'', "''")));
        own.push_str("recovery_target_timeline = 'current'\n");
        std::fs::write(data.join("recovery.signal"), "")?;
        hand_over(&data.join("recovery.signal"))?;
    }
    if let Some(target) = target {
        own.push_str(&format!("recovery_target_lsn = '{target}'\nrecovery_target_inclusive = off\nrecovery_target_action = 'pause'\n"));
    }
    let files = [
        ("postgresql.conf", own.as_str()),
        ("postgresql.auto.conf", ""),
        ("pg_hba.conf", "local all all trust\nlocal replication all trust\n"),
        ("pg_ident.conf", ""),
    ];
    for (name, text) in files {
        std::fs::write(data.join(name), text)?;
    }
    for name in ["postmaster.pid", "standby.signal", "recovery.conf"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    hand_over_all(&data, 12)?;
    if let Some(log) = backup.log.as_ref().filter(|log| log.starts_with(&backup.root)) {
        hand_over_all(log, 1)?;
    }
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

fn hand_over_all(path: &Path, depth: usize) -> std::io::Result<()> {
    hand_over(path)?;
    for entry in std::fs::read_dir(path)?.flatten() {
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            hand_over_all(&entry.path(), depth - 1)?;
        } else if kind.is_file() {
            hand_over(&entry.path())?;
        }
    }
    Ok(())
}

/// A copy that runs.
struct Copy {
    server: ScratchServer,
    root: PathBuf,
    programs: Programs,
    settings: Vec<String>,
    superuser: String,
}

impl Copy {
    fn start(
        drill: &mut Restore<'_>,
        directory: ScratchDirectory,
        programs: &Programs,
        settings: Vec<String>,
        superuser: String,
    ) -> Result<Self, Stop> {
        drill.now("starting the copy");
        let root = directory.path().to_owned();
        let texts: Vec<&str> = settings.iter().map(String::as_str).collect();
        let command = programs.command(&root, &texts);
        let cancel = drill.options.drill.cancel.clone();
        let started = drill.time.phase("start", true, || {
            let mut server = ScratchServer::start("PostgreSQL", command, directory)?;
            match wait_recovered(&mut server, &cancel) {
                // Nothing was written after the snapshot: the end of the log is the place.
                Err(_) if said_in_log(&root, "before configured recovery target was reached") => {
                    let conf = root.join("data/postgresql.conf");
                    let text = std::fs::read_to_string(&conf).unwrap_or_default();
                    let kept: Vec<&str> =
                        text.lines().filter(|line| !line.starts_with("recovery_target_") || line.contains("timeline")).collect();
                    std::fs::write(&conf, kept.join("\n") + "\n").map_err(|error| file(&conf, &error))?;
                    server.start_again(programs.command(&root, &texts))?;
                    wait_recovered(&mut server, &cancel)?;
                    Ok(server)
                }
                Err(error) => Err(error),
                Ok(()) => Ok(server),
            }
        });
        match started {
            Err(_) if drill.options.drill.cancel.is_cancelled() => Err(Stop::Error(LabError::interrupted())),
            Err(error) => Err(failed("start", error.message)),
            Ok(server) => Ok(Self { server, root, programs: programs.clone(), settings, superuser }),
        }
    }

    fn endpoint(&self, database: &str) -> Endpoint {
        Endpoint { user: Some(self.superuser.clone()), ..endpoint_of(&self.root, database) }
    }
}

fn said_in_log(root: &Path, words: &str) -> bool {
    std::fs::read_to_string(root.join("server.log")).is_ok_and(|text| text.contains(words))
}

/// Waits until a copy has replayed what it must: it is paused there, or takes writes.
fn wait_recovered(server: &mut ScratchServer, cancel: &crate::cancel::Cancel) -> Result<(), LabError> {
    let log = server.directory().join("server.log");
    let data = server.directory().join("data");
    let is_recovery = data.join("recovery.signal").is_file();
    if !is_recovery {
        return wait_ready(server, cancel);
    }
    server.wait_until(REPLAY_LIMIT, cancel, || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.contains("pausing at the end of recovery") || text.contains("database system is ready to accept connections")
    })
}

/// Everything that is asked of a copy that runs.
fn check_copy(drill: &mut Restore<'_>, mut copy: Copy, contents: Option<(&Contents, bool)>, database: Option<&str>) -> Result<(), Stop> {
    let runtime = drill.runtime.clone();
    let database = database.unwrap_or("postgres").to_owned();
    let endpoint = copy.endpoint(&database);
    drill.now("asking the copy");
    let options = reading();
    let first = drill.time.phase("first query", true, || -> Result<Snapshot, EngineError> {
        runtime.block_on(async {
            let snapshot = Snapshot::open(&endpoint, &options).await?;
            snapshot.ask("SELECT count(*)::text FROM pg_catalog.pg_class").await?;
            Ok(snapshot)
        })
    });
    let snapshot = first.map_err(|error| failed("first query", error.to_string()))?;
    drill.recovered();
    let own = match contents {
        Some((source, by_text)) => {
            drill.now("comparing");
            let read = drill.time.phase("compare", false, || runtime.block_on(Contents::read(&snapshot, by_text)));
            let own = read.map_err(|error| failed("rows", format!("the copy can't be read: {error}")))?;
            compare_all(drill, source, &own, by_text);
            Some((own, by_text))
        }
        None => {
            let read = drill.time.phase("read all rows", false, || runtime.block_on(Contents::read(&snapshot, false)));
            let own = read.map_err(|error| failed("rows", format!("the copy can't be read: {error}")))?;
            drill.pass("rows", format!("all {} rows of {} tables can be read", own.count(), own.rows.len()));
            drill.record.remarks.push(
                "An existing backup is older than its source: it was checked in itself, its rows were not compared with the source's."
                    .to_owned(),
            );
            Some((own, false))
        }
    };
    runtime.block_on(snapshot.finish());
    promote(drill, &copy, &endpoint)?;
    check_objects(drill, &copy, &database)?;
    if let Some((own, by_text)) = own.filter(|_| drill.options.controls) {
        drill.now("planting faults");
        let socket = copy.root.clone();
        let user = copy.superuser.clone();
        let controls = drill.time.phase("planted faults", false, || {
            runtime.block_on(async {
                let connection = connect_scratch_as(&socket, PORT, &database, &user).await?;
                Ok::<_, EngineError>(control::plant(&connection, &own, by_text).await)
            })
        })?;
        drill.record.controls.extend(controls);
    }
    write_to(drill, &copy, &database)?;
    backup_again(drill, &copy)?;
    pages(drill, &mut copy)
}

fn compare_all(drill: &mut Restore<'_>, source: &Contents, own: &Contents, by_text: bool) {
    if !source.is_empty() {
        let (mut left, mut right) = (source.rows.clone(), own.rows.clone());
        if !by_text && !source.unlogged.is_empty() {
            left.retain(|name, _| !source.unlogged.contains(name));
            right.retain(|name, _| !source.unlogged.contains(name));
            drill.record.remarks.push(format!(
                "Unlogged tables are empty after a physical restore, by design: {}.",
                source.unlogged.iter().cloned().collect::<Vec<_>>().join(", ")
            ));
        }
        let rows: u64 = left.values().map(|sum| sum.rows).sum();
        drill.record.counts.insert("rows".to_owned(), rows);
        drill.record.counts.insert("tables".to_owned(), left.len() as u64);
        let differences = compare::rows(&left, &right);
        drill.compared("rows", differences, format!("{rows} rows of {} tables are equal, by two sums of 64-bit hashes", left.len()));
        drill.compared(
            "catalog",
            compare::things(&source.things, &own.things),
            format!("{} objects, owners, grants and settings are equal", source.things.len()),
        );
        drill.compared(
            "sequences",
            compare::sequences(&source.sequences, &own.sequences),
            format!("{} stand at or ahead of the source's", source.sequences.len()),
        );
        for what in &source.skipped {
            drill.record.undecided.push(format!("rows of {what} could not be read in the source"));
        }
    }
}

/// Sequences by name: last value, and whether they ascend.
pub(super) type Sequences = BTreeMap<String, (i64, bool)>;
