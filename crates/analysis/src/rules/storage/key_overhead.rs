//! `storage/key-overhead`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{FEWEST_KEYS, Pattern, patterns};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/key-overhead",
    title: "Keys take more room than their values",
    severity: Severity::Info,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Keys from which it adds up.
const MANY_KEYS: f64 = 100_000.0;
/// Bytes from which it is worth a change.
const LEAST_BYTES: f64 = 16.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Patterns of string keys, 100,000 and more, of whose memory more than half is not the values: name, entry and header of the
key, 16 MB and more together.

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "flag:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "sampled": 900, "bytes": [72, 72, 72], "value_bytes": [4, 8, 8]}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "page:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "sampled": 900, "bytes": [2100, 2100, 2100], "value_bytes": [2000, 2048, 2048]}}]}}
```

## Why it matters
Every key costs some 50 to 90 bytes beside its value, more with a time to live. With small values that is most of the memory.

## When not to follow
Where each key needs its own time to live, or the memory costs less than the change of the program.

## Fix
Keep them as fields of hashes of some hundred, which are stored compactly: `HSET flag:{id / 100} {id % 100} value`. Shorten
names that are long.

## How we verify
MEMORY USAGE against STRLEN of sampled keys.

## References
Redis documentation, Memory optimization, Using hashes to abstract a very memory-efficient plain key-value store.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    patterns(context).filter_map(|pattern| judge(&pattern)).collect()
}

fn judge(pattern: &Pattern<'_>) -> Option<Finding> {
    let ([whole, ..], [value, ..]) = (pattern.shape.bytes?, pattern.shape.value_bytes?);
    let overhead = (whole - value).max(0.0);
    let bytes = overhead * pattern.keys;
    let small = pattern.only_type() == Some("string") && pattern.keys >= MANY_KEYS && pattern.shape.sampled >= FEWEST_KEYS;
    if !small || overhead <= value || bytes < LEAST_BYTES {
        return None;
    }
    let name = pattern.name();
    let message =
        format!("{:.0} keys {name} take {overhead:.0} bytes each beside values of {value:.0}: {} in all.", pattern.keys, size(bytes));
    Some(
        Finding::new(name, message)
            .evidence(Evidence::estimated("keys", pattern.keys, Unit::Count, "SCAN"))
            .evidence(Evidence::estimated("key, median", whole, Unit::Bytes, "MEMORY USAGE"))
            .evidence(Evidence::estimated("value, median", value, Unit::Bytes, "STRLEN"))
            .costs_bytes(bytes)
            .risks(0.05),
    )
}
