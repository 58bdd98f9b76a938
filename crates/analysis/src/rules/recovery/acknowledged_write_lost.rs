//! `recovery/acknowledged-write-lost`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/acknowledged-write-lost",
    title: "Acknowledged writes were lost",
    severity: Severity::Error,
    engines: ALL,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases of which a drill counted acknowledged writes that were gone after a crash, a failover or a restore, more
than the policy allows.

```facts finds postgresql
{"backups": {"drills": [{"drill": "crash", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 20, "acknowledged": [100000, 3]}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "crash", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 20, "acknowledged": [100000, 0]}]}}
```

## Why it matters
The program told somebody that it was saved. An order, a payment, a message is gone.

## When not to follow
Data whose last seconds may be lost: then the policy's `lost_writes` should say so.

## Fix
Find the cause in the drill's record: asynchronous commit, asynchronous replication, durability settings, a lying
disk. Drill again.

## How we verify
Proved by a ledger of acknowledged writes outside the database.

## References
Jepsen analyses; PostgreSQL manual, Asynchronous Commit, Synchronous Replication.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let standards = &context.policy.standards;
    let Some(ledger) = drills::ledger(context.facts, standards.drill_age_days).filter(|ledger| ledger.lost > standards.lost_writes) else {
        return Vec::new();
    };
    let message = format!("{} of {} acknowledged writes were lost in {} faults.", ledger.lost, ledger.acknowledged, ledger.faults);
    let evidence = Evidence::measured("lost", ledger.lost as f64, Unit::Count, "record of drills");
    vec![Finding::new(server_or_file(context), message).graded(Grade::Proved).evidence(evidence).risks(1.0)]
}
