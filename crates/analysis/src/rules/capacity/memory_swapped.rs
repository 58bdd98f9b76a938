//! `capacity/memory-swapped`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::used_memory;
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/memory-swapped",
    title: "Part of the data lies in swap space",
    severity: Severity::Error,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Bytes below which the allocator's own rounding hides it.
const LEAST_BYTES: f64 = 512.0 * MEGABYTE;
/// Share that must be resident.
const RESIDENT_SHARE: f64 = 0.8;

const DOCS: &str = r#"
## Finds
A server of 512 MB and more of which the operating system keeps less than 80 % in memory: the rest was moved to swap space.

```facts finds redis
{"health": {"memory": {"used": 8000000000, "limit": 0}, "counters": {"used_memory_rss": 5200000000, "total_system_memory": 64000000000}}}
```

```facts quiet redis
{"health": {"memory": {"used": 8000000000, "limit": 0}, "counters": {"used_memory_rss": 8600000000, "total_system_memory": 64000000000}}}
```

## Why it matters
Every command that touches a page in swap waits for the disk, and with it every client: commands run one after another.

## When not to follow
Allocators or kernels that compress memory in place (zram) count likewise and cost less.

## Fix
Give the machine more memory or the server a lower `maxmemory`; keep other programs away. Swap itself may stay as a last
resort, with `vm.swappiness` low.

## How we verify
`used_memory_rss` against `used_memory` of INFO memory.

## References
Redis documentation, Diagnosing latency issues, Latency induced by swapping; INFO, section memory.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    judge(context).into_iter().collect()
}

fn judge(context: &Context<'_>) -> Option<Finding> {
    let used = used_memory(context).filter(|used| *used >= LEAST_BYTES)?;
    let resident = context.counter("used_memory_rss").filter(|resident| *resident < used * RESIDENT_SHARE)?;
    let message = format!("Of {} that the server holds {} are in memory: the rest lies in swap space.", size(used), size(resident));
    Some(
        Finding::new("server", message)
            .evidence(Evidence::measured("used", used, Unit::Bytes, "INFO used_memory"))
            .evidence(Evidence::measured("resident", resident, Unit::Bytes, "INFO used_memory_rss"))
            .risks(0.8),
    )
}
