//! `config/memory-unbounded`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{memory_limit, used_memory};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/memory-unbounded",
    title: "No limit on memory",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Share of the machine's memory that is proposed: the rest is for the copy that a snapshot makes, and for the system.
const MACHINE_SHARE: f64 = 0.75;

const DOCS: &str = r#"
## Finds
`maxmemory` is 0: the server takes what it gets. Where the server says how much memory the machine has, a limit of three
quarters of it is proposed, if the data fit with room to spare. Managed services are left out: there the provider sets it.

```facts finds redis
{"health": {"memory": {"used": 500000000, "limit": 0}, "counters": {"total_system_memory": 8000000000}}, "settings": {"maxmemory": {"value": "0"}}}
```

```facts quiet redis
{}
```

## Why it matters
When the machine's memory is over, the operating system kills the server with all that was not saved, or other programs
with it. With a limit writes are refused, or keys evicted, and the server stays.

## When not to follow
Containers whose own limit is watched, and of which the loss is accepted.

## Fix
Set `maxmemory` so that there is room for the copy that a snapshot makes, and a policy that fits: `noeviction` for data,
`allkeys-lru` for a cache.

## How we verify
`maxmemory` of INFO memory. Afterwards it is not 0.

## References
Redis documentation, Key eviction, Maxmemory configuration directive.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(used) = used_memory(context).filter(|_| context.judges_server() && context.facts.target.service.is_none()) else {
        return Vec::new();
    };
    if memory_limit(context).is_some() {
        return Vec::new();
    }
    let machine = context.counter("total_system_memory").filter(|bytes| *bytes > 0.0);
    let message = "maxmemory is 0: the server grows until the operating system ends it.";
    let mut finding =
        Finding::new("maxmemory", message).evidence(Evidence::measured("used", used, Unit::Bytes, "INFO used_memory")).risks(0.4);
    if let Some(machine) = machine {
        finding = finding.evidence(Evidence::measured("machine", machine, Unit::Bytes, "INFO total_system_memory"));
    }
    let limit = machine.map(|bytes| (bytes * MACHINE_SHARE / MEGABYTE).floor() * MEGABYTE).filter(|limit| used < limit * 0.8);
    let change = limit.and_then(|limit| {
        let summary = format!("Limit memory to {}, three quarters of the machine, if nothing else needs it", size(limit));
        context.change_setting("maxmemory", &format!("{limit:.0}"), &summary)
    });
    vec![finding.change_if(change)]
}
