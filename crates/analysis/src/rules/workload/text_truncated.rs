//! `workload/text-truncated`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "workload/text-truncated",
    title: "Statement texts are cut short",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Statements whose text the server or the log cut short.

```facts finds mysql
{"workload": {"source": "statistics", "truncated": 3, "statements": [
  {"text": "SELECT a , b FROM report WHERE ...", "truncated": true, "calls": 40, "total_ms": 9000},
  {"text": "SELECT name FROM customer WHERE id = ?", "calls": 10, "total_ms": 1000}]}}
```

```facts quiet mysql
{"workload": {"source": "statistics", "truncated": 0, "statements": [{"text": "SELECT name FROM customer WHERE id = ?", "calls": 10, "total_ms": 1000}]}}
```

## Why it matters
A statement that ends in the middle can't be read, planned or judged, and different long statements that begin alike are
counted as one. The longest texts often are the slowest statements.

## When not to follow
Where the cut statements take next to no time.

## Fix
MySQL and MariaDB: raise `max_digest_length`, `performance_schema_max_digest_length` and
`performance_schema_max_sql_text_length` (a restart). PostgreSQL keeps whole texts in pg_stat_statements; for
pg_stat_activity raise `track_activity_query_size` (a restart). For logs, raise the limit of what ships them.

## How we verify
Read from the texts themselves.

## References
MySQL manual, Performance Schema Statement Digests and Sampling. PostgreSQL manual, track_activity_query_size.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let cut: Vec<_> = context.statements().iter().filter(|view| view.statement.truncated).collect();
    let count = context.facts.workload.truncated.max(cut.len() as u64);
    if count == 0 || !context.judges_server() {
        return Vec::new();
    }
    let share: f64 = cut.iter().filter_map(|view| view.time_share).sum();
    let setting = if context.engine() == Engine::Postgresql { "track_activity_query_size" } else { "max_digest_length" };
    let message =
        format!("{count} statement texts are cut short, {:.0} % of database time: they can't be read, planned or judged.", share * 100.0);
    let finding = Finding::new(setting, message)
        .evidence(Evidence::measured("texts cut", count as f64, Unit::Count, "workload"))
        .evidence(Evidence::measured("share of database time", share, Unit::Share, "workload"));
    vec![finding.risks(if share > 0.1 { 0.3 } else { 0.1 })]
}
