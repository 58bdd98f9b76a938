//! `topology/cluster-degraded`.

use dbwright_model::topology::{ClusterNode, Role, Topology};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/cluster-degraded",
    title: "The cluster or its watch is not whole",
    severity: Severity::Error,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

/// Slots of a cluster.
const SLOTS: u64 = 16_384;

const DOCS: &str = r#"
## Finds
A cluster whose state is not ok, of which slots are served by nobody, or a node of which failed; a primary that Sentinel
holds for gone; and, as a warning, a shard that no replica follows while others have one.

```facts finds redis
{"topology": {"cluster_state": "fail", "cluster": [{"id": "a", "address": "10.0.0.1:6379", "role": "primary", "own": true, "connected": true, "slots": 8192},
  {"id": "b", "address": "10.0.0.2:6379", "role": "primary", "failing": true, "slots": 8192}]}}
```

```facts finds redis
{"topology": {"watched": [{"name": "shop", "state": "master,o_down", "replicas": 1, "watchers": 3, "quorum": 2}]}}
```

```facts quiet redis
{"topology": {"cluster_state": "ok", "cluster": [{"id": "a", "address": "10.0.0.1:6379", "role": "primary", "own": true, "connected": true, "slots": 8192},
  {"id": "b", "address": "10.0.0.2:6379", "role": "primary", "connected": true, "slots": 8192}]}}
```

## Why it matters
Keys of slots without a server can neither be read nor written, and unless `cluster-require-full-coverage` is off, no key at
all. A shard without replica is gone with its machine.

## When not to follow
Moments after a failover or during a planned move of slots.

## Fix
Start the node again or fail over to its replica (`CLUSTER FAILOVER` on it), give slots that nobody serves to a node
(`redis-cli --cluster fix`), and attach replicas to shards that have none (`CLUSTER REPLICATE`).

## How we verify
CLUSTER INFO and CLUSTER NODES as the node that was asked sees it, SENTINEL MASTERS as that Sentinel sees it.

## References
Redis documentation, Cluster specification; CLUSTER NODES; High availability with Sentinel.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let topology = &context.facts.topology;
    let mut findings: Vec<Finding> = state(topology).into_iter().collect();
    findings.extend(topology.cluster.iter().filter(|node| node.failing).map(failed));
    findings.extend(alone(&topology.cluster));
    let down = topology.watched.iter().filter(|one| one.state.contains("_down"));
    findings.extend(down.map(|one| {
        let message = format!("Sentinel holds the primary {} for gone.", one.name);
        Finding::new(one.name.clone(), message).evidence(Evidence::text("flags", one.state.clone(), "SENTINEL MASTERS")).risks(0.9)
    }));
    findings
}

fn state(topology: &Topology) -> Option<Finding> {
    let state = topology.cluster_state.as_deref()?;
    let served: u64 = topology.cluster.iter().filter(|node| !node.failing).map(|node| node.slots).sum();
    let missing = SLOTS.saturating_sub(served);
    if state == "ok" && (missing == 0 || topology.cluster.is_empty()) {
        return None;
    }
    let message = format!("The cluster is in state {state}: {missing} of {SLOTS} slots are served by nobody.");
    Some(
        Finding::new("server", message)
            .evidence(Evidence::text("state", state, "CLUSTER INFO"))
            .evidence(Evidence::measured("slots without server", missing as f64, Unit::Count, "CLUSTER NODES"))
            .risks(1.0),
    )
}

fn failed(node: &ClusterNode) -> Finding {
    let message = format!("{} is held for failed; {} slots were its own.", node.address, node.slots);
    Finding::new(node.address.clone(), message).evidence(Evidence::text("node", node.id.clone(), "CLUSTER NODES")).risks(0.9)
}

/// Shards without a replica, where others have one: where none has, that is how it was built.
fn alone(nodes: &[ClusterNode]) -> Vec<Finding> {
    let followed = |id: &str| nodes.iter().any(|node| node.follows.as_deref() == Some(id) && !node.failing);
    let shards = || nodes.iter().filter(|node| node.role == Role::Primary && node.slots > 0 && !node.failing);
    if !shards().any(|node| followed(&node.id)) {
        return Vec::new();
    }
    let lonely = shards().filter(|node| !followed(&node.id));
    lonely
        .map(|node| {
            let message = format!("No replica follows {}, which serves {} slots; other shards have one.", node.address, node.slots);
            let evidence = Evidence::measured("slots", node.slots as f64, Unit::Count, "CLUSTER NODES");
            Finding::new(node.address.clone(), message).evidence(evidence).severe(Severity::Warning).risks(0.5)
        })
        .collect()
}
