//! `capacity/memory-exhaustion`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{memory_limit, policy, used_memory};
use crate::rules::shared::size;

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/memory-exhaustion",
    title: "Memory nearly full, and nothing that makes room",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Share of `maxmemory` from which writes are refused soon.
const LIMIT_SHARE: f64 = 0.9;
/// Share of the machine from which a snapshot has no room beside the data.
const MACHINE_SHARE: f64 = 0.75;
/// Share from which it is a matter of hours.
const URGENT_SHARE: f64 = 0.95;

const DOCS: &str = r#"
## Finds
More than 90 % of `maxmemory` in use under a policy that evicts nothing; from 95 % on it is an error. Without `maxmemory`:
more than 75 % of the machine's memory. A cache that evicts keys by itself is meant to be full and left out.

```facts finds redis
{"health": {"memory": {"used": 1030000000, "limit": 1073741824}}, "settings": {"maxmemory-policy": {"value": "noeviction"}}}
```

```facts finds redis
{"health": {"memory": {"used": 13500000000, "limit": 0}, "counters": {"total_system_memory": 16000000000}}}
```

```facts quiet redis
{"health": {"memory": {"used": 1073000000, "limit": 1073741824}}, "settings": {"maxmemory-policy": {"value": "allkeys-lru"}}}
```

## Why it matters
At the limit every write is refused with an OOM error, reads go on. Without a limit the operating system kills the server
when the machine's memory is over, and a snapshot under way needs room for every page that is changed meanwhile.

## When not to follow
A data set that is known not to grow any more.

## Fix
Look first for what should not be there: storage/no-expiry, storage/oversized-value, storage/key-overhead. Then add memory,
or part the keys over more servers.

## How we verify
`used_memory`, `maxmemory` and `total_system_memory` of INFO memory.

## References
Redis documentation, Key eviction; INFO, section memory.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let Some(used) = used_memory(context) else { return Vec::new() };
    let evicts = policy(context).is_some_and(|policy| policy != "noeviction");
    match memory_limit(context) {
        Some(_) if evicts => Vec::new(),
        Some(limit) => judge("the memory that the server may take", used, limit, LIMIT_SHARE).into_iter().collect(),
        None => {
            let Some(machine) = context.counter("total_system_memory").filter(|bytes| *bytes > 0.0) else { return Vec::new() };
            judge("the machine's memory", used, machine, MACHINE_SHARE).into_iter().collect()
        }
    }
}

fn judge(what: &str, used: f64, limit: f64, least: f64) -> Option<Finding> {
    let share = used / limit;
    if share < least {
        return None;
    }
    let message = format!("{:.0} % of {what} is used: {} are left of {}.", share * 100.0, size((limit - used).max(0.0)), size(limit));
    let finding = Finding::new("server", message)
        .evidence(Evidence::measured("used", used, Unit::Bytes, "INFO used_memory"))
        .evidence(Evidence::measured("there", limit, Unit::Bytes, "INFO memory"));
    Some(if share >= URGENT_SHARE { finding.severe(Severity::Error).risks(0.9) } else { finding.risks(0.6) })
}
