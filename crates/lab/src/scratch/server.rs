//! A server process of our own in a scratch directory: started without privileges, killed when dropped. It never
//! listens on a network.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::directory::{ScratchDirectory, end_process};
use super::record::ProcessMark;
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};

/// User and group `nobody` on Linux systems: servers refuse to run as root, and should.
pub(crate) const NOBODY: u32 = 65_534;

/// A running server with its directory.
#[derive(Debug)]
pub struct ScratchServer {
    child: Child,
    directory: ScratchDirectory,
    log: PathBuf,
    title: &'static str,
}

impl ScratchServer {
    /// Starts a server in a directory; its output goes to a log there.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(title: &'static str, mut command: Command, mut directory: ScratchDirectory) -> Result<Self, LabError> {
        let log = directory.path().join("server.log");
        let failed = |error: std::io::Error| LabError::new(LabErrorKind::Server, format!("starting a scratch {title} server: {error}"));
        let child = spawn(&mut command, &log).map_err(failed)?;
        let recorded = directory.set_server(child.id().cast_signed());
        let server = Self { child, directory, log, title };
        recorded.map_err(failed)?;
        Ok(server)
    }

    /// Stops the server in order (SIGINT, on which PostgreSQL and MariaDB write everything down), does something while it
    /// is down, and starts it again.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn restart(&mut self, mut command: Command, limit: Duration, while_down: impl FnOnce()) -> Result<(), LabError> {
        if let Some(mark) = ProcessMark::of(self.child.id().cast_signed()) {
            if let Some(pid) = rustix::process::Pid::from_raw(mark.id) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            }
            let end = Instant::now() + limit;
            while mark.is_running() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
            end_process(mark);
        }
        let _ = self.child.wait();
        while_down();
        let failed =
            |error: std::io::Error| LabError::new(LabErrorKind::Server, format!("starting a scratch {} server again: {error}", self.title));
        self.child = spawn(&mut command, &self.log).map_err(failed)?;
        self.directory.set_server(self.child.id().cast_signed()).map_err(failed)
    }

    /// Starts the server again after something else ended it.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn start_again(&mut self, mut command: Command) -> Result<(), LabError> {
        let failed =
            |error: std::io::Error| LabError::new(LabErrorKind::Server, format!("starting a scratch {} server again: {error}", self.title));
        if let Some(mark) = ProcessMark::of(self.child.id().cast_signed()) {
            end_process(mark);
        }
        let _ = self.child.wait();
        self.child = spawn(&mut command, &self.log).map_err(failed)?;
        self.directory.set_server(self.child.id().cast_signed()).map_err(failed)
    }

    /// Waits for the end of the server's first process, which something else has killed: it stays a zombie until then.
    pub(crate) fn reap(&mut self) {
        let _ = self.child.wait();
    }

    /// The server's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The server's process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready` says so, the server ends, the limit is over or the end is asked for.
    ///
    /// # Errors
    /// All but the first; with the end of the server's log.
    pub fn wait_until(&mut self, limit: Duration, cancel: &Cancel, mut ready: impl FnMut() -> bool) -> Result<(), LabError> {
        let end = Instant::now() + limit;
        loop {
            if cancel.is_cancelled() {
                return Err(LabError::interrupted());
            }
            if ready() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(&format!("ended at its start ({status})")));
            }
            if Instant::now() > end {
                return Err(self.failure(&format!("was not ready within {} s", limit.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A failure of this server, with the end of its log.
    #[must_use]
    pub fn failure(&self, what: &str) -> LabError {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(3).collect();
        let said = lines.into_iter().rev().collect::<Vec<_>>().join(" / ");
        LabError::new(LabErrorKind::Server, format!("a scratch {} server {what}: {said}", self.title))
    }
}

impl Drop for ScratchServer {
    fn drop(&mut self) {
        if let Some(mark) = ProcessMark::of(self.child.id().cast_signed()) {
            end_process(mark);
        }
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command, log: &Path) -> std::io::Result<Child> {
    let output = std::fs::File::create(log)?;
    let errors = output.try_clone()?;
    unprivileged(command).stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0).spawn()
}

/// Takes root's rights from what is about to be started.
pub fn unprivileged(command: &mut Command) -> &mut Command {
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Gives a path to the user that servers run as.
///
/// # Errors
/// When that is not allowed.
pub fn hand_over(path: &Path) -> std::io::Result<()> {
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}
