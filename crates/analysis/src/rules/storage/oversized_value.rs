//! `storage/oversized-value`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{Pattern, patterns};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/oversized-value",
    title: "One key holds far too much",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Bytes from which a key is too large.
const LARGE: f64 = 10.0 * MEGABYTE;
/// Elements from which a key is too large.
const MANY: f64 = 500_000.0;

const DOCS: &str = r#"
## Finds
Keys of 10 MB and more, or with 500,000 elements and more. From 100 MB or 5 million elements on it is an error.

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "report:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 300, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 300}, "sampled": 300, "with_expiry": 300, "bytes": [9000, 900000, 42000000], "largest": "report:2026"}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "report:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 300, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 300}, "sampled": 300, "with_expiry": 300, "bytes": [9000, 900000, 1200000], "largest": "report:2026"}}]}}
```

## Why it matters
Reading it whole holds everybody up and fills the buffers of connections and replicas; removing it blocks unless it is freed
in the background; in a cluster it can't be parted, and moving its slot stops both nodes.

## When not to follow
Streams and sets that are never read or removed as a whole.

## Fix
Part it over several keys by time, by hash or by owner; keep large objects in an object store and their address here.

## How we verify
MEMORY USAGE and the number of elements of sampled keys. Keys that SCAN did not give are not seen.

## References
Redis documentation, MEMORY USAGE; UNLINK.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    patterns(context).filter_map(|pattern| judge(&pattern)).collect()
}

fn judge(pattern: &Pattern<'_>) -> Option<Finding> {
    let largest = |spread: Option<[f64; 3]>| spread.map_or(0.0, |[_, _, most]| most);
    let (bytes, elements) = (largest(pattern.shape.bytes), largest(pattern.shape.elements));
    if bytes < LARGE && elements < MANY {
        return None;
    }
    let key = pattern.shape.largest.clone().unwrap_or_else(|| pattern.name());
    let held = if elements >= MANY { format!("{elements:.0} elements in {}", size(bytes)) } else { size(bytes) };
    let message = format!("{key} holds {held}: whoever reads or removes it as a whole holds everybody up.");
    let finding = Finding::new(pattern.name(), message)
        .evidence(Evidence::text("key", key, "SCAN"))
        .evidence(Evidence::measured("bytes", bytes, Unit::Bytes, "MEMORY USAGE"))
        .evidence(Evidence::measured("elements", elements, Unit::Count, "length of the value"))
        .costs_bytes(bytes);
    let huge = bytes >= LARGE * 10.0 || elements >= MANY * 10.0;
    Some(if huge { finding.severe(Severity::Error).risks(0.6) } else { finding.risks(0.3) })
}
