//! The restore drill: a backup is taken or given, brought up on its own, checked, compared with its source, written to and
//! backed up again. A backup that can't be restored is no error but what the drill has found. The source is only read.

mod compare;
#[cfg(feature = "postgres")]
mod control;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod programs;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::path::PathBuf;

use dbwright_engines::Endpoint;
use dbwright_model::Engine;
use dbwright_model::drill::{DrillCheck, DrillRecord};
use dbwright_model::gate::Verdict;
use tokio::runtime::Handle;

use super::{About, DrillOptions, Timeline, begin, end};
use crate::error::{LabError, LabErrorKind};

/// How a live server is backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Its files, as pg_basebackup takes them.
    BaseBackup,
    /// A dump, as pg_dump takes it.
    Dump,
}

/// How a restore drill is run.
#[derive(Clone)]
pub struct RestoreOptions {
    /// What all drills are run with.
    pub drill: DrillOptions,
    /// What it is about.
    pub about: About,
    /// The live source: what a backup is taken of, and compared with.
    pub source: Option<Endpoint>,
    /// A backup that is there already.
    pub backup: Option<PathBuf>,
    /// Directory with the log that the backup needs beyond its own.
    pub log: Option<PathBuf>,
    /// How a live PostgreSQL is backed up.
    pub method: Method,
    /// Whether faults are planted in the copy, to see that the comparison notices.
    pub controls: bool,
}

/// Runs the drill. Must be called on a thread of a runtime that may block.
///
/// # Errors
/// When a program is missing, the source can't be reached, or the end was asked for.
pub fn run(options: &RestoreOptions) -> Result<DrillRecord, LabError> {
    crate::scratch::directory::clean_leftovers();
    let runtime = Handle::try_current().map_err(|_| LabError::new(LabErrorKind::Server, "a drill runs within a runtime only"))?;
    let mut drill = Restore { runtime, record: begin("restore", &options.about, options.drill.seed), time: Timeline::start(), options };
    let outcome = match options.about.engine {
        #[cfg(feature = "postgres")]
        Engine::Postgresql => postgres::run(&mut drill),
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::run(&mut drill),
        other => Err(Stop::Error(
            LabError::new(LabErrorKind::Server, format!("restores of {} can't be drilled by this dbwright", other.title()))
                .hint("PostgreSQL and SQLite can."),
        )),
    };
    if options.drill.cancel.is_cancelled() {
        return Err(LabError::interrupted());
    }
    let Restore { mut record, time, .. } = drill;
    match outcome {
        Ok(()) => {}
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Failed { check, detail }) => {
            record.differences.push(format!("{check}: {detail}"));
            record.checks.push(DrillCheck { check, verdict: Verdict::Fail, detail });
            record.recovery_seconds = None;
        }
    }
    record.phases = time.phases;
    end(&mut record);
    Ok(record)
}

/// Why a drill went no further.
enum Stop {
    /// It could not be run.
    Error(LabError),
    /// The backup does not do what it must.
    Failed { check: String, detail: String },
}

impl<E: Into<LabError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

fn failed(check: &str, detail: impl Into<String>) -> Stop {
    Stop::Failed { check: check.to_owned(), detail: detail.into() }
}

/// A drill under way.
struct Restore<'a> {
    options: &'a RestoreOptions,
    runtime: Handle,
    record: DrillRecord,
    time: Timeline,
}

impl Restore<'_> {
    fn now(&self, what: &str) {
        (self.options.drill.progress)(what);
    }

    fn pass(&mut self, check: &str, detail: impl Into<String>) {
        self.record.checks.push(DrillCheck { check: check.to_owned(), verdict: Verdict::Pass, detail: detail.into() });
    }

    /// Notes the outcome of a comparison; the first few differences stand in the record.
    fn compared(&mut self, check: &str, differences: Vec<String>, fine: String) {
        const SHOWN: usize = 50;
        if differences.is_empty() {
            self.pass(check, fine);
            return;
        }
        let detail = format!("{} differ", differences.len());
        self.record.checks.push(DrillCheck { check: check.to_owned(), verdict: Verdict::Fail, detail });
        let more = differences.len().saturating_sub(SHOWN);
        self.record.differences.extend(differences.into_iter().take(SHOWN));
        if more > 0 {
            self.record.differences.push(format!("and {more} more of {check}"));
        }
    }

    /// The sum of the phases that count towards recovery.
    fn recovered(&mut self) {
        let seconds = self.time.phases.iter().filter(|phase| phase.recovery).map(|phase| phase.seconds).sum();
        self.record.recovery_seconds = Some(seconds);
    }
}
