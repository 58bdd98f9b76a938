//! `capacity/disk-exhaustion`.

use dbwright_model::health::Usage;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::shared::size;

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/disk-exhaustion",
    title: "Disk nearly full",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Share of the disk from which there is no room left for repairs.
const DISK_SHARE: f64 = 0.85;
/// Share from which it is a matter of hours.
const URGENT_SHARE: f64 = 0.95;

const DOCS: &str = r#"
## Finds
More than 85 % of the disk of the data directory is used; from 95 % on it is an error.

```facts finds postgresql
{"health": {"disk": {"used": 91000000000, "limit": 100000000000}}}
```

```facts quiet postgresql
{"health": {"disk": {"used": 60000000000, "limit": 100000000000}}}
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
PostgreSQL manual, Monitoring Disk Usage.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let health = &context.facts.health;
    let disk = health.disk.filter(|disk| disk.share() >= DISK_SHARE).map(|disk| finding("the disk of the data directory", disk));
    disk.into_iter().collect()
}

fn finding(what: &str, usage: Usage) -> Finding {
    let message =
        format!("{:.0} % of {what} is used: {} are left of {}.", usage.share() * 100.0, size(usage.limit - usage.used), size(usage.limit));
    let finding = Finding::new("server", message)
        .evidence(Evidence::measured("used", usage.used, Unit::Bytes, "server"))
        .evidence(Evidence::measured("there", usage.limit, Unit::Bytes, "server"));
    if usage.share() >= URGENT_SHARE { finding.severe(Severity::Error).risks(0.9) } else { finding.risks(0.6) }
}
