//! `storage/no-expiry`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{FEWEST_KEYS, Pattern, is_cache, patterns};
use crate::rules::shared::has_word;

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/no-expiry",
    title: "Keys that never go away",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Share of keys that expire from which the others are a mistake.
const MOST: f64 = 0.5;
/// Keys without expiry from which it is no single case.
const FEWEST_LASTING: f64 = 20.0;
/// Keys of a name that passes from which they pile up.
const FEWEST_PASSING: f64 = 100.0;
/// Words of names of what passes.
const PASSING: &[&str] = &[
    "cache",
    "cached",
    "captcha",
    "csrf",
    "lock",
    "locks",
    "nonce",
    "otp",
    "ratelimit",
    "sess",
    "session",
    "sessions",
    "temp",
    "throttle",
    "tmp",
    "token",
    "tokens",
];

const DOCS: &str = r#"
## Finds
Patterns of which most keys expire but some, 20 at least, do not; and patterns named as something that passes (cache,
session, token, lock, …) with 100 keys and more of which none expires. Servers that evict whatever is in the way are left out.

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "session:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "sampled": 900, "with_expiry": 640, "lasting": "session:17"}}]}}
```

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "cache:page:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "sampled": 900, "with_expiry": 0}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "user:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"hash": 900}, "sampled": 900, "with_expiry": 0}}]}}
```

```facts quiet redis
{"settings": {"maxmemory-policy": {"value": "allkeys-lfu"}}, "catalog": {"collections": [{"name": {"name": "cache:page:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 90000, "exactness": "estimated", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "sampled": 900, "with_expiry": 0}}]}}
```

## Why it matters
They pile up until the memory is full. The common causes are a SET that drops the time to live of a key that had one, an
INCR that makes a key before EXPIRE was sent, and a program that stopped in between.

## When not to follow
Sessions and tokens that something else removes.

## Fix
Give the time to live with the write itself: `SET key value EX 3600`, `SET … KEEPTTL`, or both commands in one MULTI. Old
keys get one by a walk with SCAN and `EXPIRE key seconds NX`, in small steps.

## How we verify
PTTL of sampled keys. Afterwards all keys of the pattern have one.

## References
Redis documentation, EXPIRE; SET, options EX and KEEPTTL.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if is_cache(context) {
        return Vec::new();
    }
    patterns(context).filter(|pattern| pattern.shape.sampled >= FEWEST_KEYS).filter_map(|pattern| judge(&pattern)).collect()
}

fn judge(pattern: &Pattern<'_>) -> Option<Finding> {
    let share = pattern.expiring_share();
    let lasting = pattern.keys * (1.0 - share);
    let passing = has_word(&pattern.collection.name.name, PASSING);
    let leaks = share >= MOST && lasting >= FEWEST_LASTING;
    let never = passing && pattern.shape.with_expiry == 0 && pattern.keys >= FEWEST_PASSING;
    if !leaks && !never {
        return None;
    }
    let name = pattern.name();
    let message = if leaks {
        format!("{:.0} % of {name} expire, but some {lasting:.0} keys never do: they pile up.", share * 100.0)
    } else {
        format!("None of the {:.0} keys {name} expires, though the name says that they pass.", pattern.keys)
    };
    let mut finding = Finding::new(name, message)
        .evidence(Evidence::measured("keys sampled", pattern.shape.sampled as f64, Unit::Count, "SCAN"))
        .evidence(Evidence::estimated("keys that expire", share, Unit::Share, "PTTL of sampled keys"))
        .evidence(Evidence::estimated("keys that do not", lasting, Unit::Count, "share of the pattern's keys"));
    if let Some(example) = &pattern.shape.lasting {
        finding = finding.evidence(Evidence::text("one that does not", example.clone(), "SCAN"));
    }
    let bytes = pattern.collection.storage.table_bytes.as_ref().map_or(0.0, |bytes| bytes.value * (1.0 - share));
    Some(finding.costs_bytes(bytes).risks(0.3))
}
