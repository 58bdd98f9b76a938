//! `topology/single-copy`.

use dbwright_model::security::Reach;
use dbwright_model::topology::Role;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/single-copy",
    title: "One server holds the only running copy",
    severity: Severity::Info,
    engines: SERVERS,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

/// Availability from which the hours of a restore are more than a year allows: 99.9 % are 8.8 hours.
const NEEDS_A_SECOND_COPY: f64 = 0.999;

const DOCS: &str = r#"
## Finds
A primary that no replica follows. A warning only where the policy asks for 99.9 % availability or more of a server that
others reach over the network, and no managed service keeps a hidden stand-by; otherwise a remark.

```facts finds postgresql
{"topology": {"role": "primary", "replicas": [], "slots": [], "nodes": []}}
```

```facts quiet postgresql
{"topology": {"role": "primary", "replicas": [{"name": "east", "state": "streaming", "lag_bytes": 0}]}}
```

```facts quiet postgresql
{"target": {"scratch": true}, "topology": {"role": "primary", "replicas": [], "slots": [], "nodes": []}}
```

## Why it matters
When the machine fails, service ends until a backup is restored elsewhere, and what was written since the backup or the
last archived log is lost. 99.99 % availability allows 53 minutes in a year.

## When not to follow
Development, caches, and data whose loss or absence for some hours is accepted: say so in the policy by a lower
availability.

## Fix
Set up a streaming replica (`pg_basebackup -R`, `CHANGE REPLICATION SOURCE TO`, `REPLICAOF`) on another machine, and drill
the failover to it.

## How we verify
Read from pg_stat_replication, the slots, or the server's replication status. A failover drill measures how long a
failover takes and what it loses.

## References
PostgreSQL manual, High Availability, Load Balancing, and Replication. MySQL manual, Replication. Redis manual, Replication.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let topology = &context.facts.topology;
    let followed = !topology.replicas.is_empty() || topology.slots.iter().any(|slot| slot.active) || topology.nodes.len() > 1;
    if !context.judges_server()
        || topology.role != Role::Primary
        || followed
        || context.counter("wsrep_cluster_size").is_some_and(|size| size > 1.5)
    {
        return Vec::new();
    }
    let goal = context.policy.standards.availability;
    let message = format!(
        "No replica follows this server: when its machine fails, service ends until a backup is restored. The policy asks for {:.4} % availability.",
        goal * 100.0
    );
    let finding = Finding::new("server", message)
        .evidence(Evidence::measured("replicas", 0.0, Unit::Count, "replication status"))
        .evidence(Evidence::measured("availability sought", goal, Unit::Share, "policy"));
    let pressing = goal >= NEEDS_A_SECOND_COPY && serves_others(context);
    vec![if pressing { finding.severe(Severity::Warning).risks(0.5) } else { finding.risks(0.2) }]
}

/// Whether the server is reached over a network; a managed service may keep a stand-by that no client sees.
fn serves_others(context: &Context<'_>) -> bool {
    let declared = context.policy.reachable.as_ref().map(|declared| declared.value);
    let reached = context.facts.security.connection.reach == Reach::Network;
    declared.unwrap_or(reached) && context.facts.target.service.is_none()
}
