//! Checks a log of operations on shared registers (`model::history`): reads of values that nobody wrote or that were not
//! done, updates lost to one another, and whether each register behaved as a single copy. It never says "fine" of what it
//! could not search: then it says that it does not know.

mod anomalies;
mod linearizable;
mod read;

use dbwright_model::history::{Event, Function, Moment};

pub use linearizable::{Linearizable, MOST_STATES};
pub use read::{HistoryError, read};

#[cfg(test)]
mod tests;

/// An operation from its invocation to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The client.
    pub process: u32,
    /// What it does.
    pub function: Function,
    /// The register.
    pub key: u32,
    /// Value that it writes; none of a read.
    pub wrote: Option<i64>,
    /// Value that it saw; none where the client was not told.
    pub saw: Option<i64>,
    /// Invoked at, µs.
    pub from_us: u64,
    /// Ended at, µs; of an unknown outcome never.
    pub to_us: u64,
    /// How it ended.
    pub end: Moment,
}

/// Something that can't happen in a database that keeps its promises.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anomaly {
    /// The register.
    pub key: u32,
    /// What happened, with processes, values and times.
    pub what: String,
}

/// What the checks found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Operations that were done.
    pub done: u64,
    /// Operations whose outcome is not known.
    pub unknown: u64,
    /// Reads of a value whose write was not done.
    pub dirty_reads: Vec<Anomaly>,
    /// Reads of a value that no operation wrote.
    pub phantom_reads: Vec<Anomaly>,
    /// Updates that were done on the same value: all but one are lost.
    pub lost_updates: Vec<Anomaly>,
    /// Registers that no single copy could have behaved like.
    pub not_linearizable: Vec<Anomaly>,
    /// Registers found linearizable.
    pub linearizable: u64,
    /// Registers whose search was given up at its bound.
    pub undecided: Vec<u32>,
}

impl Checked {
    /// All anomalies with the name of their kind.
    pub fn anomalies(&self) -> impl Iterator<Item = (&'static str, &Anomaly)> {
        fn named<'a>(name: &'static str, found: &'a [Anomaly]) -> Vec<(&'static str, &'a Anomaly)> {
            found.iter().map(|one| (name, one)).collect()
        }
        [
            named("dirty read", &self.dirty_reads),
            named("phantom read", &self.phantom_reads),
            named("lost update", &self.lost_updates),
            named("not linearizable", &self.not_linearizable),
        ]
        .into_iter()
        .flatten()
    }
}

/// Checks a history, searching at most so many states of each register.
#[must_use]
pub fn check(events: &[Event], most_states: usize) -> Checked {
    let operations = operations(events);
    let mut checked = Checked {
        done: operations.iter().filter(|one| one.end == Moment::Ok).count() as u64,
        unknown: operations.iter().filter(|one| one.end == Moment::Unknown).count() as u64,
        ..Checked::default()
    };
    anomalies::reads(&operations, &mut checked);
    checked.lost_updates = anomalies::lost_updates(&operations);
    let mut keys: Vec<u32> = operations.iter().map(|one| one.key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let own: Vec<Operation> = operations.iter().filter(|one| one.key == key).copied().collect();
        match linearizable::check(&own, most_states) {
            Linearizable::Yes => checked.linearizable += 1,
            Linearizable::No(what) => checked.not_linearizable.push(Anomaly { key, what }),
            Linearizable::Unknown => checked.undecided.push(key),
        }
    }
    checked
}

/// Pairs invocations with their ends, in the order of invocation. What was never answered is unknown.
#[must_use]
pub fn operations(events: &[Event]) -> Vec<Operation> {
    let mut open: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
    let mut operations: Vec<Operation> = Vec::new();
    for event in events {
        if event.moment == Moment::Invoke {
            open.insert(event.process, operations.len());
            let wrote = event.value.filter(|_| event.function != Function::Read);
            let (from_us, end) = (event.at_us, Moment::Unknown);
            let (process, function, key) = (event.process, event.function, event.key);
            operations.push(Operation { process, function, key, wrote, saw: None, from_us, to_us: u64::MAX, end });
        } else if let Some(at) = open.remove(&event.process) {
            let operation = &mut operations[at];
            operation.end = event.moment;
            operation.saw = if operation.function == Function::Read { event.value } else { event.read };
            operation.wrote = event.value.filter(|_| operation.function == Function::Update).or(operation.wrote);
            if event.moment != Moment::Unknown {
                operation.to_us = event.at_us;
            }
        }
    }
    operations.sort_by_key(|one| (one.from_us, one.process));
    operations
}
