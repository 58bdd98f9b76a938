//! SQLite, written by a process of its own that can be killed. It ends when its input does, and so with this process.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dbwright_engines::drill::sqlite::WriterOptions;
use dbwright_engines::drill::{Address, Place};

use super::{ANSWER_LIMIT, Making, Subject, data, setting};
use crate::cancel::Cancel;
use crate::drill::writer::VARIABLE;
use crate::error::{LabError, LabErrorKind};
use crate::scratch::directory::ScratchDirectory;

const START_LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Sqlite {
    child: Option<Child>,
    writer: Vec<OsString>,
    options: WriterOptions,
    cancel: Cancel,
    directory: ScratchDirectory,
}

impl Sqlite {
    pub(super) fn prepare(directory: ScratchDirectory, making: &Making) -> Result<Self, LabError> {
        let root = directory.path().to_owned();
        let value = |name: &str, otherwise: &str| setting(&making.settings, name).unwrap_or(otherwise).to_owned();
        let options = WriterOptions {
            file: data(&root).join("drill.db"),
            socket: root.join("writer.sock"),
            journal_mode: value("journal_mode", "delete"),
            synchronous: value("synchronous", "full"),
            directory: root,
        };
        Ok(Self { child: None, writer: making.writer.clone(), options, cancel: making.cancel.clone(), directory })
    }

    fn failed(what: impl std::fmt::Display) -> LabError {
        LabError::new(LabErrorKind::Server, format!("starting the process that writes to SQLite: {what}"))
    }
}

impl Subject for Sqlite {
    fn start(&mut self) -> Result<(), LabError> {
        self.reap();
        let _ = std::fs::remove_file(&self.options.socket);
        let options = serde_json::to_string(&self.options).map_err(Self::failed)?;
        let log = std::fs::File::create(self.options.directory.join("writer.log")).map_err(Self::failed)?;
        let (program, arguments) = self.writer.split_first().ok_or_else(|| Self::failed("no program was named"))?;
        let mut command = Command::new(program);
        command.args(arguments).env(VARIABLE, options).current_dir(&self.options.directory);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).process_group(0);
        let child = self.child.insert(command.spawn().map_err(Self::failed)?);
        self.directory.set_server(child.id().cast_signed()).map_err(Self::failed)?;
        let end = Instant::now() + START_LIMIT;
        while std::os::unix::net::UnixStream::connect(&self.options.socket).is_err() {
            if self.cancel.is_cancelled() {
                return Err(LabError::interrupted());
            }
            if child.try_wait().is_ok_and(|status| status.is_some()) || Instant::now() > end {
                let said = std::fs::read_to_string(self.options.directory.join("writer.log")).unwrap_or_default();
                return Err(Self::failed(said.lines().next().unwrap_or("it ended without a word")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn place(&self) -> Place {
        let address = Address::Socket(self.options.socket.clone());
        Place { directory: self.options.directory.clone(), address, limit: ANSWER_LIMIT }
    }

    fn process_id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn version(&self) -> String {
        dbwright_engines::drill::sqlite::version().to_owned()
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.reap();
    }
}
