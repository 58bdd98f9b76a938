//! `query/keys-command`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/keys-command",
    title: "KEYS goes through all keys at once",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

/// Keys from which a walk through all of them is noticed.
const MANY_KEYS: f64 = 10_000.0;
/// Time of a call that others notice, ms.
const LONG_MS: f64 = 10.0;

const DOCS: &str = r#"
## Finds
KEYS was called. On servers with 10,000 keys and more, or where one call took 10 ms and more, it is a warning, else a remark.

```facts finds redis
{"workload": {"source": "statistics", "statements": [{"text": "KEYS", "calls": 412, "total_ms": 90000}]}}
```

```facts quiet redis
{"workload": {"source": "statistics", "statements": [{"text": "SCAN", "calls": 412, "total_ms": 90}]}}
```

## Why it matters
It looks at every key of the database in one go, and no other command is answered before it has ended: some 100 ms for a
million keys, again and again.

## When not to follow
A person who looked once, on a server that nobody waits for.

## Fix
SCAN in small steps where it must be; better, keep a set of the names that belong together. Take KEYS from programs:
`ACL SETUSER program -keys`.

## How we verify
Counted by the server since its start or CONFIG RESETSTAT. Afterwards the count stands still.

## References
Redis documentation, KEYS; SCAN.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let keys: f64 = context.facts.catalog.collections.iter().filter_map(|one| one.rows()).sum();
    let called = context.statements().iter().filter(|view| is_keys(&view.statement.text));
    called
        .map(|view| {
            let (calls, mean) = (view.statement.calls.unwrap_or(1.0), view.statement.mean_ms().unwrap_or(0.0));
            let longest = view.statement.latency.as_ref().map_or(mean, |latency| latency.max_ms);
            let times =
                if calls > 1.0 { format!("{calls:.0} times, {mean:.1} ms each in the mean,") } else { format!("once, for {mean:.1} ms,") };
            let message = format!("KEYS was called {times} while everybody waited.");
            let finding = view.finding(message).evidence(Evidence::estimated("keys", keys, Unit::Count, "SCAN"));
            if keys >= MANY_KEYS || longest >= LONG_MS { finding.risks(0.5) } else { finding.severe(Severity::Info).risks(0.1) }
        })
        .collect()
}

/// The command alone, as statistics keep it, or with its pattern.
fn is_keys(text: &str) -> bool {
    text.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("keys"))
}
