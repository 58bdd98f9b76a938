//! PostgreSQL with the settings that decide durability as the drill wants them. It never listens on a network.

use dbwright_engines::drill::{Address, Place};

use super::{ANSWER_LIMIT, Making, Subject, data};
use crate::cancel::Cancel;
use crate::error::LabError;
use crate::scratch::directory::ScratchDirectory;
use crate::scratch::postgres::{Programs, wait_ready};
use crate::scratch::server::ScratchServer;

/// What makes a server durable again that scratch servers do without.
const DURABLE: [&str; 6] =
    ["fsync=on", "full_page_writes=on", "synchronous_commit=on", "wal_level=replica", "max_connections=60", "shared_buffers=64MB"];

pub(super) struct Postgres {
    programs: Programs,
    settings: Vec<String>,
    root: std::path::PathBuf,
    waiting: Option<ScratchDirectory>,
    server: Option<ScratchServer>,
    cancel: Cancel,
}

impl Postgres {
    pub(super) fn prepare(directory: ScratchDirectory, making: &Making) -> Result<Self, LabError> {
        let programs = Programs::find(making.server_bin.as_deref())?;
        let root = directory.path().to_owned();
        programs.prepare(&root)?;
        let given = making.settings.iter().map(|(name, value)| format!("{name}={value}"));
        let settings = DURABLE.iter().map(|text| (*text).to_owned()).chain(given).collect();
        Ok(Self { programs, settings, root, waiting: Some(directory), server: None, cancel: making.cancel.clone() })
    }
}

impl Subject for Postgres {
    fn start(&mut self) -> Result<(), LabError> {
        // Left by a killed server, all of whose processes are gone; it would say "ready" for the new one.
        let _ = std::fs::remove_file(data(&self.root).join("postmaster.pid"));
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        let command = self.programs.command(&self.root, &settings);
        match (self.waiting.take(), &mut self.server) {
            (Some(directory), _) => self.server = Some(ScratchServer::start("PostgreSQL", command, directory)?),
            (None, Some(server)) => server.start_again(command)?,
            (None, None) => {}
        }
        self.server.as_mut().map_or(Ok(()), |server| wait_ready(server, &self.cancel))
    }

    fn place(&self) -> Place {
        Place { directory: self.root.clone(), address: Address::Socket(self.root.clone()), limit: ANSWER_LIMIT }
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
        self.programs.major().to_string()
    }
}
