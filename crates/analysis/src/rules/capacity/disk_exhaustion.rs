//! `capacity/disk-exhaustion`.

use dbwright_model::health::Usage;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};
use crate::rules::shared::size;

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/disk-exhaustion",
    title: "Disk or memory nearly full",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Share of the disk from which there is no room left for repairs.
const DISK_SHARE: f64 = 0.85;
/// Share of memory from which writes are refused soon.
const MEMORY_SHARE: f64 = 0.9;
/// Share from which it is a matter of hours.
const URGENT_SHARE: f64 = 0.95;

const DOCS: &str = r#"
## Finds
More than 85 % of the disk of the data directory is used, or more than 90 % of the memory that an in-memory server may
take; from 95 % on it is an error. A cache that evicts keys by itself is meant to be full and left out.

```facts finds postgresql
{"health": {"disk": {"used": 91000000000, "limit": 100000000000}}}
```

```facts finds redis
{"health": {"memory": {"used": 1030000000, "limit": 1073741824}}, "settings": {"maxmemory-policy": {"value": "noeviction"}}}
```

```facts quiet postgresql
{"health": {"disk": {"used": 60000000000, "limit": 100000000000}}}
```

```facts quiet redis
{"health": {"memory": {"used": 1073000000, "limit": 1073741824}}, "settings": {"maxmemory-policy": {"value": "allkeys-lru"}}}
```

## Why it matters
On a full disk writes fail, temporary files end queries, and PostgreSQL stops when it can't write its log. Repairs need
room too.

## When not to follow
Disks that are grown by themselves before they are full.

## Fix
Look first for what should not be there: an inactive replication slot, archived log that is not taken away, old copies.
Then add room.

## How we verify
Bytes used and there, as the server or its operating system counts them.

## References
PostgreSQL manual, Monitoring Disk Usage; Redis documentation, Key eviction.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let health = &context.facts.health;
    let evicts = context.setting_text("maxmemory-policy").is_some_and(|policy| policy != "noeviction");
    let disk = health.disk.filter(|disk| disk.share() >= DISK_SHARE).map(|disk| finding("the disk of the data directory", disk));
    let memory = health.memory.filter(|memory| memory.limit > 0.0 && memory.share() >= MEMORY_SHARE && !evicts);
    disk.into_iter().chain(memory.map(|memory| finding("the memory that the server may take", memory))).collect()
}

fn finding(what: &str, usage: Usage) -> Finding {
    let message =
        format!("{:.0} % of {what} is used: {} are left of {}.", usage.share() * 100.0, size(usage.limit - usage.used), size(usage.limit));
    let finding = Finding::new("server", message)
        .evidence(Evidence::measured("used", usage.used, Unit::Bytes, "server"))
        .evidence(Evidence::measured("there", usage.limit, Unit::Bytes, "server"));
    if usage.share() >= URGENT_SHARE { finding.severe(Severity::Error).risks(0.9) } else { finding.risks(0.6) }
}
