//! Files that grow: what is added is read when it is there, and a file that was rotated away is finished and its successor opened.
//! It never waits by itself: the caller decides when to look again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dbwright_model::engine::Engine;
use dbwright_model::profile::Profile;

use crate::clock::Clock;
use crate::digest::Digest;
use crate::error::LogError;
use crate::feed::Feed;
use crate::finish;
use crate::format::Format;
use crate::open::from_reader;
use crate::plans::Reader;
use crate::read::{Options, Order, know, read_block, rules, sources};
use crate::sink::Stats;

/// A file's descriptor that the feed reads and the follower exchanges.
#[derive(Debug, Clone)]
struct Handle(Arc<Mutex<File>>);

impl Read for Handle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }
}

struct Followed {
    path: PathBuf,
    feed: Feed,
    file: Handle,
    inode: u64,
    length: u64,
    quiet: u32,
}

/// Files of one engine that are followed.
pub struct Follower {
    engine: Engine,
    options: Options,
    files: Vec<Followed>,
    names: Vec<(String, Format)>,
    digest: Digest,
    order: Order,
    stats: Vec<Stats>,
    troubles: Vec<Option<String>>,
    clock: Clock,
    number: u64,
    remarks: BTreeMap<usize, Vec<String>>,
}

impl Follower {
    /// Opens files; the first decides the engine.
    ///
    /// # Errors
    /// When a file can't be opened or is of no known form, or of another engine than the first.
    pub fn open(paths: &[PathBuf], options: &Options) -> Result<Self, LogError> {
        let mut files = Vec::new();
        let mut names = Vec::new();
        for (number, path) in paths.iter().enumerate() {
            let name = path.display().to_string();
            let wrong = |error| LogError::Io { name: name.clone(), error };
            let file = File::open(path).map_err(wrong)?;
            let meta = file.metadata().map_err(wrong)?;
            let handle = Handle(Arc::new(Mutex::new(file)));
            let opened = from_reader(Box::new(handle.clone())).map_err(wrong)?;
            let known = know(name.clone(), opened, options)?;
            names.push((name, known.format.clone()));
            let feed = Feed::new(number, known.format, known.opened, options.zone_seconds);
            files.push(Followed { path: path.clone(), feed, file: handle, inode: meta.ino(), length: meta.len(), quiet: 0 });
        }
        let engine = names.first().map_or(Engine::Postgresql, |(_, format)| format.engine());
        if let Some((name, _)) = names.iter().find(|(_, format)| format.engine() != engine) {
            let error = std::io::Error::other("files that are followed together must be of one engine");
            return Err(LogError::Io { name: name.clone(), error });
        }
        let count = files.len();
        Ok(Self {
            engine,
            digest: Digest::new(rules(engine, options)),
            options: options.clone(),
            files,
            names,
            order: Order::default(),
            stats: vec![Stats::default(); count],
            troubles: vec![None; count],
            clock: Clock::new(options.zone_seconds),
            number: 0,
            remarks: BTreeMap::new(),
        })
    }

    /// Reads what was added since the last look; true when there was anything.
    pub fn look(&mut self) -> bool {
        let mut any = false;
        for at in 0..self.files.len() {
            any |= self.drain(at);
            self.turn_over(at);
        }
        any
    }

    /// Reads what a file has. A last entry that nothing followed for two looks is taken as whole.
    fn drain(&mut self, at: usize) -> bool {
        let mut any = false;
        loop {
            let followed = &mut self.files[at];
            let flush = followed.quiet >= 2;
            let Some(mut block) = followed.feed.next(Vec::new(), flush) else { break };
            followed.quiet = 0;
            block.number = self.number;
            self.number += 1;
            let format = followed.feed.format.clone();
            read_block(&block, &format, &mut self.digest, &mut self.stats[at], &mut self.clock, &self.options);
            let records = std::mem::take(&mut self.digest.records);
            self.order.take(block.number, records);
            any = true;
        }
        if !any {
            self.files[at].quiet += 1;
        }
        any
    }

    /// Notices that the name now means another file, or that the file was emptied.
    fn turn_over(&mut self, at: usize) {
        let followed = &mut self.files[at];
        let Ok(meta) = std::fs::metadata(&followed.path) else {
            note(&mut self.remarks, at, "The file vanished; it is waited for under the same name.");
            return;
        };
        if meta.ino() == followed.inode && meta.len() >= followed.length {
            followed.length = meta.len();
            return;
        }
        let Ok(file) = File::open(&followed.path) else { return };
        let what = if meta.ino() == followed.inode {
            "The file was emptied and is read again from its start."
        } else {
            "The file was rotated; its successor is read."
        };
        note(&mut self.remarks, at, what);
        followed.inode = meta.ino();
        followed.length = meta.len();
        *followed.file.0.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }

    /// The profile of all that was read so far.
    #[must_use]
    pub fn profile(&self, reader: Reader) -> Profile {
        let mut profile = finish::profile(&self.digest, &self.order, reader);
        profile.sources = sources(&self.names, &self.stats, &self.troubles);
        for (at, remarks) in &self.remarks {
            profile.sources[*at].troubles.extend(remarks.iter().cloned());
        }
        finish::complete(&mut profile, &self.stats, &self.options);
        profile
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The files.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }
}

fn note(remarks: &mut BTreeMap<usize, Vec<String>>, at: usize, remark: &str) {
    let own = remarks.entry(at).or_default();
    if !own.iter().any(|known| known == remark) {
        own.push(remark.to_owned());
    }
}
