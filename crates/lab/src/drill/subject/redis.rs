//! Redis or Valkey with the persistence that the drill wants. It never listens on a network.

use std::path::PathBuf;
use std::time::Duration;

use dbwright_engines::drill::{Address, Place};

use super::{ANSWER_LIMIT, Making, Subject, data, setting};
use crate::cancel::Cancel;
use crate::error::LabError;
use crate::scratch::directory::ScratchDirectory;
use crate::scratch::redis::{find, persistent, ping};
use crate::scratch::server::ScratchServer;

const START_LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Redis {
    program: PathBuf,
    root: PathBuf,
    settings: Vec<(String, String)>,
    waiting: Option<ScratchDirectory>,
    server: Option<ScratchServer>,
    cancel: Cancel,
}

impl Redis {
    pub(super) fn prepare(directory: ScratchDirectory, making: &Making) -> Result<Self, LabError> {
        let program = find(making.server_bin.as_deref())?;
        let mut settings = making.settings.clone();
        for (name, value) in [("appendonly", "yes"), ("appendfsync", "everysec"), ("save", "")] {
            if setting(&settings, name).is_none() {
                settings.push((name.to_owned(), value.to_owned()));
            }
        }
        let root = directory.path().to_owned();
        Ok(Self { program, root, settings, waiting: Some(directory), server: None, cancel: making.cancel.clone() })
    }

    fn socket(&self) -> PathBuf {
        self.root.join("redis.sock")
    }
}

impl Subject for Redis {
    fn start(&mut self) -> Result<(), LabError> {
        let socket = self.socket();
        let _ = std::fs::remove_file(&socket);
        let command = persistent(&self.program, &data(&self.root), &socket, &self.settings);
        match (self.waiting.take(), &mut self.server) {
            (Some(directory), _) => self.server = Some(ScratchServer::start("Redis", command, directory)?),
            (None, Some(server)) => server.start_again(command)?,
            (None, None) => {}
        }
        let cancel = self.cancel.clone();
        self.server.as_mut().map_or(Ok(()), |server| server.wait_until(START_LIMIT, &cancel, || ping(&socket).is_ok()))
    }

    fn place(&self) -> Place {
        Place { directory: self.root.clone(), address: Address::Socket(self.socket()), limit: ANSWER_LIMIT }
    }

    fn process_id(&self) -> u32 {
        self.server.as_ref().map_or(0, ScratchServer::process_id)
    }

    fn reap(&mut self) {
        if let Some(server) = &mut self.server {
            server.reap();
        }
    }

    fn version(&self) -> String {
        crate::scratch::redis::version(&self.program)
    }
}
