//! Clones: copies of a database with its rows, in a scratch database, on which changes are tried. The original is only read.
//!
//! A dump or a base backup is somebody's program: restoring one runs the functions, types and settings that it brings, as
//! the scratch server's superuser. Only the user's own, trusted ones are taken (see [`Trusted`]); settings of a base backup
//! are left out altogether.

use std::path::{Path, PathBuf};

use dbwright_model::Engine;

use crate::error::{LabError, LabErrorKind};
use crate::project::{self, Progress};
use crate::scratch::{self, ScratchDatabase, ScratchOptions, directory};

/// That the user said that a dump or backup is of their own making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trusted(());

impl Trusted {
    /// Call it only where the user was asked, by a flag or a prompt.
    #[must_use]
    pub const fn by_the_user() -> Self {
        Self(())
    }
}

/// What a clone is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A SQLite file.
    SqliteFile(PathBuf),
    /// A dump of one PostgreSQL database: plain SQL, or one of pg_dump's other forms where pg_restore is on this machine.
    Dump(PathBuf, Trusted),
    /// A PostgreSQL base backup: a data directory as pg_basebackup writes it.
    BaseBackup {
        /// The directory.
        path: PathBuf,
        /// The database in it.
        database: String,
        /// That the user trusts it.
        trusted: Trusted,
    },
    /// A project directory: its schema and data.
    Project(PathBuf, Option<Engine>),
}

/// Makes a clone, after cleaning up what crashed runs left.
///
/// # Errors
/// When the origin can't be read or restored, there is no room, or no server program of its engine and version.
pub fn open(origin: &Origin, options: &ScratchOptions, progress: &Progress) -> Result<Box<dyn ScratchDatabase>, LabError> {
    directory::clean_leftovers();
    match origin {
        Origin::Project(path, dialect) => project::build_in_scratch(path, *dialect, options, progress),
        #[cfg(feature = "sqlite")]
        Origin::SqliteFile(path) => Ok(Box::new(scratch::sqlite::SqliteScratch::copy_of(path, options)?)),
        #[cfg(feature = "postgres")]
        Origin::Dump(path, _) => restore_dump(path, options, progress),
        #[cfg(feature = "postgres")]
        Origin::BaseBackup { path, database, .. } => {
            progress("copying the base backup");
            Ok(Box::new(scratch::postgres::PostgresScratch::of_backup(path, database, options)?))
        }
        #[allow(unreachable_patterns, reason = "reached where an engine is left out of the build")]
        _ => Err(LabError::new(LabErrorKind::Unsupported, "this dbwright was built without the engine of that clone")),
    }
}

/// A plain dump is a script; other forms are turned into one first.
#[cfg(feature = "postgres")]
fn restore_dump(path: &Path, options: &ScratchOptions, progress: &Progress) -> Result<Box<dyn ScratchDatabase>, LabError> {
    use std::io::Read;
    let failed = |error: std::io::Error| LabError::new(LabErrorKind::File, format!("reading {}: {error}", path.display()));
    let mut start = [0_u8; 5];
    let is_script = if path.is_dir() {
        false
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read(&mut start)).map_err(failed)? < 5 || start != *b"PGDMP"
    };
    let place = directory::ScratchDirectory::create()?;
    let script = place.path().join("schema.sql");
    if is_script {
        std::fs::copy(path, &script).map_err(failed)?;
    } else {
        progress("turning the dump into a script");
        to_script(path, &script, options)?;
    }
    progress("restoring the dump");
    project::build_in_scratch(place.path(), Some(Engine::Postgresql), options, progress)
}

/// Lets pg_restore write a dump as SQL, without owners and grants: their roles are not here.
#[cfg(feature = "postgres")]
fn to_script(path: &Path, script: &Path, options: &ScratchOptions) -> Result<(), LabError> {
    let program = options.server_bin.as_deref().map(|directory| directory.join("pg_restore")).filter(|program| program.is_file());
    let mut command = std::process::Command::new(program.unwrap_or_else(|| PathBuf::from("pg_restore")));
    command.args(["--no-owner", "--no-privileges", "--no-comments", "-f"]).arg(script).arg(path).stdin(std::process::Stdio::null());
    let output = command.output().map_err(|error| {
        LabError::new(LabErrorKind::ServerMissing, format!("running pg_restore on {}: {error}", path.display()))
            .hint("Install PostgreSQL's client programs, or dump as plain SQL (pg_dump without -F).")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
    Err(LabError::new(LabErrorKind::Source, format!("pg_restore can't read {}: {said}", path.display()))
        .hint("A dump of a newer version needs that version's pg_restore; --server-bin names its directory."))
}
