//! What a drill breaks: a server, or a process that writes to a file, with its data on a disk that may lose its power. One
//! file a system. It is always of the lab's own making.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_engines::drill::{MARKER, Place};
use dbwright_model::Engine;

use super::disk::Disk;
use super::process;
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};
use crate::scratch::directory::ScratchDirectory;
use crate::scratch::record::ProcessMark;
use crate::scratch::server::hand_over;

/// Limit for one answer to a writer.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How a subject is made.
#[derive(Clone)]
pub(super) struct Making {
    pub(super) engine: Engine,
    pub(super) settings: Vec<(String, String)>,
    pub(super) server_bin: Option<PathBuf>,
    /// Program and arguments that run [`super::writer::run`].
    pub(super) writer: Vec<OsString>,
    pub(super) cancel: Cancel,
}

/// A system that can be started, found and started again.
pub(super) trait Subject: Send {
    /// Starts it, or starts it again after a fault, and waits until it takes connections.
    fn start(&mut self) -> Result<(), LabError>;

    /// Where it is reached.
    fn place(&self) -> Place;

    /// Its first process; 0 before it was started.
    fn process_id(&self) -> u32;

    /// Waits for the end of its first process, which was killed.
    fn reap(&mut self);

    /// Version of the program.
    fn version(&self) -> String;
}

/// A subject with the disk below it.
pub(super) struct Site {
    // Dropped before its directory, which it owns in part.
    pub(super) subject: Box<dyn Subject>,
    disk: Option<Disk>,
    root: PathBuf,
}

impl Site {
    /// Makes a subject and starts it; with a disk of its own when power is to be cut.
    ///
    /// # Errors
    /// [`LabErrorKind::Unsupported`] when a disk can't be had here: the reason is the message.
    pub(super) fn open(making: &Making, with_disk: bool) -> Result<Self, LabError> {
        let directory = ScratchDirectory::create()?;
        let root = directory.path().to_owned();
        let data = root.join("data");
        let failed = |error: std::io::Error| LabError::new(LabErrorKind::File, format!("preparing {}: {error}", root.display()));
        std::fs::write(root.join(MARKER), "made by dbwright\n").and_then(|()| hand_over(&root)).map_err(failed)?;
        std::fs::create_dir(&data).and_then(|()| hand_over(&data)).map_err(failed)?;
        let disk = with_disk.then(|| Disk::create(&root, &data)).transpose();
        let disk = disk.map_err(|reason| LabError::new(LabErrorKind::Unsupported, reason))?;
        let mut subject: Box<dyn Subject> = match making.engine {
            #[cfg(feature = "postgres")]
            Engine::Postgresql => Box::new(postgres::Postgres::prepare(directory, making)?),
            #[cfg(feature = "redis")]
            Engine::Redis => Box::new(redis::Redis::prepare(directory, making)?),
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => Box::new(sqlite::Sqlite::prepare(directory, making)?),
            other => {
                return Err(LabError::new(LabErrorKind::Server, format!("{} can't be crashed by this dbwright", other.title()))
                    .hint("PostgreSQL, Redis and SQLite can."));
            }
        };
        subject.start()?;
        Ok(Self { subject, disk, root })
    }

    /// Writes down what there is, so that a later power cut loses only what came after.
    pub(super) fn settle(&self) -> Result<(), LabError> {
        let synced = self.disk.as_ref().map_or(Ok(()), Disk::sync);
        synced.map_err(|error| LabError::new(LabErrorKind::File, format!("syncing the drill's disk: {error}")))
    }

    /// Kills the whole tree at once.
    pub(super) fn kill(&mut self) -> Result<(), LabError> {
        let marks = process::freeze(self.subject.process_id(), &self.root);
        self.finish_kill(&marks)
    }

    /// Cuts the power: nothing runs on, nothing that was not synced stays.
    pub(super) fn cut(&mut self) -> Result<(), LabError> {
        let marks = process::freeze(self.subject.process_id(), &self.root);
        let cut = self.disk.as_ref().map_or_else(|| Err(std::io::Error::other("there is no disk to cut")), Disk::cut);
        cut.map_err(|error| LabError::new(LabErrorKind::Unsupported, format!("shutting down the drill's disk: {error}")))?;
        self.finish_kill(&marks)?;
        self.disk.as_mut().map_or(Ok(()), Disk::reattach)
    }

    fn finish_kill(&mut self, marks: &[ProcessMark]) -> Result<(), LabError> {
        process::kill(marks);
        self.subject.reap();
        if marks.is_empty() || !process::wait_gone(marks) {
            return Err(LabError::new(LabErrorKind::Server, "the processes of the drilled server could not be killed"));
        }
        Ok(())
    }
}

/// The value of a setting.
fn setting<'a>(settings: &'a [(String, String)], name: &str) -> Option<&'a str> {
    settings.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Path of the data below a scratch directory.
fn data(root: &Path) -> PathBuf {
    root.join("data")
}
