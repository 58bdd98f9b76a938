//! What depends on the order of a session's statements: transactions, runs of one statement, durations logged apart. Read by
//! one reader in the order of the log, so that the result does not depend on how the log was parted. It keeps a bounded
//! number of sessions.

use dbwright_model::profile::{Phrase, Repetition, TransactionShape};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::entry::{Family, Timing};
use super::timeline::{Timelines, WeekCounts};
use super::{Hashed, Sums};

/// Sessions open at a time.
const SESSIONS: usize = 16_384;
/// Statements of a transaction that are told apart.
const PHRASES: usize = 24;
/// Shapes of transactions kept.
const SHAPES: usize = 2000;
/// Calls in a row that make a run.
const RUN: u64 = 10;
/// Sessions counted exactly; beyond it the number is a lower bound.
pub const COUNTED_SESSIONS: usize = 200_000;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// An execution, with what it does to the transaction.
    Call(Family),
    /// An execution whose duration comes in a record of its own.
    Announced(Family),
    /// That duration.
    Late,
}

/// A call in short.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Names the session; 0 when it is not known.
    pub session: u64,
    /// Low half of the statement's fingerprint.
    pub statement: u64,
    /// When it ended, µs; `i64::MIN` when it is not known.
    pub at: i64,
    /// Duration, µs.
    pub duration_us: u64,
    /// What it says.
    pub kind: RecordKind,
}

#[derive(Debug, Clone, Copy, Default)]
struct Run {
    statement: u64,
    before: u64,
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Default)]
struct Transaction {
    began: i64,
    phrases: Vec<(u64, bool)>,
    statements_us: u64,
    longer: bool,
}

#[derive(Debug, Default)]
struct Session {
    run: Run,
    transaction: Option<Box<Transaction>>,
    awaiting: Option<u64>,
    touched: u64,
}

#[derive(Debug, Default)]
struct Shape {
    phrases: Vec<(u64, bool)>,
    count: u64,
    rolled_back: u64,
    total_us: u64,
    max_us: u64,
    statements_us: u64,
}

#[derive(Debug, Default, Clone)]
struct Runs {
    found: Repetition,
    before: std::collections::BTreeMap<u64, u64>,
}

/// Follows sessions.
#[derive(Debug, Default)]
pub struct Sequences {
    sessions: Hashed<u64, Session>,
    seen: Hashed<u64, ()>,
    clock: u64,
    shapes: Hashed<u64, Shape>,
    runs: Hashed<u64, Runs>,
    /// Durations that came in entries of their own, by statement.
    pub late: Hashed<u64, Timing>,
    /// Their sums.
    pub late_sums: Sums,
    /// Durations whose statement is not in the log.
    pub lost_durations: u64,
    /// Whether sessions had to be given up for room.
    pub crowded: bool,
    /// Transactions of more statements than are told apart, and shapes without room.
    pub transactions_not_kept: u64,
}

impl Sequences {
    /// Takes records in the order of the log. Late durations are added to the timelines.
    pub fn take(&mut self, records: &[Record], timelines: &mut Timelines, week: &mut WeekCounts) {
        for record in records {
            self.clock += 1;
            if record.session == 0 {
                continue;
            }
            if self.seen.len() < COUNTED_SESSIONS {
                self.seen.insert(record.session, ());
            }
            match record.kind {
                RecordKind::Late => self.late(record, timelines, week),
                RecordKind::Call(family) | RecordKind::Announced(family) => self.call(record, family),
            }
        }
    }

    /// Sessions seen.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.seen.len() as u64
    }

    fn session(&mut self, number: u64) -> &mut Session {
        if self.sessions.len() >= SESSIONS && !self.sessions.contains_key(&number) {
            self.crowded = true;
            let horizon = self.clock.saturating_sub(SESSIONS as u64 * 8);
            let before = self.sessions.len();
            self.sessions.retain(|_, session| session.touched >= horizon);
            if self.sessions.len() == before {
                self.sessions.clear();
            }
        }
        let clock = self.clock;
        let session = self.sessions.entry(number).or_default();
        session.touched = clock;
        session
    }

    fn late(&mut self, record: &Record, timelines: &mut Timelines, week: &mut WeekCounts) {
        let session = self.session(record.session);
        let Some(statement) = session.awaiting.take() else {
            self.lost_durations += 1;
            return;
        };
        if session.run.statement == statement {
            session.run.total_us += record.duration_us;
        }
        if let Some(transaction) = &mut session.transaction {
            transaction.statements_us += record.duration_us;
        }
        self.late.entry(statement).or_default().add(record.duration_us);
        self.late_sums.timed += 1;
        self.late_sums.total_us += record.duration_us;
        if record.at != i64::MIN {
            timelines.late(record.at, record.duration_us);
            week.late(record.at, record.duration_us);
        }
    }

    fn call(&mut self, record: &Record, family: Family) {
        let session = self.session(record.session);
        session.awaiting = matches!(record.kind, RecordKind::Announced(_)).then_some(record.statement);
        let ended = session.run.take(record);
        let done = session.follow(record, family);
        if let Some(run) = ended {
            self.end_run(run);
        }
        if let Some((transaction, rolled_back)) = done {
            self.end_transaction(&transaction, record.at, rolled_back);
        }
    }

    fn end_run(&mut self, run: Run) {
        if run.calls < RUN {
            return;
        }
        let runs = self.runs.entry(run.statement).or_default();
        runs.found.runs += 1;
        runs.found.calls += run.calls;
        runs.found.longest = runs.found.longest.max(run.calls);
        runs.found.total_us += run.total_us;
        if run.before != 0 && (runs.before.len() < 64 || runs.before.contains_key(&run.before)) {
            *runs.before.entry(run.before).or_default() += 1;
        }
    }

    fn end_transaction(&mut self, transaction: &Transaction, ended: i64, rolled_back: bool) {
        if transaction.longer {
            self.transactions_not_kept += 1;
        }
        let hash = transaction.phrases.iter().fold(u64::from(transaction.longer), |hash, (statement, repeated)| {
            xxh3_64_with_seed(&statement.to_le_bytes(), hash.wrapping_mul(2) + u64::from(*repeated))
        });
        if self.shapes.len() >= SHAPES && !self.shapes.contains_key(&hash) {
            self.transactions_not_kept += 1;
            return;
        }
        let shape = self.shapes.entry(hash).or_insert_with(|| Shape { phrases: transaction.phrases.clone(), ..Shape::default() });
        let length = if ended == i64::MIN || transaction.began == i64::MIN { 0 } else { (ended - transaction.began).max(0) as u64 };
        shape.count += 1;
        shape.rolled_back += u64::from(rolled_back);
        shape.total_us += length;
        shape.max_us = shape.max_us.max(length);
        shape.statements_us += transaction.statements_us;
    }

    /// The transactions' shapes, most frequent first. `name` gives the fingerprint of a low half.
    #[must_use]
    pub fn transactions(&self, name: &dyn Fn(u64) -> Option<String>) -> Vec<TransactionShape> {
        let value = |shape: &Shape| TransactionShape {
            phrases: shape
                .phrases
                .iter()
                .map(|(statement, repeated)| Phrase { fingerprint: name(*statement).unwrap_or_default(), repeated: *repeated })
                .collect(),
            count: shape.count,
            rolled_back: shape.rolled_back,
            total_us: shape.total_us,
            max_us: shape.max_us,
            statements_us: shape.statements_us,
        };
        let mut all: Vec<TransactionShape> = self.shapes.values().map(value).collect();
        let key = |shape: &TransactionShape| shape.phrases.iter().map(|phrase| phrase.fingerprint.clone()).collect::<Vec<_>>();
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| key(a).cmp(&key(b))));
        all
    }

    /// Ends all runs: the log ends.
    pub fn finish(&mut self) {
        let open: Vec<Run> = self.sessions.drain().map(|(_, session)| session.run).collect();
        open.into_iter().for_each(|run| self.end_run(run));
    }

    /// Runs of a statement.
    #[must_use]
    pub fn repetition(&self, statement: u64, name: &dyn Fn(u64) -> Option<String>) -> Option<Repetition> {
        let runs = self.runs.get(&statement)?;
        let (before, times) = runs.before.iter().max_by_key(|(statement, times)| (**times, **statement)).unzip();
        let mostly = times.is_some_and(|times| times * 2 > runs.found.runs);
        Some(Repetition { after: before.filter(|_| mostly).and_then(|before| name(*before)), ..runs.found.clone() })
    }
}

impl Run {
    /// Goes on with a call; gives the run that it ends.
    fn take(&mut self, record: &Record) -> Option<Run> {
        if self.statement == record.statement {
            self.calls += 1;
            self.total_us += record.duration_us;
            return None;
        }
        let ended = *self;
        *self = Run { statement: record.statement, before: ended.statement, calls: 1, total_us: record.duration_us };
        Some(ended)
    }
}

impl Session {
    fn follow(&mut self, record: &Record, family: Family) -> Option<(Box<Transaction>, bool)> {
        match family {
            Family::Begin => {
                self.transaction = Some(Box::new(Transaction { began: record.at, ..Transaction::default() }));
                None
            }
            Family::Commit => self.transaction.take().map(|transaction| (transaction, false)),
            Family::Rollback => self.transaction.take().map(|transaction| (transaction, true)),
            Family::Transaction => None,
            Family::Other => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.add(record);
                }
                None
            }
        }
    }
}

impl Transaction {
    fn add(&mut self, record: &Record) {
        self.statements_us += record.duration_us;
        let room = self.phrases.len() < PHRASES;
        match self.phrases.last_mut() {
            Some((last, repeated)) if *last == record.statement => *repeated = true,
            _ if room => self.phrases.push((record.statement, false)),
            _ => self.longer = true,
        }
    }
}
