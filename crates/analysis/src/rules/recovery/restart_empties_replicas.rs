//! `recovery/restart-empties-replicas`.

use dbwright_model::topology::Role;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/restart-empties-replicas",
    title: "A restart empties the replicas too",
    severity: Severity::Error,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Settings, FactKind::Topology],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
A primary that others follow and that keeps neither snapshots nor an append-only file.

```facts finds redis
{"settings": {"appendonly": {"value": "no"}, "save": {"value": ""}}, "topology": {"role": "primary", "replicas": [{"name": "10.0.0.6:6379", "state": "online"}]}}
```

```facts quiet redis
{"settings": {"appendonly": {"value": "no"}, "save": {"value": ""}}, "topology": {"role": "primary", "replicas": []}}
```

## Why it matters
When it crashes and something starts it again, it comes up empty, before anybody has failed over, and the replicas copy the
emptiness faithfully: all copies are gone within a second.

## When not to follow
Where the primary is never started by itself, and Sentinel or a person always moves to a replica first.

## Fix
Let the primary keep an append-only file or snapshots; at least do not let it restart by itself.

## How we verify
The settings in force and INFO replication.

## References
Redis documentation, Replication, Safety of replication when master has persistence turned off.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let topology = &context.facts.topology;
    let empty = context.setting_on("appendonly") == Some(false) && context.setting("save").is_some_and(|save| save.value.trim().is_empty());
    if !context.judges_server() || topology.role != Role::Primary || topology.replicas.is_empty() || !empty {
        return Vec::new();
    }
    let message = format!("It keeps nothing on disk and {} follow it: after a restart they copy its emptiness.", topology.replicas.len());
    let change = context
        .change_setting("save", "3600 1 300 100 60 10000", "Save snapshots, as often as the server does unless told otherwise")
        .map(|change| change.locking("each snapshot forks the server, which stops it for some 10 ms a GB"));
    let evidence = Evidence::measured("replicas", topology.replicas.len() as f64, Unit::Count, "INFO replication");
    vec![Finding::new("save", message).evidence(evidence).change_if(change).risks(0.9)]
}
