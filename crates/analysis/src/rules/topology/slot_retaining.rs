//! `topology/slot-retaining`.

use dbwright_model::topology::Slot;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/slot-retaining",
    title: "A replication slot keeps the log from being removed",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

/// Log kept by an unused slot from which it is no short interruption, bytes.
const UNUSED_BYTES: f64 = 268_435_456.0;
/// Log kept by a slot in use from which its consumer does not keep up, bytes.
const USED_BYTES: f64 = 10_737_418_240.0;

const DOCS: &str = r#"
## Finds
Replication slots that nobody uses and that keep 256 MB of log or more; slots in use whose consumer is 10 GB behind; and
slots whose log is already lost. An error where the kept log is more than half of the free disk.

```facts finds postgresql
{"topology": {"slots": [{"name": "old_standby", "kind": "physical", "active": false, "retained_bytes": 43000000000, "state": "extended"}]},
 "settings": {"max_slot_wal_keep_size": {"value": "-1", "unit": "MB", "origin": "default"}}}
```

```facts quiet postgresql
{"topology": {"slots": [{"name": "east", "kind": "physical", "active": true, "retained_bytes": 33554432, "state": "reserved"}, {"name": "nightly", "kind": "logical", "active": false, "retained_bytes": 16777216, "state": "reserved"}]}}
```

## Why it matters
A slot keeps every log segment until its consumer has read it. When the consumer never comes back, the disk fills and the
server stops; a logical slot also keeps vacuum from removing dead rows of the catalog.

## When not to follow
While a replica is being rebuilt or a consumer is in maintenance, and the disk has room for the time that takes.

## Fix
If the consumer is gone for good: `SELECT pg_drop_replication_slot('name')`; it can't be undone, so it is not proposed as a
change. Set `max_slot_wal_keep_size` so that a forgotten slot is given up before the disk is full.

## How we verify
Read from pg_replication_slots: active, wal_status, and the distance of restart_lsn to the current position.

## References
PostgreSQL manual, Replication Slots; pg_replication_slots; max_slot_wal_keep_size.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    context.facts.topology.slots.iter().filter_map(|slot| judge(context, slot)).collect()
}

fn judge(context: &Context<'_>, slot: &Slot) -> Option<Finding> {
    if slot.state.as_deref() == Some("lost") {
        let message =
            format!("The log that slot {} needs has been removed: its consumer can't go on and has to be set up anew.", slot.name);
        return Some(
            Finding::new(&slot.name, message)
                .evidence(Evidence::text("wal_status", "lost", "pg_replication_slots"))
                .severe(Severity::Error)
                .risks(0.6),
        );
    }
    let bytes = slot.retained_bytes?;
    if bytes < if slot.active { USED_BYTES } else { UNUSED_BYTES } {
        return None;
    }
    let free = context.facts.health.disk.map(|disk| disk.limit - disk.used);
    let pressing = free.is_some_and(|free| bytes > free * 0.5);
    let who = if slot.active { "whose consumer lags" } else { "that nobody uses" };
    let message = format!(
        "Slot {} {who} keeps {:.1} GB of log; it grows with every write until the disk is full.",
        slot.name,
        bytes / 1_073_741_824.0
    );
    let mut finding = Finding::new(&slot.name, message)
        .evidence(Evidence::measured("log kept", bytes, Unit::Bytes, "pg_replication_slots"))
        .evidence(Evidence::text("kind", slot.kind.clone(), "pg_replication_slots"))
        .costs_bytes(bytes)
        .risks(if pressing { 0.8 } else { 0.5 });
    if let Some(free) = free {
        finding = finding.evidence(Evidence::measured("disk free", free, Unit::Bytes, "file system"));
    }
    if pressing {
        finding = finding.severe(Severity::Error);
    }
    Some(finding.change_if(bound(context, bytes)))
}

/// A bound on what slots may keep, above what this one keeps, so that nothing is given up by the change itself.
fn bound(context: &Context<'_>, bytes: f64) -> Option<dbwright_model::change::Change> {
    if context.facts.major_version() < 13 || context.setting_number("max_slot_wal_keep_size")? >= 0.0 {
        return None;
    }
    let megabytes = (bytes * 2.0 / 1_048_576.0).ceil();
    let summary = format!("Give a slot up that keeps more than {megabytes:.0} MB of log, twice what this one keeps now");
    context.change_setting("max_slot_wal_keep_size", &format!("'{megabytes:.0}MB'"), &summary)
}
