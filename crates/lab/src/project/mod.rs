//! From a project directory to facts: read the files, build the database in a scratch server of its dialect, read its
//! facts, run and time its workload. It never touches another database, and leaves nothing behind.

mod build;
pub mod commands;
pub mod csv;
pub mod dialect;
mod layout;
mod origins;
pub mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dbwright_analysis::policy;
use dbwright_engines::CollectOptions;
use dbwright_engines::options::ReadRows;
use dbwright_model::backup::Backups;
use dbwright_model::policy::ProjectOptions;
use dbwright_model::security::Security;
use dbwright_model::topology::Topology;
use dbwright_model::workload::{Workload, WorkloadSource};
use dbwright_model::{Coverage, Engine, FactKind, Facts, Reading, Timestamp};

use crate::cancel::{Cancel, CancelOnDrop};
use crate::error::{LabError, LabErrorKind, Place};
use crate::measure::{self, Limits};
use crate::scratch::{self, ScratchOptions};
use crate::workload;

pub use layout::Layout;

/// Told what is being done, in a few words.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// How a project is built and measured.
#[derive(Clone)]
pub struct Options {
    /// How facts are read; rows are always read in full, they are the project's own.
    pub collect: CollectOptions,
    /// Directory of server programs to be used before all others.
    pub server_bin: Option<PathBuf>,
    /// Told what is being done.
    pub progress: Progress,
    /// Dialect, before dbwright.toml and before what the text says.
    pub dialect: Option<Engine>,
    /// Arrivals of all workload statements per second, open loop, before dbwright.toml.
    pub rate_per_second: Option<f64>,
    /// How long the workload is measured.
    pub limits: Limits,
    /// Bytes that the scratch database may take; none leaves 5 % of the disk free.
    pub disk_limit: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            collect: CollectOptions::at(Timestamp::default()),
            server_bin: None,
            progress: Arc::new(|_| {}),
            dialect: None,
            rate_per_second: None,
            limits: Limits::default(),
            disk_limit: None,
        }
    }
}

/// Limit for one statement of reading a scratch database's facts: nobody else waits for it.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// Builds the project of a directory in a scratch database and reads its facts, workload included. Dropping the future
/// ends everything and cleans up.
///
/// # Errors
/// [`LabErrorKind::Source`] with file, line and column when the project is to blame; [`LabErrorKind::ServerMissing`] with
/// what to install; and what else can go wrong on the way.
pub async fn review_facts(path: &Path, options: &Options) -> Result<Facts, LabError> {
    let cancel = Cancel::default();
    let _end = CancelOnDrop(cancel.clone());
    let (path, options) = (path.to_owned(), options.clone());
    let work = tokio::task::spawn_blocking(move || review_blocking(&path, &options, &cancel));
    work.await.map_err(|error| LabError::new(LabErrorKind::Interrupted, format!("building the project: {error}")))?
}

/// Builds the project of a directory in a scratch database, and stops there. Runs in the foreground of a runtime's blocking
/// thread.
///
/// # Errors
/// As [`review_facts`].
pub fn build_in_scratch(
    path: &Path,
    dialect: Option<Engine>,
    options: &ScratchOptions,
    progress: &Progress,
) -> Result<Box<dyn scratch::ScratchDatabase>, LabError> {
    let settings = settings(path)?;
    let (engine, layout) = read(path, dialect.or(settings.dialect))?;
    let mut scratch = scratch::open(engine, options)?;
    let built = build::build(&layout, scratch.as_mut(), progress);
    built.map_err(|error| if options.cancel.is_cancelled() { LabError::interrupted() } else { error })?;
    Ok(scratch)
}

/// As [`build_in_scratch`], and reads the facts; the workload's statements are in them as planned, not run.
///
/// # Errors
/// As [`review_facts`].
pub fn open(
    path: &Path,
    scratch_options: &ScratchOptions,
    collect: &CollectOptions,
    progress: &Progress,
) -> Result<(Box<dyn scratch::ScratchDatabase>, Facts), LabError> {
    scratch::directory::clean_leftovers();
    let dialect = settings(path)?.dialect;
    let (engine, layout) = read(path, dialect)?;
    let planned = layout.workload.as_ref().map(|file| workload::parse(file, engine)).transpose()?.unwrap_or_default();
    let mut scratch = build_in_scratch(path, Some(engine), scratch_options, progress)?;
    let stop = |error: LabError| if scratch_options.cancel.is_cancelled() { LabError::interrupted() } else { error };
    progress("reading its facts");
    let collect = CollectOptions { statement_timeout: collect.statement_timeout.max(READ_LIMIT), ..collect.clone() };
    let mut facts = scratch.collect(&collect).map_err(|error| stop(error.into()))?;
    facts.target.name = project_name(path);
    facts.target.scratch = true;
    facts.target.identity = None;
    facts.workload.statements = planned.into_iter().map(|one| one.statement).collect();
    Ok((scratch, facts))
}

fn review_blocking(path: &Path, options: &Options, cancel: &Cancel) -> Result<Facts, LabError> {
    let settings = settings(path)?;
    let (engine, layout) = read(path, options.dialect.or(settings.dialect))?;
    let planned = layout.workload.as_ref().map(|file| workload::parse(file, engine)).transpose()?;
    (options.progress)(&format!("starting a scratch {} database", engine.title()));
    let scratch_options = ScratchOptions {
        server_bin: options.server_bin.clone(),
        cancel: cancel.clone(),
        statement_limit: None,
        disk_limit: options.disk_limit,
    };
    let mut scratch = scratch::open(engine, &scratch_options)?;
    let stop = |error: LabError| if cancel.is_cancelled() { LabError::interrupted() } else { error };
    let origins = build::build(&layout, scratch.as_mut(), &options.progress).map_err(stop)?;
    (options.progress)("reading its facts");
    let collect = CollectOptions {
        read_rows: ReadRows::All,
        statement_timeout: options.collect.statement_timeout.max(READ_LIMIT),
        ..options.collect.clone()
    };
    let mut facts = scratch.collect(&collect).map_err(|error| stop(error.into()))?;
    let name = project_name(path);
    facts.target.name.clone_from(&name);
    facts.target.scratch = true;
    facts.target.identity = None;
    leave_out_the_server(&mut facts);
    facts.project = Some(origins.resolve(&name, &facts));
    let rate = options.rate_per_second.or(settings.rate_per_second);
    match planned {
        Some(planned) if !planned.is_empty() => {
            let limits = Limits { rate_per_second: rate, ..options.limits };
            let statements = measure::measure(planned, scratch.as_mut(), &facts.catalog, &limits, cancel, &options.progress)?;
            put_workload(&mut facts, statements);
        }
        _ => no_workload(&mut facts),
    }
    drop(scratch);
    Ok(facts)
}

/// Reads the files, and decides the dialect: the one given, else what the text speaks.
///
/// # Errors
/// When there is no project, or a file can't be read.
pub fn read(path: &Path, dialect: Option<Engine>) -> Result<(Engine, Layout), LabError> {
    if let Some(engine) = dialect {
        return Ok((engine, layout::read(path, dialect)?));
    }
    if layout::holds_commands(path) {
        return Ok((Engine::Redis, layout::read(path, Some(Engine::Redis))?));
    }
    let layout = layout::read(path, None)?;
    let engine = dialect::recognise(layout.schema.iter().chain(&layout.data));
    Ok((engine, layout::read(path, Some(engine))?))
}

/// What dbwright.toml says of the project.
fn settings(path: &Path) -> Result<ProjectOptions, LabError> {
    let file = path.join("dbwright.toml");
    if !file.is_file() {
        return Ok(ProjectOptions::default());
    }
    let source = source::SourceFile::read(path, &file)?;
    policy::load(&source.text).map(|policy| policy.project).map_err(|error| {
        let line = source.text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default().to_owned();
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let place = Place { file: source.name.clone(), line: number(error.line), column: number(error.column), source_line: line };
        LabError::new(LabErrorKind::Source, error.problem).hint(error.hint).at(place)
    })
}

/// The last part of the directory's real path.
fn project_name(path: &Path) -> String {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real.file_name().map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A scratch server's settings, accounts, files and state say nothing about the one that the project is meant for.
fn leave_out_the_server(facts: &mut Facts) {
    const HINT: &str = "Review the database itself, by its URL or file.";
    const OURS: [FactKind; 13] = [
        FactKind::Activity,
        FactKind::Settings,
        FactKind::Health,
        FactKind::Topology,
        FactKind::Roles,
        FactKind::Admission,
        FactKind::Transport,
        FactKind::AtRest,
        FactKind::Audit,
        FactKind::Files,
        FactKind::Backups,
        FactKind::Archiving,
        FactKind::Drills,
    ];
    facts.settings = BTreeMap::new();
    facts.security = Security::default();
    facts.topology = Topology { role: facts.topology.role, ..Topology::default() };
    facts.backups = Backups::default();
    let integrity = facts.health.integrity_check.take();
    let notes = facts.health.notes.remove("foreign_keys").map(|note| ("foreign_keys".to_owned(), note));
    facts.health = dbwright_model::health::Health { integrity_check: integrity, notes: notes.into_iter().collect(), ..Default::default() };
    for collection in &mut facts.catalog.collections {
        collection.activity = None;
        if let Some(records) = &mut collection.records {
            (records.idle_seconds, records.frequency, records.hottest) = (None, None, None);
        }
        collection.owner = None;
        for index in &mut collection.indexes {
            index.scans = None;
            index.last_scan = None;
        }
    }
    // What a store in memory says of fragmentation is said of our server.
    let bloat = (!facts.target.engine.speaks_sql()).then_some(FactKind::Bloat);
    for kind in OURS.into_iter().chain(bloat) {
        let entry = facts.coverage.iter().find(|entry| entry.fact == kind);
        if entry.is_some_and(|entry| entry.state == Reading::NotApplicable) {
            continue;
        }
        cover(facts, kind, Reading::Missing, "a scratch server says nothing about the one that the project is meant for", Some(HINT));
    }
}

fn cover(facts: &mut Facts, fact: FactKind, state: Reading, detail: impl Into<String>, hint: Option<&str>) {
    facts.coverage.retain(|entry| entry.fact != fact);
    facts.coverage.push(Coverage { fact, state, detail: detail.into(), hint: hint.map(str::to_owned) });
    facts.coverage.sort_by_key(|entry| entry.fact);
}

fn put_workload(facts: &mut Facts, statements: Vec<dbwright_model::workload::Statement>) {
    let total = statements.len();
    let timed = statements.iter().filter(|statement| statement.latency.is_some()).count();
    let planned = statements.iter().filter(|statement| statement.plan.is_some()).count();
    facts.workload = Workload { source: WorkloadSource::Measured, statements, ..Workload::default() };
    let state = |done: usize| match done {
        0 => Reading::Missing,
        _ if done < total => Reading::Partial,
        _ => Reading::Read,
    };
    cover(facts, FactKind::Workload, Reading::Read, format!("the workload file, {total} statements"), None);
    let failed = "Statements that failed say why.";
    cover(
        facts,
        FactKind::Latency,
        state(timed),
        format!("{timed} of {total} statements were timed on the scratch database"),
        (timed < total).then_some(failed),
    );
    if facts.reading(FactKind::Plans) == Reading::NotApplicable {
        return;
    }
    cover(
        facts,
        FactKind::Plans,
        state(planned),
        format!("{planned} of {total} statements were planned"),
        (planned < total).then_some(failed),
    );
}

fn no_workload(facts: &mut Facts) {
    const HINT: &str = "Put the statements that matter into workload.sql (commands into workload.redis); literals in them are samples.";
    facts.workload = Workload::default();
    for kind in [FactKind::Workload, FactKind::Latency, FactKind::Plans] {
        cover(facts, kind, Reading::Missing, "the project has no workload file", Some(HINT));
    }
}
