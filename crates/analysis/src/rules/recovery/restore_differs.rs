//! `recovery/restore-differs`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/restore-differs",
    title: "Restored copy differs from its source",
    severity: Severity::Error,
    engines: ALL,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases whose last restore drill found differences between source and restored copy, in rows, catalog, roles or
settings.

```facts finds postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": false, "recovery_seconds": 40.0, "faults": 1, "differences": ["table sale: 3 rows less"]}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 1}]}}
```

## Why it matters
The restore ends without an error and something is missing. It shows weeks later.

## When not to follow
Differences that the drill's report explains and you accept: sequences ahead, unlogged tables empty.

## Fix
Complete the backup by what is missing, drill again.

## How we verify
Proved by comparing the restored copy. Afterwards a later drill finds no difference.

## References
PostgreSQL manual, Backup and Restore.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(latest) = drills::latest(context.facts, &["restore", "point-in-time"]) else { return Vec::new() };
    let Some(first) = latest.differences.first() else { return Vec::new() };
    let message =
        format!("The {} drill of {} found {} differences between source and copy.", latest.drill, latest.at, latest.differences.len());
    let finding = Finding::new(server_or_file(context), message).graded(Grade::Proved);
    vec![finding.evidence(Evidence::text("first difference", first.clone(), "record of drills")).risks(0.9)]
}
