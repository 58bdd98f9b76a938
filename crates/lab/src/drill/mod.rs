//! Drills: what must survive is broken on purpose, in servers and files of the lab's own, and looked at afterwards. A user's
//! database is at most read. A drill never signals a process, nor changes a file, outside of its own marked directories.

pub mod crash;
mod disk;
mod load;
mod process;
pub mod restore;
mod subject;
pub mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use dbwright_model::drill::{DRILL_SCHEMA, DrillRecord, Performer, Phase};
use dbwright_model::{Engine, Timestamp};

use crate::cancel::Cancel;
use crate::project::Progress;

/// What all drills are run with.
#[derive(Clone)]
pub struct DrillOptions {
    /// Directory of server programs to be used before all others.
    pub server_bin: Option<PathBuf>,
    /// Ends everything.
    pub cancel: Cancel,
    /// Seed of everything random.
    pub seed: u64,
    /// Told what is being done.
    pub progress: Progress,
}

impl DrillOptions {
    /// Options with this seed and nothing else out of the ordinary.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { server_bin: None, cancel: Cancel::default(), seed, progress: Arc::new(|_| {}) }
    }
}

/// The database that a drill is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its engine.
    pub engine: Engine,
    /// Its name; empty where a drill is about settings alone.
    pub name: String,
    /// Identity that survives renaming.
    pub identity: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// The time, from the machine's clock.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A record that has just begun.
fn begin(drill: &str, about: &About, seed: u64) -> DrillRecord {
    let subject = [about.engine.id(), &about.name, about.identity.as_deref().unwrap_or_default()];
    let mut record = DrillRecord {
        schema: DRILL_SCHEMA.to_owned(),
        drill: drill.to_owned(),
        started: Some(now()),
        subject: subject.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        engine: Some(about.engine),
        identity: about.identity.clone(),
        by: Some(performer()),
        seed: Some(seed),
        ..DrillRecord::default()
    };
    if let Some(version) = &about.version {
        record.versions.insert("source".to_owned(), version.clone());
    }
    record
}

/// Ends a record: it passes when nothing differs, nothing was left unchecked and every planted fault was noticed.
fn end(record: &mut DrillRecord) {
    let missed: Vec<String> =
        record.missed_controls().map(|control| format!("the planted fault was not noticed: {}", control.fault)).collect();
    record.differences.extend(missed);
    record.at = now();
    record.passed = record.differences.is_empty() && record.undecided.is_empty();
}

fn performer() -> Performer {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let user = std::env::var("USER").ok().filter(|name| !name.is_empty());
    let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    Performer { tool: format!("dbwright {}", env!("CARGO_PKG_VERSION")), user, machine }
}

/// Takes the time of phases.
struct Timeline {
    began: Instant,
    phases: Vec<Phase>,
}

impl Timeline {
    fn start() -> Self {
        Self { began: Instant::now(), phases: Vec::new() }
    }

    /// Does something and keeps how long it took, also when it fails.
    fn phase<T>(&mut self, phase: &str, recovery: bool, work: impl FnOnce() -> T) -> T {
        let from = self.began.elapsed().as_secs_f64();
        let outcome = work();
        let seconds = self.began.elapsed().as_secs_f64() - from;
        self.phases.push(Phase { phase: phase.to_owned(), from_seconds: from, seconds, recovery, ..Phase::default() });
        outcome
    }

    /// Adds to the phase that ended last.
    fn detail(&mut self, detail: impl Into<String>, bytes: Option<f64>) {
        if let Some(last) = self.phases.last_mut() {
            last.detail = detail.into();
            last.bytes = bytes;
        }
    }

    #[allow(dead_code)]
    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// Numbers from a seed, by SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        dbwright_analysis::ledger::mix(self.0) % bound.max(1)
    }
}
