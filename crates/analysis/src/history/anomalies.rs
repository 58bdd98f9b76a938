//! Anomalies that two operations show by themselves: dirty and phantom reads, lost updates. It never searches.

use std::collections::BTreeMap;

use dbwright_model::history::{Function, Moment};

use super::{Anomaly, Checked, Operation};

/// Reads of values that nobody wrote, or whose write was not done.
pub(super) fn reads(operations: &[Operation], checked: &mut Checked) {
    let mut writes: BTreeMap<(u32, i64), &Operation> = BTreeMap::new();
    for operation in operations {
        if let Some(value) = operation.wrote {
            writes.insert((operation.key, value), operation);
        }
    }
    for reader in operations.iter().filter(|one| one.end == Moment::Ok) {
        let Some(value) = reader.saw.filter(|value| *value != 0) else { continue };
        let (key, process, at) = (reader.key, reader.process, reader.to_us);
        match writes.get(&(key, value)) {
            None => {
                let what = format!("process {process} read {value} at {at} µs, which no operation wrote");
                checked.phantom_reads.push(Anomaly { key, what });
            }
            Some(writer) if writer.end == Moment::Fail => {
                let what = format!("process {process} read {value} at {at} µs, whose write by process {} was not done", writer.process);
                checked.dirty_reads.push(Anomaly { key, what });
            }
            Some(_) => {}
        }
    }
}

/// Updates that were done on the same value. As no value is written twice, only one of them can have followed it.
pub(super) fn lost_updates(operations: &[Operation]) -> Vec<Anomaly> {
    let mut by_seen: BTreeMap<(u32, i64), Vec<&Operation>> = BTreeMap::new();
    for update in operations.iter().filter(|one| one.function == Function::Update && one.end == Moment::Ok) {
        if let Some(value) = update.saw {
            by_seen.entry((update.key, value)).or_default().push(update);
        }
    }
    let several = by_seen.into_iter().filter(|(_, updates)| updates.len() > 1);
    several
        .map(|((key, value), updates)| {
            let wrote: Vec<String> = updates
                .iter()
                .map(|one| format!("process {} wrote {} at {} µs", one.process, one.wrote.unwrap_or_default(), one.to_us))
                .collect();
            Anomaly { key, what: format!("{} updates were done on the value {value}: {}", updates.len(), wrote.join(", ")) }
        })
        .collect()
}
