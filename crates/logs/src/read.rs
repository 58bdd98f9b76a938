//! Reading sources with as many threads as wanted: each takes the next block, reads it alone, and hands over the calls in it in
//! the order of the log, for what depends on it. It never holds more blocks than there are threads, but for a few that wait for
//! their turn.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use dbwright_model::engine::Engine;
use dbwright_model::profile::{Profile, Source};
use dbwright_model::time::Timestamp;

use crate::clock::Clock;
use crate::digest::sequence::{Record, Sequences};
use crate::digest::timeline::{Timelines, WeekCounts};
use crate::digest::{Digest, Rules};
use crate::error::LogError;
use crate::feed::{Block, Feed};
use crate::finish;
use crate::format::{Format, first_lines};
use crate::open::{Opened, from_reader, open};
use crate::place::Place;
use crate::plans::Reader;
use crate::prefix::Prefix;
use crate::sink::{Sink, Stats};

/// Blocks that may wait for their turn.
const WAITING: u64 = 6;

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// `log_line_prefix`, where it is not to be inferred.
    pub prefix: Option<Prefix>,
    /// One of [`Format::NAMES`], where it is not to be recognised.
    pub format: Option<String>,
    /// Dialect of plain scripts.
    pub engine: Option<Engine>,
    /// Times without zone are so many seconds ahead of UTC.
    pub zone_seconds: i32,
    /// Only entries from this time on.
    pub since: Option<Timestamp>,
    /// Only entries before this time.
    pub until: Option<Timestamp>,
    /// Threads.
    pub threads: usize,
    /// One in 2^n calls is looked at for its parameters.
    pub sampling: u32,
    /// Reads plans.
    pub plans: Reader,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: None,
            format: None,
            engine: None,
            zone_seconds: 0,
            since: None,
            until: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            sampling: 5,
            plans: |_| None,
        }
    }
}

/// A source whose form is known.
pub(crate) struct Known {
    pub name: String,
    pub format: Format,
    pub opened: Opened,
    pub head: Vec<u8>,
    pub first: Option<i64>,
}

/// Reads sources; gives one profile an engine. Sources of an engine are read in the order of their times.
///
/// # Errors
/// When a source can't be opened, is of no known form, or nothing in it can be read.
pub fn read(places: &[Place], options: &Options) -> Result<Vec<Profile>, LogError> {
    let mut known = Vec::new();
    for place in places {
        let opened = open(place).map_err(|error| LogError::Io { name: place.name(), error })?;
        known.push(know(place.name(), opened, options)?);
    }
    by_engine(known, options)
}

/// Reads bytes as if they were a file.
///
/// # Errors
/// As [`read()`].
pub fn read_bytes(name: &str, bytes: &[u8], options: &Options) -> Result<Vec<Profile>, LogError> {
    let opened =
        from_reader(Box::new(std::io::Cursor::new(bytes.to_vec()))).map_err(|error| LogError::Io { name: name.to_owned(), error })?;
    by_engine(vec![know(name.to_owned(), opened, options)?], options)
}

/// Tells the form of a source.
pub(crate) fn know(name: String, opened: Opened, options: &Options) -> Result<Known, LogError> {
    if opened.head.is_empty() {
        return Err(LogError::Empty(name));
    }
    let engine = options.engine.unwrap_or(Engine::Postgresql);
    let format = match &options.format {
        Some(format) => Format::named(format, &name, &opened.head, options.prefix.as_ref(), engine)?,
        None => Format::recognise(&name, &opened.head, options.prefix.as_ref(), engine)?,
    };
    // The first time decides the order of a rotated set.
    let mut digest = Digest::new(Rules { engine: format.engine(), sampling: 20 });
    let (mut stats, mut clock) = (Stats::default(), Clock::new(options.zone_seconds));
    let head = opened.head[..opened.head.len().min(64 << 10)].to_vec();
    format.parse(&head, &mut Sink::new(&mut digest, &mut stats, &mut clock, 0, 0));
    Ok(Known { name, format, first: stats.span.map(|(first, _)| first), head, opened })
}

fn by_engine(mut known: Vec<Known>, options: &Options) -> Result<Vec<Profile>, LogError> {
    known.sort_by_key(|source| source.first.unwrap_or(i64::MAX));
    let mut profiles = Vec::new();
    for engine in Engine::ALL {
        let (own, others): (Vec<Known>, Vec<Known>) = known.into_iter().partition(|source| source.format.engine() == engine);
        known = others;
        if !own.is_empty() {
            profiles.push(profile(engine, own, options)?);
        }
    }
    Ok(profiles)
}

fn profile(engine: Engine, known: Vec<Known>, options: &Options) -> Result<Profile, LogError> {
    let heads: Vec<(String, Format, Vec<u8>)> =
        known.iter().map(|source| (source.name.clone(), source.format.clone(), source.head.clone())).collect();
    let feeds: Vec<Feed> = known
        .into_iter()
        .enumerate()
        .map(|(number, source)| Feed::new(number, source.format, source.opened, options.zone_seconds))
        .collect();
    let state = run(engine, feeds, options);
    for ((name, format, head), stats) in heads.iter().zip(&state.stats) {
        if stats.entries == 0 {
            let format = format!("{} {}", format.title(), format.detail()).trim_end().to_owned();
            return Err(LogError::NothingUnderstood { name: name.clone(), format, first_lines: first_lines(head) });
        }
    }
    let mut profile = finish::profile(&state.digest, &state.order, options.plans);
    let names: Vec<(String, Format)> = heads.into_iter().map(|(name, format, _)| (name, format)).collect();
    profile.sources = sources(&names, &state.stats, &state.troubles);
    finish::complete(&mut profile, &state.stats, options);
    Ok(profile)
}

/// What reading gives.
pub(crate) struct Outcome {
    pub digest: Digest,
    pub order: Order,
    pub stats: Vec<Stats>,
    pub troubles: Vec<Option<String>>,
}

/// What depends on the order of the log.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub sequences: Sequences,
    pub timelines: Timelines,
    pub week: WeekCounts,
    next: u64,
    waiting: std::collections::BTreeMap<u64, Vec<Record>>,
}

impl Order {
    /// Takes the records of a block: at once when it is its turn.
    pub fn take(&mut self, number: u64, records: Vec<Record>) {
        self.waiting.insert(number, records);
        while let Some(records) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.sequences.take(&records, &mut self.timelines, &mut self.week);
        }
    }
}

struct Shared {
    feeds: Mutex<Feeds>,
    order: Mutex<Order>,
    turn: Condvar,
}

struct Feeds {
    feeds: std::collections::VecDeque<Feed>,
    number: u64,
    troubles: Vec<Option<String>>,
}

impl Feeds {
    fn next(&mut self, mut buffer: Vec<u8>) -> Option<(Block, Format)> {
        while let Some(feed) = self.feeds.front_mut() {
            if let Some(mut block) = feed.next(buffer, true) {
                block.number = self.number;
                self.number += 1;
                return Some((block, feed.format.clone()));
            }
            self.troubles[feed.source] = feed.trouble.take();
            self.feeds.pop_front();
            buffer = Vec::new();
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the program anyway: its panic is passed on by join.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(engine: Engine, feeds: Vec<Feed>, options: &Options) -> Outcome {
    let sources = feeds.len();
    let shared = Shared {
        feeds: Mutex::new(Feeds { feeds: feeds.into(), number: 0, troubles: vec![None; sources] }),
        order: Mutex::new(Order::default()),
        turn: Condvar::new(),
    };
    let mut parts: Vec<(Digest, Vec<Stats>)> = Vec::new();
    std::thread::scope(|scope| {
        let work = || worker(&shared, engine, sources, options);
        let others: Vec<_> = (1..options.threads.clamp(1, 64)).map(|_| scope.spawn(work)).collect();
        parts.push(work());
        for other in others {
            match other.join() {
                Ok(part) => parts.push(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    let mut parts = parts.into_iter();
    let (mut digest, mut stats) = parts.next().unwrap_or_else(|| (Digest::new(rules(engine, options)), vec![Stats::default(); sources]));
    for (other, others) in parts {
        digest.merge(other);
        for (own, its) in stats.iter_mut().zip(others) {
            own.merge(its);
        }
    }
    let order = shared.order.into_inner().unwrap_or_else(PoisonError::into_inner);
    let feeds = shared.feeds.into_inner().unwrap_or_else(PoisonError::into_inner);
    Outcome { digest, order, stats, troubles: feeds.troubles }
}

pub(crate) fn rules(engine: Engine, options: &Options) -> Rules {
    Rules { engine, sampling: options.sampling }
}

fn worker(shared: &Shared, engine: Engine, sources: usize, options: &Options) -> (Digest, Vec<Stats>) {
    let mut digest = Digest::new(rules(engine, options));
    let mut stats = vec![Stats::default(); sources];
    let mut clock = Clock::new(options.zone_seconds);
    let mut buffer = Vec::new();
    loop {
        let taken = lock(&shared.feeds).next(std::mem::take(&mut buffer));
        let Some((block, format)) = taken else { break };
        read_block(&block, &format, &mut digest, &mut stats[block.source], &mut clock, options);
        let records = std::mem::take(&mut digest.records);
        let mut order = lock(&shared.order);
        // The thread whose turn it is never waits here, so that all go on.
        while block.number > order.next + WAITING {
            order = shared.turn.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        order.take(block.number, records);
        drop(order);
        shared.turn.notify_all();
        buffer = block.bytes;
    }
    (digest, stats)
}

/// Reads the entries of a block.
pub(crate) fn read_block(block: &Block, format: &Format, digest: &mut Digest, stats: &mut Stats, clock: &mut Clock, options: &Options) {
    stats.bytes += block.bytes.len() as u64;
    let mut from = 0;
    if block.inside {
        stats.too_long += 1;
        from = format.first_beginning(&block.bytes, clock).unwrap_or(block.bytes.len());
    }
    let salt = (block.source as u64).wrapping_mul(0xa076_1d64_78bd_642f);
    let mut sink = Sink::new(digest, stats, clock, block.offset + from as u64, salt);
    sink.since = options.since.map(|time| time.0);
    sink.until = options.until.map(|time| time.0);
    format.parse(&block.bytes[from..], &mut sink);
    stats.zone = stats.zone.take().or_else(|| clock.unknown_zone.take());
}

/// The sources as values.
pub(crate) fn sources(names: &[(String, Format)], stats: &[Stats], troubles: &[Option<String>]) -> Vec<Source> {
    let value = |(((name, format), stats), trouble): (((&String, &Format), &Stats), &Option<String>)| {
        let mut all: Vec<String> = trouble.iter().cloned().collect();
        if stats.too_long > 0 {
            all.push("An entry is longer than 4 MiB; what is beyond was passed over.".to_owned());
        }
        if let Some(zone) = &stats.zone {
            all.push(format!("The time zone {zone} is not known; its times were read in the zone given, UTC unless said otherwise."));
        }
        Source {
            name: name.clone(),
            format: format.title().to_owned(),
            detail: format.detail(),
            bytes: stats.bytes,
            bytes_understood: stats.understood.min(stats.bytes),
            entries: stats.entries,
            lines_not_understood: stats.lines_unread,
            examples_not_understood: stats.examples.iter().map(|(_, line)| line.clone()).collect(),
            entries_outside: stats.outside,
            since: stats.span.map(|(first, _)| Timestamp(first)),
            until: stats.span.map(|(_, last)| Timestamp(last)),
            clock_steps_back: stats.steps_back,
            us_not_understood: stats.us_unread,
            troubles: all,
        }
    };
    names.iter().map(|(name, format)| (name, format)).zip(stats).zip(troubles).map(value).collect()
}
