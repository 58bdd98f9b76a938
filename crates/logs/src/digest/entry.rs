//! What is kept of one statement. Sums are exact; it never keeps more than a handful of its texts.

use dbwright_model::engine::Engine;
use dbwright_sql::lexer::{Kind, Lexer};

use super::histogram::Histogram;
use super::keys::Keys;
use super::timeline::Slots;
use super::{Call, Extras, family_of};
use crate::plans::Plans;

/// Slowest calls kept.
const SLOWEST: usize = 3;
/// Bytes kept of a text, and of its parameters.
const TEXT: usize = 3000;
/// Users, databases and applications told apart for a statement.
const WHO: usize = 16;

/// What a statement does to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Begins one.
    Begin,
    /// Ends it.
    Commit,
    /// Undoes it.
    Rollback,
    /// A savepoint or the like.
    Transaction,
    /// Anything else.
    Other,
}

/// Durations: exact sums and a histogram.
#[derive(Debug, Clone, Default)]
pub struct Timing {
    /// How many.
    pub count: u64,
    /// Their sum, µs.
    pub total_us: u64,
    /// Sum of their squares.
    pub squares: u128,
    /// Shortest, µs.
    pub min_us: u64,
    /// Longest, µs.
    pub max_us: u64,
    /// Their distribution.
    pub histogram: Histogram,
}

impl Timing {
    /// Counts a duration.
    #[inline]
    pub fn add(&mut self, duration_us: u64) {
        self.min_us = if self.count == 0 { duration_us } else { self.min_us.min(duration_us) };
        self.max_us = self.max_us.max(duration_us);
        self.count += 1;
        self.total_us = self.total_us.saturating_add(duration_us);
        self.squares = self.squares.saturating_add(u128::from(duration_us) * u128::from(duration_us));
        self.histogram.add(duration_us);
    }

    /// Adds another's durations.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.min_us = if self.count == 0 { other.min_us } else { self.min_us.min(other.min_us) };
        self.max_us = self.max_us.max(other.max_us);
        self.count += other.count;
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.squares = self.squares.saturating_add(other.squares);
        self.histogram.merge(&other.histogram);
    }

    /// Standard deviation of the sample, µs; none below two.
    #[must_use]
    pub fn deviation_us(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        let (n, sum) = (u128::from(self.count), u128::from(self.total_us));
        let spread = n.checked_mul(self.squares)?.checked_sub(sum.checked_mul(sum)?)?;
        Some((spread as f64 / (n as f64 * (n as f64 - 1.0))).sqrt())
    }
}

/// Sums of what some logs say beside durations.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExtraSums {
    /// Rows sent or changed.
    pub rows: Option<u64>,
    /// Rows examined.
    pub rows_examined: Option<u64>,
    /// Lock waits, µs.
    pub lock_us: Option<u64>,
    /// Temporary bytes.
    pub temporary_bytes: Option<u64>,
    /// Calls without index.
    pub full_scans: Option<u64>,
    /// The engine's identifier, as last seen.
    pub engine_id: Option<i64>,
}

fn plus(sum: &mut Option<u64>, value: Option<u64>) {
    if let Some(value) = value {
        *sum = Some(sum.unwrap_or(0).saturating_add(value));
    }
}

impl ExtraSums {
    /// Adds those of a call.
    pub fn add(&mut self, extras: &Extras) {
        let rows = match (extras.rows_sent, extras.rows_affected) {
            (None, None) => None,
            (sent, affected) => Some(sent.unwrap_or(0) + affected.unwrap_or(0)),
        };
        plus(&mut self.rows, rows);
        plus(&mut self.rows_examined, extras.rows_examined);
        plus(&mut self.lock_us, extras.lock_us);
        plus(&mut self.temporary_bytes, extras.temporary_bytes);
        plus(&mut self.full_scans, extras.full_scan.map(u64::from));
        self.engine_id = extras.engine_id.or(self.engine_id);
    }

    fn merge(&mut self, other: &Self) {
        plus(&mut self.rows, other.rows);
        plus(&mut self.rows_examined, other.rows_examined);
        plus(&mut self.lock_us, other.lock_us);
        plus(&mut self.temporary_bytes, other.temporary_bytes);
        plus(&mut self.full_scans, other.full_scans);
        self.engine_id = self.engine_id.or(other.engine_id);
    }
}

/// A call kept as an example.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Duration, µs.
    pub duration_us: Option<u64>,
    /// When.
    pub at: Option<i64>,
    /// The text.
    pub text: Box<[u8]>,
    /// Parameters as logged.
    pub parameters: Box<[u8]>,
    /// Account.
    pub user: Box<[u8]>,
    /// Database.
    pub database: Box<[u8]>,
}

impl Kept {
    fn of(call: &Call<'_>) -> Self {
        let cut = |bytes: &[u8]| bytes[..bytes.len().min(TEXT)].into();
        Self {
            duration_us: call.duration_us,
            at: call.at,
            text: cut(call.text),
            parameters: cut(call.parameters),
            user: cut(call.who.user),
            database: cut(call.who.database),
        }
    }
}

/// The slowest calls, and one chosen by its hash: the same whoever reads which part.
#[derive(Debug, Clone, Default)]
pub struct Examples {
    /// Slowest first, each with its hash.
    pub slowest: Vec<(u64, Kept)>,
    /// The one with the smallest hash.
    pub typical: Option<(u64, Kept)>,
    /// What a call has to exceed to be among the slowest; of equal durations the smaller hash stays.
    floor: (u64, u64),
}

impl Examples {
    /// Keeps the call if it is one of those to keep.
    #[inline]
    pub fn offer(&mut self, call: &Call<'_>, hash: u64) {
        // The place enters the hash, else a text that repeats could never be chosen over a smaller one.
        let hash = hash ^ call.offset.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (floor, its_hash) = self.floor;
        if call.duration_us.is_some_and(|us| us > floor || self.slowest.len() < SLOWEST || (us == floor && hash < its_hash)) {
            self.keep(hash, Kept::of(call));
        }
        if self.typical.as_ref().is_none_or(|(least, _)| hash < *least) {
            self.typical = Some((hash, Kept::of(call)));
        }
    }

    #[cold]
    fn keep(&mut self, hash: u64, kept: Kept) {
        self.slowest.push((hash, kept));
        self.slowest.sort_by(|a, b| b.1.duration_us.cmp(&a.1.duration_us).then_with(|| a.cmp(b)));
        self.slowest.truncate(SLOWEST);
        if let Some((hash, last)) = self.slowest.last().filter(|_| self.slowest.len() == SLOWEST) {
            self.floor = (last.duration_us.unwrap_or(0), *hash);
        }
    }

    fn merge(&mut self, other: Self) {
        other.slowest.into_iter().for_each(|(hash, kept)| self.keep(hash, kept));
        if let Some((hash, kept)) = other.typical
            && self.typical.as_ref().is_none_or(|(least, _)| hash < *least)
        {
            self.typical = Some((hash, kept));
        }
    }
}

/// All that is kept of a statement.
#[derive(Debug)]
pub struct Entry {
    /// Its fingerprint.
    pub fingerprint: u128,
    /// A text of it, for shape and display.
    pub text: Box<[u8]>,
    /// What it does to a transaction.
    pub family: Family,
    /// Whether it writes, by its first words.
    pub writes: bool,
    /// Whether a text of it was cut.
    pub truncated: bool,
    /// Executions.
    pub calls: u64,
    /// Durations of executions.
    pub timing: Timing,
    /// Durations of executions known by their plans.
    pub planned: Timing,
    /// Parsing and binding, µs.
    pub preparing_us: Option<u64>,
    /// Further sums.
    pub extras: ExtraSums,
    /// Errors.
    pub errors: u64,
    /// First and last time, µs.
    pub span: Option<(i64, i64)>,
    /// Calls over time.
    pub slots: Slots,
    /// By whom.
    pub who: Vec<(u32, u64)>,
    /// Examples.
    pub examples: Examples,
    /// Values asked for.
    pub keys: Keys,
    /// Plans logged.
    pub plans: Plans,
    /// Calls that may be missing.
    pub missing_at_most: u64,
}

impl Entry {
    /// An entry without calls.
    #[must_use]
    pub fn new(fingerprint: u128, text: &[u8], engine: Engine) -> Self {
        let (family, writes) = look(text, engine);
        Self {
            fingerprint,
            text: text[..text.len().min(TEXT)].into(),
            family,
            writes,
            truncated: false,
            calls: 0,
            timing: Timing::default(),
            planned: Timing::default(),
            preparing_us: None,
            extras: ExtraSums::default(),
            errors: 0,
            span: None,
            slots: Slots::default(),
            who: Vec::new(),
            examples: Examples::default(),
            keys: Keys::default(),
            plans: Plans::default(),
            missing_at_most: 0,
        }
    }

    /// Notes when a call ended.
    #[inline]
    pub fn at(&mut self, time: i64, duration_us: u64) {
        self.span = Some(self.span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        self.slots.add(time, 1, duration_us);
    }

    /// Counts a call of a user.
    #[inline]
    pub fn count_who(&mut self, who: u32) {
        self.count_who_by(who, 1);
    }

    fn count_who_by(&mut self, who: u32, calls: u64) {
        if who == u32::MAX {
            return;
        }
        if let Some((_, count)) = self.who.iter_mut().find(|(number, _)| *number == who) {
            *count += calls;
            return;
        }
        let who = if self.who.len() < WHO { who } else { u32::MAX - 1 };
        match self.who.iter_mut().find(|(number, _)| *number == who) {
            Some((_, count)) => *count += calls,
            None => self.who.push((who, calls)),
        }
    }

    /// Gives its users the numbers of another table of names.
    pub fn rename(&mut self, renamed: &[u32]) {
        for (number, _) in &mut self.who {
            *number = renamed.get(*number as usize).copied().unwrap_or(u32::MAX - 1);
        }
    }

    /// Adds another's of the same fingerprint.
    pub fn merge(&mut self, mut other: Self, renamed: &[u32]) {
        other.rename(renamed);
        // The smaller text, so that it does not depend on who read first.
        if (other.text.len(), &other.text) < (self.text.len(), &self.text) {
            self.text = other.text;
        }
        self.truncated |= other.truncated;
        self.calls += other.calls;
        self.timing.merge(&other.timing);
        self.planned.merge(&other.planned);
        plus(&mut self.preparing_us, other.preparing_us);
        self.extras.merge(&other.extras);
        self.errors += other.errors;
        self.span = match (self.span, other.span) {
            (Some(own), Some(its)) => Some((own.0.min(its.0), own.1.max(its.1))),
            (own, its) => own.or(its),
        };
        self.slots.merge(&other.slots);
        for (who, calls) in other.who {
            self.count_who_by(who, calls);
        }
        self.examples.merge(other.examples);
        self.keys.merge(other.keys);
        self.plans.merge(other.plans);
        self.missing_at_most += other.missing_at_most;
    }
}

/// What a statement's first words say, and whether it writes.
fn look(text: &[u8], engine: Engine) -> (Family, bool) {
    let mut words = Lexer::new(text, engine).filter(|token| !token.kind.is_comment() && token.kind != Kind::OpenParenthesis);
    let word = words.next().map(|token| token.bytes(text)).unwrap_or_default();
    if word.eq_ignore_ascii_case(b"with") {
        let writing = |word: &[u8]| [&b"insert"[..], b"update", b"delete", b"merge"].iter().any(|name| word.eq_ignore_ascii_case(name));
        let writes = words.take(4000).any(|token| token.kind == Kind::Word && writing(token.bytes(text)));
        return (Family::Other, writes);
    }
    let next = words.find(|token| token.kind == Kind::Word).map(|token| token.bytes(text)).unwrap_or_default();
    let writing = [&b"insert"[..], b"update", b"delete", b"merge", b"replace", b"copy", b"truncate", b"create", b"alter", b"drop"];
    (family_of(word, next), writing.iter().any(|name| word.eq_ignore_ascii_case(name)))
}
