//! `topology/replica-lag`.

use dbwright_model::topology::Replica;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/replica-lag",
    title: "A replica is behind or has stopped",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

/// Lag from which readers notice and a failover loses more than moments, seconds.
const LAG_SECONDS: f64 = 30.0;
/// Lag from which a replica counts as behind where no time is known, bytes.
const LAG_BYTES: f64 = 268_435_456.0;

const DOCS: &str = r#"
## Finds
Replicas that are more than 30 seconds behind (256 MB of log where the engine gives no time), and replicas that report an
error. A replica that has received and applied everything is not behind, however long ago the last write was.

```facts finds postgresql
{"topology": {"role": "primary", "replicas": [{"name": "east", "state": "streaming", "lag_seconds": 340, "lag_bytes": 5000000000}]}}
```

```facts finds mariadb
{"topology": {"role": "replica", "upstream": {"name": "db1", "state": "IO Yes, SQL No", "error": "Duplicate entry '7' for key 'PRIMARY'"}}}
```

```facts quiet postgresql
{"topology": {"role": "primary", "replicas": [{"name": "east", "state": "streaming", "lag_seconds": 3600, "lag_bytes": 0}, {"name": "west", "state": "streaming", "lag_seconds": 0.2, "lag_bytes": 16384}]}}
```

## Why it matters
Readers on the replica see the past, and what a failover to it would lose is what it has not received yet. A replica that
has stopped is no copy any more, and only gets older.

## When not to follow
A replica that is delayed on purpose (`recovery_min_apply_delay`, `SOURCE_DELAY`) against mistakes.

## Fix
Look for the cause: a long query on the replica that blocks replay, a bulk change on the primary, a slow disk or link, a
single thread that applies. An error has to be mended, and the copy compared afterwards.

## How we verify
Read from pg_stat_replication or the replica's own status.

## References
PostgreSQL manual, Monitoring Replication, pg_stat_replication. MySQL manual, Checking Replication Status. Redis manual,
INFO replication.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let topology = &context.facts.topology;
    topology.replicas.iter().chain(&topology.upstream).filter_map(judge).collect()
}

fn judge(replica: &Replica) -> Option<Finding> {
    let name = if replica.name.is_empty() { "server" } else { &replica.name };
    if let Some(error) = replica.error.as_deref().filter(|error| !error.is_empty()) {
        let message = format!("Replication with {name} has stopped with an error: the copy gets older with every write.");
        return Some(
            evidence(Finding::new(name, message), replica)
                .evidence(Evidence::text("error", error, "replica status"))
                .severe(Severity::Error)
                .risks(0.8),
        );
    }
    let applied_all = replica.lag_bytes == Some(0.0);
    let late = match replica.lag_seconds {
        Some(seconds) => seconds >= LAG_SECONDS,
        None => replica.lag_bytes.is_some_and(|bytes| bytes >= LAG_BYTES),
    };
    if applied_all || !late {
        return None;
    }
    let amount = match (replica.lag_seconds, replica.lag_bytes) {
        (Some(seconds), _) => format!("{seconds:.0} seconds"),
        (None, bytes) => format!("{:.0} MB of log", bytes.unwrap_or(0.0) / 1_048_576.0),
    };
    let message = format!("{name} is {amount} behind: its readers see the past, and a failover to it would lose that much.");
    let risk = if replica.synchronous { 0.6 } else { 0.4 };
    Some(evidence(Finding::new(name, message), replica).risks(risk))
}

fn evidence(mut finding: Finding, replica: &Replica) -> Finding {
    if let Some(seconds) = replica.lag_seconds {
        finding = finding.evidence(Evidence::measured("lag", seconds, Unit::Seconds, "replica status"));
    }
    if let Some(bytes) = replica.lag_bytes {
        finding = finding.evidence(Evidence::measured("lag of log", bytes, Unit::Bytes, "replica status"));
    }
    finding.evidence(Evidence::text("state", replica.state.clone(), "replica status"))
}
