//! Where parsers put what they read: it counts entries, bytes and lines of the source, and lets only entries of the time asked
//! for reach the digest. It never looks into a statement.

use crate::clock::Clock;
use crate::digest::{Call, Digest};

/// Lines shown that were not understood.
const EXAMPLES: usize = 3;
/// Bytes of such a line.
const EXAMPLE: usize = 200;
/// A clock that goes back by less is no step: sessions write a little out of order.
const STEP_US: i64 = 1_000_000;

/// Counts of one source.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Bytes seen.
    pub bytes: u64,
    /// Bytes of entries.
    pub understood: u64,
    /// Entries.
    pub entries: u64,
    /// Lines of no entry.
    pub lines_unread: u64,
    /// The first of them, with their places.
    pub examples: Vec<(u64, String)>,
    /// Entries of another time.
    pub outside: u64,
    /// Earliest and latest time.
    pub span: Option<(i64, i64)>,
    /// Steps of the clock.
    pub steps_back: u64,
    /// Time around lines of no entry, µs.
    pub us_unread: u64,
    /// Entries longer than can be read.
    pub too_long: u64,
    /// An unknown zone.
    pub zone: Option<String>,
    /// Whether MariaDB wrote it.
    pub mariadb: bool,
}

impl Stats {
    /// Adds another's of the same source.
    pub fn merge(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.understood += other.understood;
        self.entries += other.entries;
        self.lines_unread += other.lines_unread;
        self.examples.extend(other.examples);
        self.examples.sort();
        self.examples.truncate(EXAMPLES);
        self.outside += other.outside;
        self.span = match (self.span, other.span) {
            (Some(own), Some(its)) => Some((own.0.min(its.0), own.1.max(its.1))),
            (own, its) => own.or(its),
        };
        self.steps_back += other.steps_back;
        self.us_unread += other.us_unread;
        self.too_long += other.too_long;
        self.zone = self.zone.take().or(other.zone);
        self.mariadb |= other.mariadb;
    }
}

/// Takes what a parser reads of one block.
pub struct Sink<'a> {
    /// The digest.
    pub digest: &'a mut Digest,
    /// Counts of the source.
    pub stats: &'a mut Stats,
    /// Reads times.
    pub clock: &'a mut Clock,
    /// Where the block begins in the source.
    pub offset: u64,
    /// Tells sessions of sources apart.
    pub salt: u64,
    /// Only entries from here on, µs.
    pub since: Option<i64>,
    /// Only entries before, µs.
    pub until: Option<i64>,
    last: Option<i64>,
    unread_since: bool,
}

impl<'a> Sink<'a> {
    /// A sink for a block.
    pub fn new(digest: &'a mut Digest, stats: &'a mut Stats, clock: &'a mut Clock, offset: u64, salt: u64) -> Self {
        Self { digest, stats, clock, offset, salt, since: None, until: None, last: None, unread_since: false }
    }

    /// Counts an entry of so many bytes; false when it is of another time than asked for.
    #[inline]
    pub fn entry(&mut self, at: Option<i64>, bytes: usize) -> bool {
        self.stats.entries += 1;
        self.stats.understood += bytes as u64;
        let Some(at) = at else { return true };
        if let Some(last) = self.last {
            if at < last - STEP_US {
                self.stats.steps_back += 1;
            }
            if self.unread_since {
                self.stats.us_unread += (at - last).max(0) as u64;
            }
        }
        self.unread_since = false;
        self.last = Some(at);
        self.stats.span = Some(self.stats.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        if self.since.is_some_and(|since| at < since) || self.until.is_some_and(|until| at >= until) {
            self.stats.outside += 1;
            return false;
        }
        true
    }

    /// Counts bytes of an entry that was counted already.
    #[inline]
    pub fn more(&mut self, bytes: usize) {
        self.stats.understood += bytes as u64;
    }

    /// Counts a line of no entry, which stands at a place of the block.
    #[cold]
    pub fn unread(&mut self, line: &[u8], at: usize) {
        self.stats.lines_unread += 1;
        self.unread_since = true;
        if self.stats.examples.len() < EXAMPLES {
            let text = String::from_utf8_lossy(&line[..line.len().min(EXAMPLE)]).into_owned();
            self.stats.examples.push((self.offset + at as u64, text));
        }
    }

    /// Names a session over all sources.
    #[must_use]
    pub fn session(&self, own: u64) -> u64 {
        if own == 0 { 0 } else { own ^ self.salt }
    }

    /// Takes an execution.
    #[inline]
    pub fn call(&mut self, call: &Call<'_>) {
        self.digest.call(call);
    }
}
