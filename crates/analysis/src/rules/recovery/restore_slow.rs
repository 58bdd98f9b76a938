//! `recovery/restore-slow`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/restore-slow",
    title: "Restore takes longer than its goal",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases whose restore drills took longer than the policy's goal for recovery, one hour by default.

```facts finds postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 5000.0, "faults": 1}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 1}]}}
```

## Why it matters
The outage lasts at least that long, and longer: somebody must notice, decide and be awake.

## When not to follow
When nobody needs the data back so soon: then the goal should say so.

## Fix
Restore a physical copy instead of a dump, keep base backups younger so that less log is replayed, restore in
parallel, or keep a standby.

## How we verify
Proved by executing the restore: from start to the first validated query.

## References
pgBackRest and PostgreSQL manuals on parallel restore; log replay is single-threaded.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let standards = &context.policy.standards;
    let Some(time) =
        drills::recovery_time(context.facts, standards.drill_age_days).filter(|time| time.longest >= standards.recovery_seconds)
    else {
        return Vec::new();
    };
    let message =
        format!("The restore took {:.0} s in its longest drill; the goal is below {:.0} s.", time.longest, standards.recovery_seconds);
    let finding = Finding::new(server_or_file(context), message).graded(Grade::Proved);
    vec![finding.evidence(Evidence::measured("longest", time.longest, Unit::Seconds, "record of drills")).risks(0.6)]
}
