//! `recovery/durability-off`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/durability-off",
    title: "An acknowledged commit may be lost",
    severity: Severity::Error,
    engines: ALL,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Settings under which a commit is acknowledged before it is safe. PostgreSQL: fsync, full_page_writes,
synchronous_commit, the latter for single roles too. MySQL and MariaDB: innodb_flush_log_at_trx_commit, sync_binlog,
innodb_doublewrite. Redis and Valkey: no persistence at all, appendfsync, no-appendfsync-on-rewrite. SQLite: journal_mode off or memory,
synchronous off.

```facts finds postgresql
{"settings": {"fsync": {"value": "off"}}, "backups": {"durability": [["fsync", "off"]]}}
```

```facts finds mysql
{"settings": {"innodb_flush_log_at_trx_commit": {"value": "2"}}, "backups": {"durability": [["innodb_flush_log_at_trx_commit", "2"]]}}
```

```facts finds redis
{"settings": {"appendonly": {"value": "no"}, "save": {"value": ""}, "maxmemory-policy": {"value": "noeviction"}}, "backups": {"durability": [["appendonly", "no"], ["save", ""]]}}
```

```facts finds redis
{"settings": {"no-appendfsync-on-rewrite": {"value": "yes"}, "appendonly": {"value": "yes"}}, "backups": {"durability": [["appendonly", "yes"], ["appendfsync", "always"], ["no-appendfsync-on-rewrite", "yes"]]}}
```

```facts quiet redis
{"backups": {"durability": [["appendonly", "yes"], ["appendfsync", "always"], ["no-appendfsync-on-rewrite", "no"]]}}
```

```facts finds sqlite
{"settings": {"journal_mode": {"value": "off"}}, "backups": {"durability": [["journal_mode", "off"]]}}
```

```facts quiet postgresql
{}
```

```facts quiet mysql
{}
```

```facts quiet sqlite
{}
```

## Why it matters
With fsync or full_page_writes off, a power cut can leave the whole database beyond repair; measured, it lost every
write since the last checkpoint. With asynchronous commit the last fraction of a second is lost, even with synchronous
replicas. A killed process shows none of it, since the page cache survives: only a power cut does.

## When not to follow
Servers whose data can be made again: test servers, bulk loads that are repeated from the start on failure, caches.

## Fix
Set the safe value. It costs the wait for the disk at each commit: group commit and faster log disks win more than
this setting does.

## How we verify
Read from the settings in force. A crash drill that cuts the power below a copy counts what is lost.

## References
PostgreSQL manual, Write Ahead Log; MySQL manual, innodb_flush_log_at_trx_commit; Redis manual, Persistence; SQLite
manual, PRAGMA synchronous.
"#;

/// A setting, the values that lose commits, how bad each is, and what it means.
struct Hazard {
    name: &'static str,
    unsafe_values: &'static [&'static str],
    severity: Severity,
    safe: &'static str,
    meaning: &'static str,
}

const fn hazard(
    name: &'static str,
    unsafe_values: &'static [&'static str],
    severity: Severity,
    safe: &'static str,
    meaning: &'static str,
) -> Hazard {
    Hazard { name, unsafe_values, severity, safe, meaning }
}

const LAST_MOMENT: &str = "the last moment of acknowledged commits is lost in a crash";
const EVERYTHING: &str = "a power cut can lose everything since the last checkpoint, or the whole database";

const POSTGRESQL: &[Hazard] = &[
    hazard("fsync", &["off"], Severity::Error, "on", EVERYTHING),
    hazard("full_page_writes", &["off"], Severity::Error, "on", "a power cut can leave torn pages that no log repairs"),
    hazard("synchronous_commit", &["off"], Severity::Warning, "on", LAST_MOMENT),
];
const MYSQL: &[Hazard] = &[
    hazard(
        "innodb_flush_log_at_trx_commit",
        &["0", "2"],
        Severity::Warning,
        "1",
        "up to a second of acknowledged commits is lost in a crash",
    ),
    hazard(
        "sync_binlog",
        &["0"],
        Severity::Warning,
        "1",
        "after a crash the binary log lacks commits that the tables have, and replicas differ",
    ),
    hazard(
        "innodb_doublewrite",
        &["off", "0", "detect_only"],
        Severity::Error,
        "ON",
        "a power cut can leave torn pages that no log repairs",
    ),
];
const REDIS: &[Hazard] = &[
    hazard(
        "appendfsync",
        &["no"],
        Severity::Warning,
        "everysec",
        "the operating system decides when writes are safe: some 30 seconds are lost in a power cut",
    ),
    hazard(
        "no-appendfsync-on-rewrite",
        &["yes"],
        Severity::Warning,
        "no",
        "while a snapshot or rewrite runs nothing is brought to the disk: some 30 seconds are lost in a power cut",
    ),
    hazard("appendfsync", &["everysec"], Severity::Info, "always", "up to a second of acknowledged writes is lost in a crash"),
];
const SQLITE: &[Hazard] = &[
    hazard("journal_mode", &["off", "memory"], Severity::Error, "wal", "a crash in the middle of a write leaves the file damaged"),
    hazard("synchronous", &["off", "0"], Severity::Error, "FULL", "a power cut can damage the file"),
];

fn check(context: &Context<'_>) -> Vec<Finding> {
    let table = match context.engine() {
        Engine::Postgresql => POSTGRESQL,
        Engine::Mysql | Engine::Mariadb => MYSQL,
        Engine::Redis | Engine::Valkey => REDIS,
        Engine::Sqlite => SQLITE,
    };
    let persistent = value(context, "appendonly").is_none_or(|value| value == "yes");
    let mut findings: Vec<Finding> =
        table.iter().filter(|one| !one.name.contains("appendfsync") || persistent).filter_map(|one| judge(context, one)).collect();
    findings.extend(no_persistence(context));
    findings.extend(roles(context));
    findings
}

fn value(context: &Context<'_>, name: &str) -> Option<String> {
    let listed = context.facts.backups.durability.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_ascii_lowercase());
    listed.or_else(|| context.setting_text(name))
}

fn judge(context: &Context<'_>, hazard: &Hazard) -> Option<Finding> {
    let value = value(context, hazard.name).filter(|value| hazard.unsafe_values.contains(&value.as_str()))?;
    let message = format!("{} is {value}: {}.", hazard.name, hazard.meaning);
    let risk = match hazard.severity {
        Severity::Error => 0.95,
        Severity::Warning => 0.6,
        Severity::Info => 0.2,
    };
    let change = context.change_setting(hazard.name, hazard.safe, "Wait for the disk before a commit is acknowledged");
    let finding = Finding::new(hazard.name, message).severe(hazard.severity).evidence(Evidence::text("value", value, "settings"));
    Some(finding.change_if(change).risks(risk))
}

/// Neither log nor snapshots: every restart starts empty. Of a cache that is the intention.
fn no_persistence(context: &Context<'_>) -> Option<Finding> {
    if context.engine().speaks_sql() || value(context, "appendonly")? != "no" || !value(context, "save")?.trim().is_empty() {
        return None;
    }
    let cache = context.setting_text("maxmemory-policy").is_some_and(|policy| policy.starts_with("allkeys-"));
    let finding = Finding::new("appendonly", "Neither append-only file nor snapshots are on: a restart loses every key.");
    let change = context
        .change_setting("appendonly", "yes", "Keep an append-only file")
        .map(|change| change.locking("a fork for the first file, which stops the server for some 10 ms a GB"));
    Some(if cache { finding.severe(Severity::Info).risks(0.1) } else { finding.change_if(change).risks(0.9) })
}

/// What the server's setting promises, a role's own may take back.
fn roles(context: &Context<'_>) -> Vec<Finding> {
    let takes_back = |setting: &&String| setting.replace(' ', "").eq_ignore_ascii_case("synchronous_commit=off");
    let roles = context.facts.security.roles.iter().filter(|role| role.settings.iter().any(|one| takes_back(&one)));
    roles
        .map(|role| {
            let message =
                format!("Sessions of {} run with synchronous_commit = off: {LAST_MOMENT}, with synchronous replicas too.", role.name);
            Finding::new(role.name.clone(), message).severe(Severity::Warning).risks(0.6)
        })
        .collect()
}
