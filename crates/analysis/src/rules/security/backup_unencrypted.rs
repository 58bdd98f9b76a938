//! `security/backup-unencrypted`.

use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{ALL, Rule};
use crate::sensitivity::Condition;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/backup-unencrypted",
    title: "Backup of sensitive data in clear",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Backups],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Backups that are known not to be encrypted, of databases with columns that look sensitive or declared to be.

```facts finds postgresql
{"backups": {"backups": [{"kind": "dump", "location": "share", "taken_at": "2026-11-23T12:00:00Z", "encrypted": false}]}, "catalog": {"collections": [{"name": {"schema": "public", "name": "person"}, "fields": [{"name": "email", "type_name": "text", "family": "text"}]}]}}
```

```facts quiet postgresql
{"backups": {"backups": [{"kind": "dump", "location": "share", "taken_at": "2026-11-23T12:00:00Z", "encrypted": false}]}}
```

## Why it matters
A backup is the whole database without its guards, and it travels: to shares, laptops, other companies' disks.

## When not to follow
Where the place it lies on encrypts by itself.

## Fix
Encrypt in the backup tool, keep the key where a loss of this machine does not take it along, and drill a restore with
that key.

## How we verify
Read from the list of backups.

## References
PostgreSQL and pgBackRest manuals on repository encryption.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let open: Vec<_> = context.facts.backups.backups.iter().filter(|one| one.encrypted == Some(false)).collect();
    let Some(first) = open.first() else { return Vec::new() };
    if Condition::of(context.facts, context.policy).sensitive.value != Some(true) {
        return Vec::new();
    }
    let message = format!("{} backups of sensitive data are not encrypted, at {} for one.", open.len(), first.location);
    vec![Finding::new("database", message).risks(0.6)]
}
