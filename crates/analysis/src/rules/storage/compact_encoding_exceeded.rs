//! `storage/compact-encoding-exceeded`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::{FEWEST_KEYS, Pattern, patterns};
use crate::rules::shared::MEGABYTE;

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/compact-encoding-exceeded",
    title: "Values just above the limit of the compact form",
    severity: Severity::Info,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Elements up to which the compact form is searched quickly.
const MOST_ELEMENTS: f64 = 512.0;
/// Bytes of an element, its share of the table included, up to which it is small.
const SMALL_ELEMENT: f64 = 200.0;
/// Bytes below which it gains nothing.
const LEAST_BYTES: f64 = 5.0 * MEGABYTE;
/// Type, the form that it takes when it is too large, the limit that a server has unless told otherwise, and its names, the
/// newest first.
const FORMS: [(&str, &str, f64, [&str; 2]); 2] = [
    ("hash", "hashtable", 512.0, ["hash-max-listpack-entries", "hash-max-ziplist-entries"]),
    ("zset", "skiplist", 128.0, ["zset-max-listpack-entries", "zset-max-ziplist-entries"]),
];

const DOCS: &str = r#"
## Finds
Patterns of hashes or sorted sets of which most have left the compact form (listpack), though 99 of 100 have no more than 512
small elements, and 5 MB and more are at stake.

```facts finds redis
{"settings": {"hash-max-listpack-entries": {"value": "128"}}, "catalog": {"collections": [{"name": {"name": "user:*"}, "kind": "key-pattern",
  "storage": {"rows": {"value": 20000, "exactness": "estimated", "source": "SCAN"}, "table_bytes": {"value": 300000000, "exactness": "estimated", "source": "MEMORY USAGE"}},
  "records": {"types": {"hash": 900}, "encodings": {"hashtable": 880, "listpack": 20}, "sampled": 900, "elements": [200, 310, 330], "bytes": [15000, 20000, 21000]}}]}}
```

```facts quiet redis
{"settings": {"hash-max-listpack-entries": {"value": "128"}}, "catalog": {"collections": [{"name": {"name": "user:*"}, "kind": "key-pattern",
  "storage": {"rows": {"value": 20000, "exactness": "estimated", "source": "SCAN"}, "table_bytes": {"value": 300000000, "exactness": "estimated", "source": "MEMORY USAGE"}},
  "records": {"types": {"hash": 900}, "encodings": {"hashtable": 880, "listpack": 20}, "sampled": 900, "elements": [4000, 9000, 12000], "bytes": [300000, 700000, 900000]}}]}}
```

## Why it matters
The compact form takes a third to a fifth of the memory. One element above the limit, and the value is a table for good.

## When not to follow
Where single elements are read very often: in the compact form they are searched from the front. Measure with the new limit.

## Fix
Raise the limit a little; values written from then on keep the compact form, older ones when they are written anew or
after a restart.

## How we verify
OBJECT ENCODING, elements and MEMORY USAGE of sampled keys. What it gains is an estimate from published measurements.

## References
Redis documentation, Memory optimization, Special encoding of small aggregate data types.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    patterns(context).filter_map(|pattern| judge(context, &pattern)).collect()
}

fn judge(context: &Context<'_>, pattern: &Pattern<'_>) -> Option<Finding> {
    let (kind, form, usual, names) = FORMS.iter().find(|(kind, ..)| pattern.only_type() == Some(kind))?;
    let ([median, near_all, _], [bytes, ..]) = (pattern.shape.elements?, pattern.shape.bytes?);
    let stake = pattern.collection.storage.table_bytes.as_ref()?.value;
    let small = near_all <= MOST_ELEMENTS && bytes / median.max(1.0) <= SMALL_ELEMENT;
    let enough = stake >= LEAST_BYTES && pattern.shape.sampled >= FEWEST_KEYS;
    if pattern.encoded_share(&[form]) < 0.5 || !small || !enough {
        return None;
    }
    // Elements that are too long leave the compact form at any number: then the limit is not what is exceeded.
    let known = names.iter().find(|name| context.setting(name).is_some());
    let limit = known.and_then(|name| context.setting_number(name)).unwrap_or(*usual);
    if near_all <= limit {
        return None;
    }
    let name = pattern.name();
    let message = format!(
        "{:.0} % of {name} are kept as {form}, though 99 of 100 have at most {near_all:.0} elements; the limit of the compact form is {limit:.0}.",
        pattern.encoded_share(&[form]) * 100.0
    );
    let summary = format!("Keep values of up to {MOST_ELEMENTS:.0} elements in the compact form");
    let change = known.and_then(|name| context.change_setting(name, "512", &summary));
    Some(
        Finding::new(name, message)
            .evidence(Evidence::text("type", *kind, "TYPE"))
            .evidence(Evidence::estimated("elements, 99th percentile", near_all, Unit::Count, "sampled keys"))
            .evidence(Evidence::estimated("bytes of the pattern", stake, Unit::Bytes, "MEMORY USAGE"))
            .change_if(change)
            .costs_bytes(stake / 2.0)
            .risks(0.05),
    )
}
