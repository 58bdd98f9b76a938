//! `recovery/snapshot-failing`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/snapshot-failing",
    title: "The last snapshot or rewrite failed",
    severity: Severity::Error,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Health, FactKind::Backups],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
The last background save or the last rewrite of the append-only file ended with an error.

```facts finds redis
{"health": {"notes": {"rdb_last_bgsave_status": "err"}}}
```

```facts quiet redis
{"health": {"notes": {"rdb_last_bgsave_status": "ok", "aof_last_bgrewrite_status": "ok"}}}
```

## Why it matters
What is on the disk gets older with every write, and the server refuses writes after a failed save unless it was told to
ignore that. An append-only file that can't be rewritten grows until the disk is full.

## When not to follow
Never: something is wrong with the disk, its room, its permissions or the memory for a fork.

## Fix
Read the server's log for the cause: no room on the disk, no permission in `dir`, `vm.overcommit_memory` 0. Then BGSAVE or
BGREWRITEAOF by hand and look at the status.

## How we verify
`rdb_last_bgsave_status` and `aof_last_bgrewrite_status` of INFO persistence. Afterwards they say ok.

## References
Redis documentation, Persistence; INFO, section persistence.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let failed = |name: &str| context.facts.health.notes.get(name).is_some_and(|status| status == "err");
    let mut findings = Vec::new();
    if failed("rdb_last_bgsave_status") {
        let changes = context.counter("rdb_changes_since_last_save").unwrap_or(0.0);
        let message = format!("The last background save failed: {changes:.0} changes are in memory alone.");
        let evidence = Evidence::measured("changes since the last save", changes, Unit::Count, "INFO rdb_changes_since_last_save");
        findings.push(Finding::new("save", message).evidence(evidence).risks(0.9));
    }
    if failed("aof_last_bgrewrite_status") {
        let message = "The last rewrite of the append-only file failed: it grows with every write.";
        findings.push(Finding::new("appendonly", message).risks(0.7));
    }
    findings
}
