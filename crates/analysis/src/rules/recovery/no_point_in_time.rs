//! `recovery/no-point-in-time`.

use dbwright_model::topology;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/no-point-in-time",
    title: "Nothing between two backups",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Archiving],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers that keep no log of changes beyond the next backup: PostgreSQL without archiving, MySQL and MariaDB without
binary log, Redis and Valkey without append-only file.

```facts finds postgresql
{"backups": {"archiving": {"enabled": false}}}
```

```facts quiet postgresql
{"backups": {"archiving": {"enabled": true, "archived": 3}}}
```

```facts quiet postgresql
{"backups": {"archiving": {"enabled": false}}, "target": {"service": "Amazon RDS"}}
```

## Why it matters
After a loss, everything since the last backup is gone, and a DELETE without WHERE can't be undone up to the second
before it.

## When not to follow
Caches, and data that can be loaded again. A server that only this machine can reach is reported as info.

## Fix
Archive the log to another machine (PostgreSQL: archive_mode, archive_command or archive_library, at the next
restart), and drill a recovery to a point in time.

## How we verify
Read from settings and counters. Afterwards archiving is on and its counter grows.

## References
PostgreSQL manual, Continuous Archiving and Point-in-Time Recovery.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let facts = context.facts;
    if facts.backups.archiving.as_ref().is_none_or(|one| one.enabled)
        || facts.target.service.is_some()
        || facts.topology.role == topology::Role::Replica
    {
        return Vec::new();
    }
    if context.setting_text("maxmemory-policy").is_some_and(|policy| policy.starts_with("allkeys-")) {
        return Vec::new();
    }
    let finding = Finding::new("server", "No log of changes is archived: what was written since the last backup can't be brought back.");
    let alone = crate::sensitivity::reachable(facts).value == Some(false);
    vec![if alone { finding.severe(Severity::Info).risks(0.3) } else { finding.risks(0.6) }]
}
