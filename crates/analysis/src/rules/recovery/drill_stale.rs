//! `recovery/drill-stale`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/drill-stale",
    title: "Last restore drill is too old",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases whose last restore drill is older than the policy's `drill_age`, 30 days by default.

```facts finds postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-10-01T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 1}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40.0, "faults": 1}]}}
```

## Why it matters
Since then versions, sizes, keys and people have changed, each of which has made restores fail.

## When not to follow
Data that have not changed since.

## Fix
Drill again, best by schedule.

## How we verify
Read from the record of drills.

## References
Google, Site Reliability Engineering, Data Integrity.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(latest) = drills::latest(context.facts, &["restore", "point-in-time"]) else { return Vec::new() };
    let (age, limit) = (context.facts.taken_at.days_since(latest.at), context.policy.standards.drill_age_days);
    if age <= limit {
        return Vec::new();
    }
    let message = format!("The last restore was drilled {age:.0} days ago; the limit is {limit:.0}.");
    vec![Finding::new(server_or_file(context), message).evidence(Evidence::measured("age", age, Unit::Days, "record of drills")).risks(0.5)]
}
