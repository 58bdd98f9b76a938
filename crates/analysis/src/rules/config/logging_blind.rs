//! `config/logging-blind`.

use dbwright_model::workload::WorkloadSource;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/logging-blind",
    title: "Slow statements leave no trace",
    severity: Severity::Info,
    engines: SERVERS,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
A server on which nothing records slow statements: no statement statistics (pg_stat_statements, performance_schema), no
log of slow statements (`log_min_duration_statement`, `log_min_duration_sample`, auto_explain; `slow_query_log`). And
PostgreSQL servers that hide two causes of slowness that no statistic shows: `log_lock_waits` off together with deadlocks
seen, `log_temp_files` off together with temporary files written. Redis and Valkey: the slow log switched off or without
room.

```facts finds postgresql
{"workload": {"source": "none", "statements": []}, "catalog": {"extensions": []},
 "settings": {"shared_preload_libraries": {"value": ""}, "log_min_duration_statement": {"value": "-1", "unit": "ms", "origin": "default"}, "log_min_duration_sample": {"value": "-1", "unit": "ms"}}}
```

```facts quiet postgresql
{"workload": {"source": "none", "statements": []}, "catalog": {"extensions": []},
 "settings": {"shared_preload_libraries": {"value": ""}, "log_min_duration_statement": {"value": "500", "unit": "ms"}},
 "health": {"deadlocks": 0, "temporary_bytes": 0}}
```

```facts finds mysql
{"workload": {"source": "none", "statements": []},
 "settings": {"slow_query_log": {"value": "OFF"}, "performance_schema": {"value": "OFF"}}}
```

```facts finds redis
{"settings": {"slowlog-log-slower-than": {"value": "-1"}}}
```

```facts quiet redis
{}
```

## Why it matters
When users say that it was slow at three in the night, there is nothing to look at. What took the time, and what changed,
can't be known afterwards.

## When not to follow
Where another tool records the statements, at a proxy or in the application.

## Fix
Log statements that take longer than half a second, and load pg_stat_statements at the next restart.

## How we verify
Read from the settings and the list of extensions.

## References
PostgreSQL manual, Error Reporting and Logging; pg_stat_statements. MySQL manual, The Slow Query Log; Performance Schema
Statement Summary Tables.
"#;

/// Temporary bytes from which their log is worth having.
const TEMPORARY_BYTES: f64 = 1_073_741_824.0;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    if !context.engine().speaks_sql() {
        return slow_log(context).into_iter().collect();
    }
    if context.engine() != Engine::Postgresql {
        return mysql(context).into_iter().collect();
    }
    [blind(context), lock_waits(context), temporary_files(context)].into_iter().flatten().collect()
}

fn blind(context: &Context<'_>) -> Option<Finding> {
    const LIMITS: [&str; 3] = ["log_min_duration_statement", "log_min_duration_sample", "auto_explain.log_min_duration"];
    context.setting("log_min_duration_statement")?;
    let logged = LIMITS.into_iter().any(|name| context.setting_number(name).is_some_and(|value| value >= 0.0));
    let loaded = context.setting_text("shared_preload_libraries").is_some_and(|list| list.contains("pg_stat_statements"));
    let observed = loaded || context.facts.workload.source == WorkloadSource::Statistics;
    if logged || observed || context.setting_text("log_statement").is_some_and(|value| value == "all") {
        return None;
    }
    let message = "Neither pg_stat_statements nor a log of slow statements is on: what takes the server's time can't be known.";
    let finding = Finding::new("log_min_duration_statement", message)
        .evidence(Evidence::text("log_min_duration_statement", "-1", "pg_settings"))
        .risks(0.2);
    Some(finding.change_if(context.change_setting(
        "log_min_duration_statement",
        "'500ms'",
        "Log statements that take longer than half a second",
    )))
}

fn slow_log(context: &Context<'_>) -> Option<Finding> {
    let (limit, room) = (context.setting_number("slowlog-log-slower-than")?, context.setting_number("slowlog-max-len")?);
    let (name, value, wanted) = if limit < 0.0 {
        ("slowlog-log-slower-than", limit, "10000")
    } else if room < 1.0 {
        ("slowlog-max-len", room, "128")
    } else {
        return None;
    };
    let message = format!("{name} is {value:.0}: no slow command leaves a trace.");
    let change = context.change_setting(name, wanted, "Keep commands that take longer than 10 ms in the slow log");
    let evidence = Evidence::text(name, format!("{value:.0}"), "settings");
    Some(Finding::new(name, message).severe(Severity::Warning).evidence(evidence).change_if(change).risks(0.2))
}

fn lock_waits(context: &Context<'_>) -> Option<Finding> {
    let deadlocks = context.facts.health.deadlocks.filter(|count| *count > 0)?;
    if context.setting_on("log_lock_waits")? {
        return None;
    }
    let message = format!("{deadlocks} deadlocks were seen, and log_lock_waits is off: who waited for whom is not recorded.");
    let finding = Finding::new("log_lock_waits", message)
        .evidence(Evidence::measured("deadlocks", deadlocks as f64, dbwright_model::Unit::Count, "pg_stat_database"))
        .risks(0.1);
    Some(finding.change_if(context.change_setting("log_lock_waits", "on", "Log waits for locks that last longer than deadlock_timeout")))
}

fn temporary_files(context: &Context<'_>) -> Option<Finding> {
    let bytes = context.facts.health.temporary_bytes.filter(|bytes| *bytes >= TEMPORARY_BYTES)?;
    if context.setting_number("log_temp_files")? >= 0.0 || context.facts.workload.source == WorkloadSource::Statistics {
        return None;
    }
    let message = "Statements spilled to temporary files, and neither log_temp_files nor pg_stat_statements says which.";
    let finding = Finding::new("log_temp_files", message)
        .evidence(Evidence::measured("temporary files", bytes, dbwright_model::Unit::Bytes, "pg_stat_database.temp_bytes"))
        .risks(0.1);
    Some(finding.change_if(context.change_setting(
        "log_temp_files",
        "'10MB'",
        "Log statements that write more than 10 MB of temporary files",
    )))
}

fn mysql(context: &Context<'_>) -> Option<Finding> {
    let slow_log = context.setting_on("slow_query_log")?;
    let schema = context.setting_on("performance_schema").unwrap_or(false);
    if slow_log || schema || context.facts.workload.source == WorkloadSource::Statistics {
        return None;
    }
    let message = "Neither performance_schema nor slow_query_log is on: what takes the server's time can't be known.";
    let finding = Finding::new("slow_query_log", message)
        .evidence(Evidence::text("slow_query_log", "OFF", "global variables"))
        .evidence(Evidence::text("performance_schema", "OFF", "global variables"))
        .risks(0.2);
    Some(finding.change_if(context.change_setting("slow_query_log", "1", "Log slow statements")))
}
