//! `workload/statements-evicted`.

use dbwright_model::workload::WorkloadSource;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "workload/statements-evicted",
    title: "The server forgot statements for lack of room",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Statement statistics from which entries were dropped because there were more different statements than they have room for
(`dealloc` of pg_stat_statements_info; the catch-all row of events_statements_summary_by_digest).

```facts finds postgresql
{"workload": {"source": "statistics", "evicted": 12000, "capacity": 5000,
  "statements": [{"text": "SELECT name FROM customer WHERE id = $1", "calls": 10, "total_ms": 5}]},
 "settings": {"pg_stat_statements.max": {"value": "5000", "origin": "default"}}}
```

```facts quiet postgresql
{"workload": {"source": "statistics", "evicted": 0, "capacity": 5000,
  "statements": [{"text": "SELECT name FROM customer WHERE id = $1", "calls": 10, "total_ms": 5}]}}
```

## Why it matters
What was dropped is missing from every sum: rare and expensive statements are dropped first, so shares of time are too high
for what is left, and "never used" proves nothing.

## When not to follow
Where a few evictions in months come from a migration or a batch of one-off statements.

## Fix
Raise `pg_stat_statements.max` (a restart; some kilobytes an entry), or `performance_schema_digests_size`. If literals or
lists of many lengths make every statement a new one, use parameters.

## How we verify
Read from the statistics themselves. After the change the count stays at zero.

## References
PostgreSQL manual, pg_stat_statements, pg_stat_statements_info. MySQL manual, Statement Summary Tables.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let workload = &context.facts.workload;
    let Some(evicted) = workload.evicted.filter(|count| *count > 0) else { return Vec::new() };
    if !context.judges_server() || workload.source != WorkloadSource::Statistics {
        return Vec::new();
    }
    let message = format!(
        "The statement statistics dropped {evicted} entries for lack of room: shares of time and claims of disuse rest on what is left."
    );
    let mut finding = Finding::new("server", message)
        .evidence(Evidence::measured("entries dropped", evicted as f64, Unit::Count, "statement statistics"))
        .evidence(Evidence::measured("entries kept", workload.statements.len() as f64, Unit::Count, "statement statistics"))
        .risks(0.2);
    if let Some(capacity) = workload.capacity {
        finding = finding.evidence(Evidence::measured("entries at most", capacity as f64, Unit::Count, "settings"));
    }
    vec![finding.change_if(more_room(context, evicted))]
}

/// Twice the room, where evictions are few enough for that to help and the result stays within some tens of megabytes.
fn more_room(context: &Context<'_>, evicted: u64) -> Option<dbwright_model::change::Change> {
    const MOST_ENTRIES: u64 = 20_000;
    let capacity = context.facts.workload.capacity?;
    let wanted = capacity * 2;
    if context.engine() != Engine::Postgresql || wanted > MOST_ENTRIES || evicted > capacity * 1000 {
        return None;
    }
    let summary = format!("Keep statistics of {wanted} statements");
    context.change_setting_at_start("pg_stat_statements.max", &wanted.to_string(), &summary)
}
