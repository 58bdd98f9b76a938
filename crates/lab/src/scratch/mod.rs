//! Scratch databases: made by us, in marked directories, gone afterwards. One file a system.
//!
//! To add a system: a file here with a function that starts it and gives a [`ScratchDatabase`], and its line in
//! [`open`]. It never acts on a server or file that it did not make itself.

pub mod digest;
pub mod directory;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod programs;
pub mod record;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "redis")]
mod resp;
pub mod server;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_engines::{CollectOptions, Endpoint, EngineError};
use dbwright_model::catalog::Catalog;
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, Facts};

use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};

/// What a scratch database is opened with.
#[derive(Debug, Clone, Default)]
pub struct ScratchOptions {
    /// Directory of server programs to be used before all others.
    pub server_bin: Option<PathBuf>,
    /// Ends everything.
    pub cancel: Cancel,
    /// Limit for one statement; none takes [`STATEMENT_LIMIT`].
    pub statement_limit: Option<Duration>,
    /// Bytes that the database may take; none takes what leaves [`FREE_SHARE`] of the disk free.
    pub disk_limit: Option<u64>,
}

/// Share of the disk that a scratch database leaves free.
pub const FREE_SHARE: f64 = 0.05;

/// Bytes that a scratch database in this directory may take.
pub(crate) fn disk_limit(options: &ScratchOptions, directory: &std::path::Path) -> u64 {
    let room = rustix::fs::statvfs(directory).map_or(u64::MAX, |status| {
        let total = status.f_blocks.saturating_mul(status.f_frsize);
        status.f_bavail.saturating_mul(status.f_frsize).saturating_sub((total as f64 * FREE_SHARE) as u64)
    });
    options.disk_limit.map_or(room, |limit| limit.min(room))
}

/// Bytes on disk below a directory; what vanishes meanwhile counts nothing.
pub(crate) fn bytes_below(directory: &std::path::Path, depth: usize) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && depth > 0 => bytes_below(&entry.path(), depth - 1),
        Ok(metadata) if metadata.is_file() => std::os::unix::fs::MetadataExt::blocks(&metadata) * 512,
        _ => 0,
    };
    entries.flatten().map(size).sum()
}

/// Copies a directory's files for the user that servers run as; links and sockets are passed over.
pub(crate) fn copy_tree(from: &Path, to: &Path, depth: usize) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    server::hand_over(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() && depth > 0 {
            copy_tree(&entry.path(), &target, depth - 1)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
            server::hand_over(&target)?;
        }
    }
    Ok(())
}

/// Asks the system to forget a directory's files: what is read next comes from the disk.
pub(crate) fn forget_files(directory: &Path, depth: usize) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => forget_files(&entry.path(), depth - 1),
            Ok(kind) if kind.is_file() => {
                let Ok(file) = std::fs::File::open(entry.path()) else { continue };
                // Only what is on the disk already can be forgotten.
                let _ = file.sync_data();
                let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
            }
            _ => {}
        }
    }
}

/// Limit for one statement of a build.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(300);

/// A statement that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementError {
    /// What the engine said.
    pub message: String,
    /// Byte offset in the statement at which the engine stumbled, where it says so.
    pub offset: Option<usize>,
    /// The engine's hint; may be empty.
    pub hint: String,
    /// Whether the server or its connection is gone, so that nothing more can be run.
    pub lost: bool,
}

impl StatementError {
    /// A failure without place.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), offset: None, hint: String::new(), lost: false }
    }
}

/// One execution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// From sending the statement to having its last row.
    pub elapsed: Duration,
    /// Rows returned or changed.
    pub rows: u64,
}

/// A database of our own making, on which statements are tried.
pub trait ScratchDatabase: Send {
    /// Its system.
    fn engine(&self) -> Engine;

    /// Executes one statement for good.
    ///
    /// # Errors
    /// As the engine reports it.
    fn execute(&mut self, sql: &str) -> Result<(), StatementError>;

    /// Inserts rows of texts, all or none; none is NULL. The engine turns texts into the columns' types.
    ///
    /// # Errors
    /// As the engine reports it.
    fn insert(&mut self, table: &str, columns: &[String], rows: &[Vec<Option<String>>]) -> Result<(), StatementError>;

    /// Feeds the lines below a `COPY … FROM stdin` into it.
    ///
    /// # Errors
    /// As the engine reports it; where there is no such statement.
    fn copy(&mut self, _statement: &str, _content: String) -> Result<(), StatementError> {
        Err(StatementError::new("COPY … FROM stdin is PostgreSQL's"))
    }

    /// Makes planner statistics of everything.
    ///
    /// # Errors
    /// As the engine reports it.
    fn analyze(&mut self) -> Result<(), StatementError>;

    /// Executes one statement, takes its time and undoes it.
    ///
    /// # Errors
    /// As the engine reports it; the time limit is one of them.
    fn run(&mut self, sql: &str, limit: Duration) -> Result<Run, StatementError>;

    /// The plan of a statement, executed where the engine can tell actual rows; what it changed is undone.
    ///
    /// # Errors
    /// As the engine reports it.
    fn explain(&mut self, sql: &str, catalog: &Catalog, limit: Duration) -> Result<Plan, StatementError>;

    /// Reads its facts.
    ///
    /// # Errors
    /// As the driver reports it.
    fn collect(&mut self, options: &CollectOptions) -> Result<Facts, EngineError>;

    /// Where the database is, for drivers that only read; none where nothing else may look at it.
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    /// A second database with the same content, on its own.
    ///
    /// # Errors
    /// Where the engine has no way of copying one; when there is no room.
    fn fork(&mut self) -> Result<Box<dyn ScratchDatabase>, LabError> {
        Err(LabError::new(
            LabErrorKind::Unsupported,
            format!("a scratch {} database can't be copied by this dbwright", self.engine().title()),
        ))
    }

    /// Empties the caches, the system's too; tells whether it could.
    ///
    /// # Errors
    /// When the server does not come up again.
    fn chill(&mut self) -> Result<bool, LabError> {
        Ok(false)
    }

    /// Executes a statement and gives its answer in short; what it changed is undone.
    ///
    /// # Errors
    /// As the engine reports it.
    fn digest(&mut self, _sql: &str, _order: &[digest::OrderKey], _limit: Duration) -> Result<digest::Digest, StatementError> {
        Err(StatementError::new("answers of this engine can't be compared by this dbwright"))
    }

    /// Bytes that its data take, as far as known.
    fn bytes(&self) -> Option<u64> {
        None
    }
}

/// Makes an empty scratch database of a system, after cleaning up what crashed runs left.
///
/// # Errors
/// [`LabErrorKind::ServerMissing`] with what to install; [`LabErrorKind::Unsupported`]; [`LabErrorKind::Server`].
pub fn open(engine: Engine, options: &ScratchOptions) -> Result<Box<dyn ScratchDatabase>, LabError> {
    directory::clean_leftovers();
    match engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => Ok(Box::new(sqlite::SqliteScratch::create(options)?)),
        #[cfg(feature = "postgres")]
        Engine::Postgresql => Ok(Box::new(postgres::PostgresScratch::start(options)?)),
        #[cfg(feature = "redis")]
        Engine::Redis | Engine::Valkey => Ok(Box::new(redis::RedisScratch::start_as(engine, options)?)),
        other => {
            Err(LabError::new(LabErrorKind::Unsupported, format!("a project of dialect {} can't be built by this dbwright", other.id()))
                .hint("Build the database yourself and give its URL; `dbwright engines` lists what works where."))
        }
    }
}
