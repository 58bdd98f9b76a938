//! `recovery/incomplete-backup`.

use dbwright_model::{Evidence, FactKind, Finding, Severity};

use super::support::server_or_file;
use crate::context::Context;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/incomplete-backup",
    title: "Backup that lacks something",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Backups],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Newest backups of each kind that are known to lack something that a restore needs: roles, grants, extensions,
settings, large objects.

```facts finds postgresql
{"backups": {"backups": [{"kind": "dump", "location": "another site", "taken_at": "2026-11-23T12:00:00Z", "lacks": ["roles", "grants"]}]}}
```

```facts quiet postgresql
{"backups": {"backups": [{"kind": "dump", "location": "another site", "taken_at": "2026-11-23T12:00:00Z", "lacks": ["roles"]}, {"kind": "base backup", "location": "another site", "taken_at": "2026-11-23T13:00:00Z", "lacks": []}]}}
```

## Why it matters
The rows come back and nobody may read them: owners, grants and settings are what a restore at night spends its hours
on.

## When not to follow
Where roles and settings are kept elsewhere and a drill has put both together.

## Fix
Save the rest too: `pg_dumpall --globals-only` beside each dump, the configuration files beside each base backup.

## How we verify
Read from the list of backups. A restore drill compares the catalogs.

## References
PostgreSQL manual, Backup and Restore. pg_dump, pg_dumpall.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let backups = &context.facts.backups.backups;
    if backups.is_empty() || backups.iter().any(|one| one.lacks.is_empty()) {
        return Vec::new();
    }
    let Some(newest) = backups.iter().max_by_key(|one| one.taken_at) else { return Vec::new() };
    let message = format!("The newest backup, a {}, lacks {}.", newest.kind, newest.lacks.join(", "));
    let finding = Finding::new(server_or_file(context), message)
        .evidence(Evidence::text("lacks", newest.lacks.join(", "), "list of backups"))
        .risks(0.4);
    // A snapshot file never holds more than the data: that is the engine's way, not an oversight.
    vec![if newest.kind == "rdb" { finding.severe(Severity::Info).risks(0.2) } else { finding }]
}
