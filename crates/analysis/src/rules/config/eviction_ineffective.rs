//! `config/eviction-ineffective`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{FEWEST_KEYS, memory_limit, patterns, policy, used_memory};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/eviction-ineffective",
    title: "The eviction policy can not do its work",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog, FactKind::Health],
    docs: DOCS,
    check,
};

/// Share of keys that expire from which a server is a cache.
const CACHE_SHARE: f64 = 0.9;
/// Share of memory from which eviction is near.
const FULL_SHARE: f64 = 0.8;

const DOCS: &str = r#"
## Finds
A `volatile-…` policy, which evicts keys that expire and no others, while none of the keys looked at expires; and
`noeviction` with 80 % of the memory used on a server whose keys nearly all expire, which is a cache.

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "user:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"hash": 900}, "sampled": 900, "with_expiry": 0}}]}}
```

```facts finds redis
{"settings": {"maxmemory-policy": {"value": "noeviction"}}, "health": {"memory": {"used": 900000000, "limit": 1073741824}}}
```

```facts quiet redis
{"settings": {"maxmemory-policy": {"value": "noeviction"}}, "health": {"memory": {"used": 100000000, "limit": 1073741824}}}
```

## Why it matters
At the limit nothing can be evicted, and every write is refused as under `noeviction`: the outage that the policy was meant
to prevent.

## When not to follow
Where the limit is never reached.

## Fix
Data: `noeviction` and more memory, watched. A cache: `allkeys-lru` or `allkeys-lfu`. A mixture: give the keys that may go a
time to live, and set `volatile-lru`; better, use two servers.

## How we verify
The policy, and the time to live of the sampled keys. Afterwards `evicted_keys` rises at the limit, and no write is refused.

## References
Redis documentation, Key eviction, Eviction policies.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let (Some(policy), Some(limit), Some(used)) = (policy(context), memory_limit(context), used_memory(context)) else {
        return Vec::new();
    };
    let (mut sampled, mut expiring, mut keys, mut passing) = (0, 0, 0.0, 0.0);
    for pattern in patterns(context) {
        sampled += pattern.shape.sampled;
        expiring += pattern.shape.with_expiry;
        keys += pattern.keys;
        passing += pattern.keys * pattern.expiring_share();
    }
    if sampled < FEWEST_KEYS || keys <= 0.0 {
        return Vec::new();
    }
    let share = passing / keys;
    let finding = if policy.starts_with("volatile-") && expiring == 0 {
        let message =
            format!("{policy} evicts keys that expire, and none of {sampled} sampled keys does: at the limit writes are refused.");
        Finding::new("maxmemory-policy", message)
    } else if policy == "noeviction" && share >= CACHE_SHARE && used / limit >= FULL_SHARE {
        let message = format!(
            "{:.0} % of the keys expire, as in a cache, and {:.0} % of the memory is used: soon writes are refused instead of old keys evicted.",
            share * 100.0,
            used / limit * 100.0
        );
        let change = context.change_setting("maxmemory-policy", "volatile-lru", "Evict keys that expire anyway, the least used first");
        Finding::new("maxmemory-policy", message).change_if(change)
    } else {
        return Vec::new();
    };
    let finding = finding
        .evidence(Evidence::text("policy", policy, "maxmemory-policy"))
        .evidence(Evidence::measured("keys sampled", sampled as f64, Unit::Count, "SCAN"))
        .evidence(Evidence::estimated("keys that expire", share, Unit::Share, "PTTL of sampled keys, weighted by pattern"))
        .evidence(Evidence::measured("used of maxmemory", used / limit, Unit::Share, "INFO memory"));
    vec![if used / limit >= FULL_SHARE { finding.severe(Severity::Error).risks(0.8) } else { finding.risks(0.4) }]
}
