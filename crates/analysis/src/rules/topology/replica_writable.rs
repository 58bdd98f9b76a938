//! `topology/replica-writable`.

use dbwright_model::topology::Role;
use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/replica-writable",
    title: "A replica takes writes of its own",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
A replica whose `replica-read-only` is off.

```facts finds redis
{"settings": {"replica-read-only": {"value": "no"}}, "topology": {"role": "replica", "replicas": [], "upstream": {"name": "10.0.0.5:6379", "state": "up"}}}
```

```facts quiet redis
{"settings": {"replica-read-only": {"value": "no"}}}
```

## Why it matters
What is written there is nowhere else, differs from the primary, and is gone at the next full copy, silently.

## When not to follow
Where programs keep passing results there on purpose (SORT … STORE), in keys of their own.

## Fix
Switch it on, after finding out who writes.

## How we verify
INFO replication and the settings in force. Afterwards a write is refused with READONLY.

## References
Redis documentation, Replication, Read-only replica.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let old = context.setting("replica-read-only").is_none();
    let name = if old { "slave-read-only" } else { "replica-read-only" };
    let off = context.setting_on(name).map(|on| !on).or_else(|| context.counter("slave_read_only").map(|value| value == 0.0));
    if !context.judges_server() || context.facts.topology.role != Role::Replica || off != Some(true) {
        return Vec::new();
    }
    let message = "This replica takes writes: they are nowhere else, and gone at the next full copy.";
    let change = context.change_setting(name, "yes", "Refuse writes that do not come from the primary");
    vec![Finding::new(name, message).evidence(Evidence::text("value", "no", "settings")).change_if(change).risks(0.5)]
}
