//! `recovery/backup-too-old`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use super::support::server_or_file;
use crate::context::Context;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/backup-too-old",
    title: "Newest backup is too old",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Backups],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases whose newest backup is older than the policy's `backup_age`, one day by default.

```facts finds postgresql
{"backups": {"backups": [{"kind": "base backup", "location": "another site", "taken_at": "2026-11-20T00:00:00Z"}]}}
```

```facts quiet postgresql
{"backups": {"backups": [{"kind": "base backup", "location": "another site", "taken_at": "2026-11-23T12:00:00Z"}]}}
```

## Why it matters
Whatever was written since is lost with the machine, or has to be replayed from the log for so long that the goal for
recovery is missed.

## When not to follow
Data that nobody has changed since.

## Fix
Find out why the scheduled backup did not run, run it, and let somebody be told next time.

## How we verify
The newest time of completion is compared with the time when the facts were taken.

## References
PostgreSQL manual, Backup and Restore.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let facts = context.facts;
    let Some(newest) = facts.backups.backups.iter().filter_map(|one| one.taken_at).max() else { return Vec::new() };
    let (age, limit) = (facts.taken_at.days_since(newest), context.policy.standards.backup_age_days);
    if age <= limit {
        return Vec::new();
    }
    let message = format!("The newest backup is {age:.1} days old; the limit is {limit:.1}.");
    let finding =
        Finding::new(server_or_file(context), message).evidence(Evidence::measured("age", age, Unit::Days, "list of backups")).risks(0.6);
    vec![if age > 7.0 * limit { finding.severe(Severity::Error).risks(0.8) } else { finding }]
}
