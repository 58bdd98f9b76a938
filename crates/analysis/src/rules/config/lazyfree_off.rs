//! `config/lazyfree-off`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::patterns;
use crate::rules::shared::MEGABYTE;

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/lazyfree-off",
    title: "Large values are freed while everybody waits",
    severity: Severity::Info,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog, FactKind::Settings],
    docs: DOCS,
    check,
};

/// Elements whose freeing is noticed.
const MANY: f64 = 100_000.0;
/// Bytes whose freeing is noticed.
const LARGE: f64 = 64.0 * MEGABYTE;
/// What frees in the foreground when it is off.
const SETTINGS: [&str; 3] = ["lazyfree-lazy-user-del", "lazyfree-lazy-expire", "lazyfree-lazy-eviction"];

const DOCS: &str = r#"
## Finds
Keys with 100,000 elements or 64 MB and more, while expiry, eviction or DEL free values in the foreground
(`lazyfree-lazy-expire`, `lazyfree-lazy-eviction`, `lazyfree-lazy-user-del`).

```facts finds redis
{"settings": {"lazyfree-lazy-expire": {"value": "no"}, "lazyfree-lazy-eviction": {"value": "no"}, "lazyfree-lazy-user-del": {"value": "no"}},
 "catalog": {"collections": [{"name": {"name": "feed:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 300, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"zset": 300}, "sampled": 300, "with_expiry": 300, "elements": [200, 90000, 2400000], "bytes": [9000, 9000000, 240000000], "largest": "feed:17"}}]}}
```

```facts quiet redis
{"settings": {"lazyfree-lazy-expire": {"value": "yes"}, "lazyfree-lazy-eviction": {"value": "yes"}, "lazyfree-lazy-user-del": {"value": "yes"}},
 "catalog": {"collections": [{"name": {"name": "feed:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 300, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"zset": 300}, "sampled": 300, "with_expiry": 300, "elements": [200, 90000, 2400000], "bytes": [9000, 9000000, 240000000], "largest": "feed:17"}}]}}
```

## Why it matters
Freeing a set of a million members takes a good part of a second, in which no other command is answered.

## When not to follow
Where such keys are never removed, or taken apart bit by bit.

## Fix
Let a background thread free them; in programs use UNLINK for DEL.

## How we verify
Elements and bytes of sampled keys, and the settings in force. Afterwards DEL of such a key is no slow command.

## References
Redis documentation, UNLINK; redis.conf, Lazy freeing.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let heavy = patterns(context).find(|pattern| {
        let largest = |spread: Option<[f64; 3]>| spread.map_or(0.0, |[_, _, most]| most);
        // Strings are one allocation, and freed at once whatever their size.
        pattern.only_type() != Some("string") && (largest(pattern.shape.elements) >= MANY || largest(pattern.shape.bytes) >= LARGE)
    });
    let Some(heavy) = heavy.filter(|_| context.judges_server()) else { return Vec::new() };
    let off: Vec<&str> = SETTINGS.iter().copied().filter(|name| context.setting_on(name) == Some(false)).collect();
    if off.is_empty() {
        return Vec::new();
    }
    let key = heavy.shape.largest.clone().unwrap_or_else(|| heavy.name());
    let message = format!("Keys such as {key} are freed in the foreground ({} off): everybody waits meanwhile.", off.join(", "));
    let change = off.iter().filter_map(|name| context.change_setting(name, "yes", "Free values in the background"));
    let change = change.reduce(|mut all, one| {
        all.apply.extend(one.apply);
        all.revert.splice(0..0, one.revert);
        all
    });
    let elements = heavy.shape.elements.map_or(0.0, |[_, _, most]| most);
    vec![
        Finding::new("lazyfree-lazy-user-del", message)
            .evidence(Evidence::text("key", key, "SCAN"))
            .evidence(Evidence::estimated("elements", elements, Unit::Count, "sampled keys"))
            .change_if(change)
            .risks(0.2),
    ]
}
