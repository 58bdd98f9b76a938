//! `capacity/hot-key`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{Pattern, patterns};

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/hot-key",
    title: "One key is used far more than all others",
    severity: Severity::Info,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog, FactKind::Activity],
    docs: DOCS,
    check,
};

/// Counter from which a key is hot: hundreds of thousands of uses at the default factor.
const HOT: f64 = 200.0;
/// Counter below which the rest is not.
const COOL: f64 = 50.0;

const DOCS: &str = r#"
## Finds
Under an LFU policy, which counts how often keys are used: a key whose counter is 200 of 255 or more, while half of the keys
of its pattern stay at 50 or below, or while it stands alone. In a cluster it is a warning.

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "product:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 9000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"hash": 900}, "sampled": 900, "frequency": [6, 40, 251], "hottest": "product:4711"}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "product:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 9000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"hash": 900}, "sampled": 900, "frequency": [180, 240, 251], "hottest": "product:4711"}}]}}
```

## Why it matters
Commands on one key run on one thread of one server: neither more cores nor more shards share that load.

## When not to follow
Where that server has room to spare, and no more is expected.

## Fix
Keep a copy in the clients (client-side caching with invalidation), spread reads over replicas, or part the key into several
(`counter:{0..15}`) and add up when reading.

## How we verify
OBJECT FREQ of sampled keys: a logarithmic counter that decays with time. Keys that SCAN did not give are not seen.

## References
Redis documentation, Key eviction, The LFU eviction algorithm; Client-side caching.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let shards = context.facts.topology.cluster.iter().filter(|node| node.slots > 0).count();
    patterns(context).filter_map(|pattern| judge(&pattern, shards)).collect()
}

fn judge(pattern: &Pattern<'_>, shards: usize) -> Option<Finding> {
    let [median, _, largest] = pattern.shape.frequency?;
    let alone = pattern.shape.sampled == 1;
    if largest < HOT || !(alone || median <= COOL) {
        return None;
    }
    let name = pattern.shape.hottest.clone().unwrap_or_else(|| pattern.name());
    let message = format!("{name} is used far more than other keys: its counter of use is {largest:.0} of 255.");
    let finding = Finding::new(pattern.name(), message)
        .evidence(Evidence::text("key", name, "SCAN"))
        .evidence(Evidence::estimated("counter of use", largest, Unit::Count, "OBJECT FREQ"))
        .evidence(Evidence::estimated("median of the pattern", median, Unit::Count, "OBJECT FREQ"));
    Some(if shards > 1 { finding.severe(Severity::Warning).risks(0.4) } else { finding.risks(0.2) })
}
