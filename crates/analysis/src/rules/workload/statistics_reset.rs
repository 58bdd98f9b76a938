//! `workload/statistics-reset`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Timestamp, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "workload/statistics-reset",
    title: "Statistics cover less than a week",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Days that cover a working week with its nightly and weekly jobs.
const FULL_DAYS: f64 = 7.0;

const DOCS: &str = r#"
## Finds
Cumulative statistics, of the database or of its statements, that were reset less than a week ago.

```facts finds postgresql
{"taken_at": "2026-11-24T00:00:00Z", "health": {"statistics_since": "2026-11-22T12:00:00Z"}}
```

```facts quiet postgresql
{"taken_at": "2026-11-24T00:00:00Z", "health": {"statistics_since": "2026-10-01T00:00:00Z"}, "workload": {"since": "2026-10-01T00:00:00Z"}}
```

## Why it matters
What a report of the last two days does not show may run every Sunday or at the end of the month: an index that was not
used since a reset is not unused, and shares of time are those of the days since.

## When not to follow
Nothing is wrong with the server: this says how far the rest of the report can be trusted.

## Fix
Wait for a week, and stop what resets statistics regularly. Take two readings and compare them instead of resetting.

## How we verify
Read from stats_reset of pg_stat_database and pg_stat_statements_info, or the server's start.

## References
PostgreSQL manual, The Cumulative Statistics System. MySQL manual, Performance Schema Table-Handling Configuration.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let whole = context.facts.health.statistics_since.or(context.facts.health.started_at);
    let sources =
        [("database", "statistics of tables and indexes", whole), ("server", "statistics of statements", context.facts.workload.since)];
    sources.into_iter().filter_map(|(object, what, since)| young(context, object, what, since?)).collect()
}

fn young(context: &Context<'_>, object: &str, what: &str, since: Timestamp) -> Option<Finding> {
    let days = context.facts.taken_at.days_since(since);
    if !(0.0..FULL_DAYS).contains(&days) {
        return None;
    }
    let message = format!("The {what} cover {days:.1} days: what runs weekly or monthly may be missing, and disuse proves nothing yet.");
    Some(
        Finding::new(object, message)
            .evidence(Evidence::measured("statistics cover", days, Unit::Days, "time of the last reset"))
            .evidence(Evidence::text("since", since.to_string(), "time of the last reset"))
            .risks(0.05),
    )
}
