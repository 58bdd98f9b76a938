//! Ghosts: copies of a database with its schema and planner statistics and no rows, in a scratch server of the same
//! engine, so that the real optimizer plans as it would on the source. A ghost never executes a statement, and says what
//! it lacks.
//!
//! To add a system: a file here that builds one from a [`Blueprint`], and its line in [`build`].

pub mod fidelity;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use dbwright_model::Engine;
use dbwright_model::blueprint::{Blueprint, Gap};
use dbwright_model::plan::Plan;

use crate::error::{LabError, LabErrorKind};
use crate::scratch::{ScratchOptions, StatementError, directory};
use crate::whatif::WhatIf;

/// How a ghost was built, and what it lacks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Built {
    /// Version of the source.
    pub source_version: String,
    /// Version of the scratch server.
    pub version: String,
    /// Time that building took, ms.
    pub elapsed_ms: f64,
    /// Tables that were made.
    pub tables: usize,
    /// Indexes that were made.
    pub indexes: usize,
    /// Columns whose statistics were written.
    pub columns: usize,
    /// Bytes that it takes on disk.
    pub bytes: u64,
    /// What it lacks, and what that means for plans: gaps of the blueprint, and what could not be made here.
    pub gaps: Vec<Gap>,
}

/// A ghost.
pub trait Ghost: WhatIf {
    /// How it was built.
    fn built(&self) -> &Built;

    /// The plan of a statement with the indexes that the source has.
    ///
    /// # Errors
    /// As the engine reports it.
    fn plan(&mut self, statement: &str) -> Result<Plan, StatementError>;
}

/// Builds a ghost in a scratch server of this machine, after cleaning up what crashed runs left.
///
/// # Errors
/// [`LabErrorKind::ServerMissing`] with what to install; [`LabErrorKind::Unsupported`]; [`LabErrorKind::Server`].
pub fn build(print: &Blueprint, options: &ScratchOptions) -> Result<Box<dyn Ghost>, LabError> {
    directory::clean_leftovers();
    match print.engine {
        #[cfg(feature = "postgres")]
        Engine::Postgresql => Ok(Box::new(postgres::PostgresGhost::build(print, options)?)),
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => Ok(Box::new(sqlite::SqliteGhost::build(print, options)?)),
        other => Err(LabError::new(LabErrorKind::Unsupported, format!("this dbwright builds no ghosts of {}", other.title()))
            .hint("Try changes on a clone instead: a copy with rows.")),
    }
}
