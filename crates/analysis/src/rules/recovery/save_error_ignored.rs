//! `recovery/save-error-ignored`.

use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::keyspace::is_cache;

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/save-error-ignored",
    title: "Writes go on though they can not be saved",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

const NAME: &str = "stop-writes-on-bgsave-error";

const DOCS: &str = r#"
## Finds
`stop-writes-on-bgsave-error` is off on a server that saves snapshots and keeps no append-only file.

```facts finds redis
{"settings": {"stop-writes-on-bgsave-error": {"value": "no"}, "appendonly": {"value": "no"}}}
```

```facts quiet redis
{"settings": {"stop-writes-on-bgsave-error": {"value": "no"}, "appendonly": {"value": "yes"}}}
```

## Why it matters
A failed save is the moment to stop: everything written after it is lost when the server ends, and nobody hears of it.

## When not to follow
Caches, and servers whose saves are watched closely by something else.

## Fix
Switch it on. Then a failed save is an error for every write, which somebody will see.

## How we verify
Read from the settings in force.

## References
redis.conf, stop-writes-on-bgsave-error.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let saves = context.setting("save").is_some_and(|save| !save.value.trim().is_empty());
    let alone = context.setting_on("appendonly") == Some(false);
    if !context.judges_server() || context.setting_on(NAME) != Some(false) || !saves || !alone || is_cache(context) {
        return Vec::new();
    }
    let message = "A save that fails stops no write: what is written afterwards is lost when the server ends.";
    let change = context.change_setting(NAME, "yes", "Refuse writes while the last save has failed");
    vec![Finding::new(NAME, message).evidence(Evidence::text("value", "no", "settings")).change_if(change).risks(0.5)]
}
