//! `recovery/archive-failing`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/archive-failing",
    title: "Archiving fails",
    severity: Severity::Error,
    engines: SERVERS,
    needs: &[FactKind::Archiving],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers whose archiver, binary log or append-only file failed last, with no success since.

```facts finds postgresql
{"backups": {"archiving": {"enabled": true, "archived": 10, "failed": 3, "last_archived": "2026-11-23T20:00:00Z", "last_failed": "2026-11-23T23:00:00Z"}}}
```

```facts quiet postgresql
{"backups": {"archiving": {"enabled": true, "archived": 10, "failed": 3, "last_archived": "2026-11-23T23:30:00Z", "last_failed": "2026-11-23T23:00:00Z"}}}
```

## Why it matters
Point-in-time recovery ends at the last segment that arrived. Meanwhile the log piles up on the server's disk until it
is full and writes stop.

## When not to follow
Never: what does not arrive can't be restored.

## Fix
Read the server's log for the archiver's message, mend the cause, and see that the backlog drains.

## How we verify
Read from pg_stat_archiver, or INFO persistence. Afterwards a success is younger than the last failure.

## References
PostgreSQL manual, Continuous Archiving; pg_stat_archiver.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(archiving) = context.facts.backups.archiving.as_ref().filter(|one| one.enabled && one.failed > 0) else { return Vec::new() };
    let recovered = match (archiving.last_archived, archiving.last_failed) {
        (Some(success), Some(failure)) => success > failure,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if recovered {
        return Vec::new();
    }
    let since = archiving.last_archived.map_or("has never succeeded".to_owned(), |at| format!("has not succeeded since {at}"));
    let message = format!("Archiving failed {} times and {since}.", archiving.failed);
    let evidence = Evidence::measured("failures", archiving.failed as f64, Unit::Count, "archiver's counters");
    vec![Finding::new("server", message).evidence(evidence).risks(0.9)]
}
