//! `topology/shard-skew`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/shard-skew",
    title: "One shard carries far more than its share",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

/// Times the mean from which a shard carries too much.
const MUCH: f64 = 1.5;

const DOCS: &str = r#"
## Finds
A cluster of which one node serves half as many slots again as the mean of all that serve any.

```facts finds redis
{"topology": {"cluster_state": "ok", "cluster": [{"id": "a", "address": "10.0.0.1:6379", "role": "primary", "own": true, "slots": 13000},
  {"id": "b", "address": "10.0.0.2:6379", "role": "primary", "slots": 1692}, {"id": "c", "address": "10.0.0.3:6379", "role": "primary", "slots": 1692}]}}
```

```facts quiet redis
{"topology": {"cluster_state": "ok", "cluster": [{"id": "a", "address": "10.0.0.1:6379", "role": "primary", "own": true, "slots": 5461},
  {"id": "b", "address": "10.0.0.2:6379", "role": "primary", "slots": 5462}, {"id": "c", "address": "10.0.0.3:6379", "role": "primary", "slots": 5461}]}}
```

## Why it matters
Keys fall on slots evenly, so memory and load follow the slots: the largest shard is full while the others have room, and the
cluster is as fast as that one.

## When not to follow
Nodes of different size, or in the middle of a move of slots.

## Fix
`redis-cli --cluster rebalance`, at a quiet hour: it moves slots key by key.

## How we verify
Slots of CLUSTER NODES. The keys of other nodes are not counted: facts are those of one node.

## References
Redis documentation, Scale with Redis Cluster, Reshard the cluster.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let shards: Vec<_> = context.facts.topology.cluster.iter().filter(|node| node.slots > 0).collect();
    if shards.len() < 2 || !context.judges_server() {
        return Vec::new();
    }
    let mean = shards.iter().map(|node| node.slots).sum::<u64>() as f64 / shards.len() as f64;
    let loaded = shards.iter().filter(|node| node.slots as f64 >= mean * MUCH);
    loaded
        .map(|node| {
            let message = format!(
                "{} serves {} slots, {:.1} times the mean of {} shards.",
                node.address,
                node.slots,
                node.slots as f64 / mean,
                shards.len()
            );
            Finding::new(node.address.clone(), message)
                .evidence(Evidence::measured("slots", node.slots as f64, Unit::Count, "CLUSTER NODES"))
                .evidence(Evidence::measured("mean", mean, Unit::Count, "CLUSTER NODES"))
                .risks(0.3)
        })
        .collect()
}
