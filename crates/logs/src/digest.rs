//! What is kept of a log while it streams by: bounded tables of statements, events and time, which merge exactly. It never
//! keeps an entry, and it never drops a count: what finds no room is summed in one place.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use dbwright_model::engine::Engine;
use dbwright_sql::Fingerprinter;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

pub mod entry;
pub mod events;
pub mod histogram;
pub mod keys;
pub mod names;
pub mod sequence;
pub mod timeline;

use entry::{Entry, Family};
use events::Events;
use names::{Names, Who};
use sequence::{Record, RecordKind};
use timeline::{Timelines, WeekCounts};

/// Fingerprints kept at a time.
const STATEMENTS: usize = 3000;
/// Texts whose fingerprint is remembered: prepared statements come with equal bytes.
const CACHE: usize = 4096;
/// Longer texts are fingerprinted anew each time.
const CACHED_BYTES: usize = 64 << 10;

/// What part of an execution an entry speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The execution.
    Execute,
    /// Parsing or binding: time before the execution.
    Prepare,
    /// The beginning, with the duration to come in an entry of its own.
    Announced,
    /// An execution known by its plan only.
    Planned,
}

/// Numbers that some logs have beside the duration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// Rows sent.
    pub rows_sent: Option<u64>,
    /// Rows changed.
    pub rows_affected: Option<u64>,
    /// Rows examined.
    pub rows_examined: Option<u64>,
    /// Time waited for locks, µs.
    pub lock_us: Option<u64>,
    /// Bytes of temporary tables on disk.
    pub temporary_bytes: Option<u64>,
    /// Whether a table was read without index.
    pub full_scan: Option<bool>,
    /// The engine's identifier of the statement.
    pub engine_id: Option<i64>,
}

/// An execution, as an entry of a log tells it.
#[derive(Debug)]
pub struct Call<'a> {
    /// When it ended, µs since 1970 UTC.
    pub at: Option<i64>,
    /// Names the session; 0 when it is not known.
    pub session: u64,
    /// The text as logged.
    pub text: &'a [u8],
    /// What the entry speaks of.
    pub phase: Phase,
    /// How long, µs.
    pub duration_us: Option<u64>,
    /// By whom.
    pub who: Who<'a>,
    /// Parameters as logged.
    pub parameters: &'a [u8],
    /// Further numbers.
    pub extras: Option<&'a Extras>,
    /// Place of the entry in the source: decides whether it is sampled.
    pub offset: u64,
    /// Whether the reader had to cut it.
    pub cut: bool,
}

/// How to digest.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Dialect of the statements.
    pub engine: Engine,
    /// One in 2^n calls is looked at for its parameters.
    pub sampling: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Remembered {
    hash: u128,
    /// Number of the entry, plus one.
    entry: u32,
    truncated: bool,
}

/// Takes the low half of a fingerprint, which is a hash already.
#[derive(Debug, Default, Clone, Copy)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// A map whose keys are hashes.
pub type Hashed<K, V> = HashMap<K, V, BuildHasherDefault<Identity>>;

/// Sums of calls that found no room, and over all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Calls.
    pub calls: u64,
    /// With duration.
    pub timed: u64,
    /// Durations, µs.
    pub total_us: u64,
}

/// Bounded tables over a part of a log.
#[derive(Debug)]
pub struct Digest {
    rules: Rules,
    fingerprinter: Fingerprinter,
    remembered: Vec<Remembered>,
    index: Hashed<u128, u32>,
    /// By fingerprint, in the order of appearance.
    pub entries: Vec<Entry>,
    /// Users, databases, applications.
    pub names: Names,
    /// Sums over all.
    pub sums: Sums,
    /// Sums of entries that lost their room.
    pub without_room: Sums,
    /// Fingerprints that lost their room, and the largest number of calls that one of them can have had.
    pub evicted: (u64, u64),
    /// Entries of level error and worse.
    pub errors: u64,
    /// Load over time.
    pub timelines: Timelines,
    /// Load by hour of the week.
    pub week: WeekCounts,
    /// Statements whose values are watched.
    watched: usize,
    /// What else was logged.
    pub events: Events,
    /// Calls in order, for what depends on their sequence; taken by the reader.
    pub records: Vec<Record>,
}

impl Digest {
    /// A digest of nothing.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            fingerprinter: Fingerprinter::new(rules.engine),
            rules,
            remembered: vec![Remembered::default(); CACHE],
            index: Hashed::default(),
            entries: Vec::new(),
            names: Names::default(),
            sums: Sums::default(),
            without_room: Sums::default(),
            evicted: (0, 0),
            errors: 0,
            timelines: Timelines::default(),
            week: WeekCounts::default(),
            watched: 0,
            events: Events::default(),
            records: Vec::new(),
        }
    }

    /// The dialect.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.rules.engine
    }

    /// Takes an execution, or a part of one.
    pub fn call(&mut self, call: &Call<'_>) {
        let (at, hash) = self.entry_of(call.text, call.cut);
        let entry = &mut self.entries[at as usize];
        let (family, writes) = (entry.family, entry.writes);
        match call.phase {
            Phase::Prepare => return entry.preparing_us = Some(entry.preparing_us.unwrap_or(0) + call.duration_us.unwrap_or(0)),
            Phase::Planned => {
                entry.examples.offer(call, hash as u64);
                return entry.planned.add(call.duration_us.unwrap_or(0));
            }
            Phase::Execute | Phase::Announced => {}
        }
        entry.calls += 1;
        self.sums.calls += 1;
        if let Some(duration) = call.duration_us {
            entry.timing.add(duration);
            self.sums.timed += 1;
            self.sums.total_us += duration;
        }
        if let Some(extras) = call.extras {
            entry.extras.add(extras);
        }
        if let Some(time) = call.at {
            let duration = call.duration_us.unwrap_or(0);
            entry.at(time, duration);
            self.timelines.call(time, call.duration_us, writes);
            self.week.add(time, duration, writes);
        }
        entry.count_who(self.names.intern(&call.who));
        entry.examples.offer(call, hash as u64);
        if sampled(call.offset, self.rules.sampling) {
            entry.keys.sample(call, self.rules.engine, entry.calls, &mut self.watched);
        }
        let statement = entry.fingerprint as u64;
        self.records.push(Record {
            session: call.session,
            statement,
            at: call.at.unwrap_or(i64::MIN),
            duration_us: call.duration_us.unwrap_or(0),
            kind: match call.phase {
                Phase::Announced => RecordKind::Announced(family),
                _ => RecordKind::Call(family),
            },
        });
    }

    /// Takes a duration whose statement stood in an earlier entry of the session.
    pub fn late_duration(&mut self, session: u64, at: Option<i64>, duration_us: u64) {
        self.records.push(Record { session, statement: 0, at: at.unwrap_or(i64::MIN), duration_us, kind: RecordKind::Late });
    }

    /// The entry of a statement's text, for errors, temporary files and plans.
    pub fn statement(&mut self, text: &[u8]) -> &mut Entry {
        let (at, _) = self.entry_of(text, false);
        &mut self.entries[at as usize]
    }

    #[inline]
    fn entry_of(&mut self, text: &[u8], cut: bool) -> (u32, u128) {
        let hash = xxh3_128(text);
        let slot = hash as usize % CACHE;
        let cached = self.remembered[slot];
        if cached.hash == hash && cached.entry > 0 {
            self.entries[(cached.entry - 1) as usize].truncated |= cached.truncated | cut;
            return (cached.entry - 1, hash);
        }
        // Commands of Redis come as patterns already.
        let (fingerprint, truncated) = if self.rules.engine.speaks_sql() {
            let digest = self.fingerprinter.digest(text);
            (digest.fingerprint.0, digest.truncated)
        } else {
            (hash, false)
        };
        let at = match self.index.get(&fingerprint) {
            Some(at) => *at,
            None => self.insert(fingerprint, text),
        };
        let truncated = truncated | cut;
        self.entries[at as usize].truncated |= truncated;
        if text.len() <= CACHED_BYTES {
            self.remembered[slot] = Remembered { hash, entry: at + 1, truncated };
        }
        (at, hash)
    }

    #[cold]
    fn insert(&mut self, fingerprint: u128, text: &[u8]) -> u32 {
        if self.entries.len() >= STATEMENTS {
            self.make_room();
        }
        let at = self.entries.len() as u32;
        let mut entry = Entry::new(fingerprint, text, self.rules.engine);
        entry.missing_at_most = self.evicted.1;
        self.entries.push(entry);
        self.index.insert(fingerprint, at);
        at
    }

    /// Gives up the half that took the least time, and of equal ones those called least.
    fn make_room(&mut self) {
        let mut order: Vec<(u64, u64, usize)> =
            self.entries.iter().enumerate().map(|(at, entry)| (entry.timing.total_us, entry.calls, at)).collect();
        order.sort_unstable();
        let lost: std::collections::HashSet<usize> = order[..order.len() / 2].iter().map(|(_, _, at)| *at).collect();
        let mut kept = Vec::with_capacity(self.entries.len());
        for (at, entry) in std::mem::take(&mut self.entries).into_iter().enumerate() {
            if lost.contains(&at) {
                self.drop_entry(&entry);
            } else {
                kept.push(entry);
            }
        }
        self.entries = kept;
        self.reindex();
    }

    fn drop_entry(&mut self, entry: &Entry) {
        self.without_room.calls += entry.calls;
        self.without_room.timed += entry.timing.count;
        self.without_room.total_us += entry.timing.total_us;
        self.evicted.0 += 1;
        self.evicted.1 = self.evicted.1.max(entry.calls + entry.missing_at_most);
    }

    fn reindex(&mut self) {
        self.index.clear();
        for (at, entry) in self.entries.iter().enumerate() {
            self.index.insert(entry.fingerprint, at as u32);
        }
        self.remembered.fill(Remembered::default());
    }

    /// Adds what another digest, of a part of the same log, has.
    pub fn merge(&mut self, other: Self) {
        let renamed = self.names.merge(&other.names);
        for entry in other.entries {
            match self.index.get(&entry.fingerprint) {
                Some(at) => self.entries[*at as usize].merge(entry, &renamed),
                None => {
                    self.index.insert(entry.fingerprint, self.entries.len() as u32);
                    let mut entry = entry;
                    entry.rename(&renamed);
                    self.entries.push(entry);
                }
            }
        }
        for (own, its) in [(&mut self.sums, other.sums), (&mut self.without_room, other.without_room)] {
            own.calls += its.calls;
            own.timed += its.timed;
            own.total_us += its.total_us;
        }
        self.evicted = (self.evicted.0 + other.evicted.0, self.evicted.1 + other.evicted.1);
        self.errors += other.errors;
        self.timelines.merge(&other.timelines);
        self.week.merge(&other.week);
        self.events.merge(other.events);
        self.remembered.fill(Remembered::default());
    }
}

/// Whether an entry is one of those looked at closely: decided by its place, so that it does not depend on who reads it.
#[inline]
fn sampled(offset: u64, sampling: u32) -> bool {
    sampling == 0 || (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - sampling)) == 0
}

/// What a transaction statement does to the transaction.
#[must_use]
pub fn family_of(word: &[u8], next: &[u8]) -> Family {
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let next_is = |name: &str| next.eq_ignore_ascii_case(name.as_bytes());
    if is("begin") || (is("start") && next_is("transaction")) {
        return Family::Begin;
    }
    if is("commit") || is("end") {
        return Family::Commit;
    }
    if is("rollback") || is("abort") {
        return if next_is("to") { Family::Transaction } else { Family::Rollback };
    }
    if is("savepoint") || is("release") {
        return Family::Transaction;
    }
    Family::Other
}
