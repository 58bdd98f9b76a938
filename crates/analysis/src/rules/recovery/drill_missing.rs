//! `recovery/drill-missing`.

use dbwright_model::{FactKind, Finding, Severity};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/drill-missing",
    title: "No restore was ever drilled",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases with a record of drills that holds no restore of them.

```facts finds postgresql
{"backups": {"drills": []}}
```

```facts quiet postgresql
{}
```

## Why it matters
A backup that was never restored is a hope. Most failures show only then: missing roles, a lost key, a chain with a
hole, hours instead of minutes.

## When not to follow
Data that can be made again from elsewhere.

## Fix
Restore the newest backup into a scratch server, compare, take the time, and keep the record under backups.drills.

## How we verify
Read from the record of drills.

## References
Google, Site Reliability Engineering, Data Integrity: what you read is what you wrote.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if drills::latest(context.facts, &["restore", "point-in-time"]).is_some() {
        return Vec::new();
    }
    vec![
        Finding::new(server_or_file(context), "No restore of this database was ever drilled: whether its backups work is not known.")
            .risks(0.7),
    ]
}
