//! `recovery/restore-failed`.

use dbwright_model::{FactKind, Finding, Grade, Severity};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/restore-failed",
    title: "Restore drill failed",
    severity: Severity::Error,
    engines: ALL,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases whose last restore drill did not pass, for another reason than differences between source and copy.

```facts finds postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": false, "recovery_seconds": 40.0, "faults": 1}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 1}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": false, "recovery_seconds": 40.0, "faults": 1, "differences": ["table sale: 3 rows less"]}]}}
```

## Why it matters
The backup does not bring the data back. Until it does, there is none.

## When not to follow
Never: a backup that can't be restored is none.

## Fix
Read the drill's log, mend the cause, drill again.

## How we verify
Proved by executing the restore. Afterwards a later drill passes.

## References
PostgreSQL manual, Backup and Restore.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(latest) = drills::latest(context.facts, &["restore", "point-in-time"]) else { return Vec::new() };
    if latest.passed || !latest.differences.is_empty() {
        return Vec::new();
    }
    let message = format!("The {} drill of {} failed: the newest backup does not bring the database back.", latest.drill, latest.at);
    vec![Finding::new(server_or_file(context), message).graded(Grade::Proved).risks(1.0)]
}
