//! `capacity/connection-exhaustion`.

use dbwright_model::health::Usage;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/connection-exhaustion",
    title: "Connections nearly used up",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Share open from which a burst finds none left.
const MOST_SHARE: f64 = 0.8;
/// Share open from which clients are refused any moment.
const URGENT_SHARE: f64 = 0.95;

const DOCS: &str = r#"
## Finds
More than 80 % of the connections that the server admits are open; from 95 % on it is an error.

```facts finds postgresql
{"health": {"connections": {"used": 92, "limit": 100}}}
```

```facts quiet postgresql
{"health": {"connections": {"used": 40, "limit": 100}}}
```

## Why it matters
The next client is refused, and so may be the administrator. In PostgreSQL each connection is a process with memory of
its own.

## When not to follow
A pool that holds all its connections open on purpose and is sized to just that.

## Fix
Put a pool in front (PgBouncer, ProxySQL, the application's own) and give it fewer connections than you think; find
clients that leave connections open; only then raise the limit.

## How we verify
Connections counted by the server at the time of reading, against its limit.

## References
PostgreSQL manual, max_connections; MySQL manual, Too many connections.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let connections = context.facts.health.connections.filter(|one| context.judges_server() && one.share() >= MOST_SHARE);
    connections.map(finding).into_iter().collect()
}

fn finding(connections: Usage) -> Finding {
    let message = format!("{:.0} of {:.0} connections are open.", connections.used, connections.limit);
    let finding = Finding::new("server", message)
        .evidence(Evidence::measured("open", connections.used, Unit::Count, "server"))
        .evidence(Evidence::measured("admitted", connections.limit, Unit::Count, "server"));
    if connections.share() >= URGENT_SHARE { finding.severe(Severity::Error).risks(0.8) } else { finding.risks(0.5) }
}
