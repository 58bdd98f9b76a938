//! `recovery/no-backup`.

use dbwright_model::{FactKind, Finding, Severity};

use super::support::server_or_file;
use crate::context::Context;
use crate::drills;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/no-backup",
    title: "No backup is known",
    severity: Severity::Error,
    engines: ALL,
    needs: &[FactKind::Backups],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases of which no backup is known, although the place where backups lie was looked at, and no restore was drilled
lately.

```facts finds postgresql
{"backups": {"backups": [], "drills": []}}
```

```facts quiet postgresql
{"backups": {"backups": []}}
```

```facts quiet postgresql
{"backups": {"backups": [], "drills": []}, "target": {"service": "Amazon RDS"}}
```

## Why it matters
A disk, a typing error or an intruder ends the data. Replicas repeat a DROP TABLE within milliseconds: they are no
backup.

## When not to follow
Data that can be made again from elsewhere: caches, test data.

## Fix
Take one, store it on another machine under another account, and drill its restore.

## How we verify
Read from the list of backups. A restore drill that passed counts as evidence of a backup.

## References
PostgreSQL manual, Backup and Restore. SQLite manual, the backup API and VACUUM INTO.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let facts = context.facts;
    let days = context.policy.standards.drill_age_days;
    let drilled = drills::latest(facts, &["restore", "point-in-time"])
        .is_some_and(|drill| drill.passed && facts.taken_at.days_since(drill.at) <= days);
    if !facts.backups.backups.is_empty() || drilled || facts.target.service.is_some() {
        return Vec::new();
    }
    let finding = Finding::new(server_or_file(context), "No backup is known: what is lost stays lost.");
    let cache = is_cache(context);
    vec![if cache { finding.severe(Severity::Info).risks(0.2) } else { finding.risks(0.9) }]
}

/// A store that may throw away any key to make room promises nobody to keep them.
fn is_cache(context: &Context<'_>) -> bool {
    context.setting_text("maxmemory-policy").is_some_and(|policy| policy.starts_with("allkeys-"))
}
