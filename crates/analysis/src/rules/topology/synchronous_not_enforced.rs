//! `topology/synchronous-not-enforced`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/synchronous-not-enforced",
    title: "Commits do not wait for the copy that is meant to be synchronous",
    severity: Severity::Error,
    engines: SERVERS,
    needs: &[FactKind::Topology, FactKind::Settings],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
PostgreSQL: synchronous replicas are named, but `synchronous_commit` is `off` or `local`, for the server or for a login
role, so that commits do not wait for them. MySQL and MariaDB: semi-synchronous replication is switched on, but the server
has fallen back to asynchronous. And, as a remark: replicas that are all asynchronous where the policy allows no
acknowledged write to be lost. Redis and Valkey: a
primary with replicas that takes writes even when none of them can be reached (`min-replicas-to-write` 0), as a remark.

```facts finds postgresql
{"topology": {"role": "primary", "synchronous": "ANY 1 (east, west)", "replicas": [{"name": "east", "synchronous": true}, {"name": "west", "synchronous": true}]},
 "settings": {"synchronous_commit": {"value": "local", "origin": "configuration file"}}}
```

```facts quiet postgresql
{"topology": {"role": "primary", "synchronous": "ANY 1 (east, west)", "replicas": [{"name": "east", "synchronous": true}, {"name": "west", "synchronous": true}]},
 "settings": {"synchronous_commit": {"value": "on", "origin": "default"}}}
```

```facts finds mysql
{"settings": {"rpl_semi_sync_source_enabled": {"value": "ON"}}, "health": {"counters": {"Rpl_semi_sync_source_status": 0}}, "topology": {"role": "primary"}}
```

```facts finds redis
{"settings": {"min-replicas-to-write": {"value": "0"}}, "topology": {"replicas": [{"name": "10.0.0.6:6379", "state": "online"}]}}
```

```facts quiet redis
{"settings": {"min-replicas-to-write": {"value": "1"}}, "topology": {"replicas": [{"name": "10.0.0.6:6379", "state": "online"}]}}
```

## Why it matters
The application is told that its write is safe on two machines, and it is on one. A failover then loses acknowledged
writes, which is what the second machine was bought for.

## When not to follow
`synchronous_commit = local` set for the transactions or roles whose writes may be lost is a deliberate choice; set for the
whole server it defeats the configuration.

## Fix
PostgreSQL: `synchronous_commit = on` (or `remote_apply`). MySQL: find out why the replica did not acknowledge in time, and
raise `rpl_semi_sync_source_timeout` so that the server waits instead of falling back.

## How we verify
Read from the settings and pg_stat_replication or Rpl_semi_sync_source_status. A failover drill counts acknowledged
writes that are lost.

## References
PostgreSQL manual, Write Ahead Log, synchronous_commit; Synchronous Replication. MySQL manual, Semisynchronous Replication.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    if !context.engine().speaks_sql() {
        return isolated_writes(context).into_iter().collect();
    }
    let mut findings =
        if context.engine() == Engine::Postgresql { postgresql(context) } else { fallen_back(context).into_iter().collect() };
    findings.extend(asynchronous_only(context));
    findings
}

fn postgresql(context: &Context<'_>) -> Vec<Finding> {
    let names = &context.facts.topology.synchronous;
    if names.is_empty() {
        return Vec::new();
    }
    let weak = |value: &str| matches!(value, "off" | "local");
    let mut findings = Vec::new();
    if let Some(value) = context.setting_text("synchronous_commit").filter(|value| weak(value)) {
        let message = format!("Synchronous replicas are named, but synchronous_commit is {value}: no commit waits for them.");
        let finding = Finding::new("synchronous_commit", message)
            .evidence(Evidence::text("synchronous_commit", value, "pg_settings"))
            .evidence(Evidence::text("synchronous_standby_names", names.clone(), "pg_settings"))
            .risks(0.8);
        findings.push(finding.change_if(context.change_setting(
            "synchronous_commit",
            "on",
            "Let commits wait for the synchronous replicas",
        )));
    }
    for role in context.facts.security.roles.iter().filter(|role| role.login) {
        let own = role.settings.iter().find_map(|setting| setting.strip_prefix("synchronous_commit=")).filter(|value| weak(value));
        let Some(value) = own else { continue };
        let message =
            format!("Role {} commits with synchronous_commit = {value}: its writes do not wait for the synchronous replicas.", role.name);
        let finding = Finding::new(&role.name, message).evidence(Evidence::text("synchronous_commit", value, "pg_db_role_setting"));
        findings.push(finding.severe(Severity::Warning).risks(0.5));
    }
    findings
}

/// A primary that is cut off goes on taking writes, which are lost when a replica has taken its place.
fn isolated_writes(context: &Context<'_>) -> Option<Finding> {
    let replicas = context.facts.topology.replicas.len();
    if replicas == 0 || context.setting_number("min-replicas-to-write")? >= 1.0 || context.policy.standards.lost_writes > 0 {
        return None;
    }
    let message = "Writes are taken even when no replica can be reached: a failover loses what a cut-off primary took meanwhile.";
    let change =
        context.change_setting("min-replicas-to-write", "1", "Refuse writes while no replica has been heard of for min-replicas-max-lag");
    Some(
        Finding::new("min-replicas-to-write", message)
            .evidence(Evidence::measured("replicas", replicas as f64, Unit::Count, "INFO replication"))
            .change_if(change)
            .severe(Severity::Info)
            .risks(0.3),
    )
}

fn fallen_back(context: &Context<'_>) -> Option<Finding> {
    const PAIRS: [(&str, &str); 2] =
        [("rpl_semi_sync_source_enabled", "rpl_semi_sync_source_status"), ("rpl_semi_sync_master_enabled", "rpl_semi_sync_master_status")];
    let (enabled, status) = PAIRS.into_iter().find(|(enabled, _)| context.setting_on(enabled) == Some(true))?;
    let noted = context.facts.health.notes.iter().find(|(key, _)| key.eq_ignore_ascii_case(status)).map(|(_, value)| value);
    let off = context.counter(status) == Some(0.0) || noted.is_some_and(|value| value.eq_ignore_ascii_case("off"));
    if !off {
        return None;
    }
    let message = format!("{enabled} is on, but the server has fallen back to asynchronous replication: commits wait for no replica.");
    Some(
        Finding::new(enabled, message)
            .evidence(Evidence::text(enabled, "ON", "global variables"))
            .evidence(Evidence::text(status, "OFF", "global status"))
            .risks(0.8),
    )
}

fn asynchronous_only(context: &Context<'_>) -> Option<Finding> {
    let topology = &context.facts.topology;
    let semi_synchronous =
        ["rpl_semi_sync_source_enabled", "rpl_semi_sync_master_enabled"].into_iter().any(|name| context.setting_on(name) == Some(true));
    let waits = !topology.synchronous.is_empty() || topology.replicas.iter().any(|replica| replica.synchronous) || semi_synchronous;
    if waits || topology.replicas.is_empty() || context.policy.standards.lost_writes > 0 {
        return None;
    }
    let message = "Every replica is asynchronous, and the policy allows no acknowledged write to be lost: a failover loses the last ones.";
    Some(
        Finding::new("server", message)
            .evidence(Evidence::measured("replicas", topology.replicas.len() as f64, Unit::Count, "replication status"))
            .severe(Severity::Info)
            .risks(0.3),
    )
}
