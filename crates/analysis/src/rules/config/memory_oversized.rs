//! `config/memory-oversized`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/memory-oversized",
    title: "More memory promised than there is use or room for",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Settings, FactKind::Health],
    docs: DOCS,
    check,
};

/// Days of running after which an empty part of the buffer pool will stay empty.
const SETTLED_DAYS: f64 = 7.0;
/// Smallest buffer pool of which an empty half is worth a word, bytes.
const WORTH_BYTES: f64 = 1_073_741_824.0;

/// Sessions below which all of them sorting at once is no matter.
const FEWEST_SESSIONS: f64 = 10.0;

const DOCS: &str = r#"
## Finds
PostgreSQL: `work_mem` times the connections open now (ten or more) exceeds `effective_cache_size`, where somebody has set that to the
memory there is; one sort or hash in each session would be more than the machine has. MySQL and MariaDB: after a week of
running, more than half of a buffer pool of 1 GB or more was never filled.

```facts finds postgresql
{"health": {"connections": {"used": 180, "limit": 200}},
 "settings": {"work_mem": {"value": "262144", "unit": "kB", "origin": "configuration file"},
              "effective_cache_size": {"value": "1572864", "unit": "8kB", "origin": "configuration file"}}}
```

```facts quiet postgresql
{"health": {"connections": {"used": 20, "limit": 200}},
 "settings": {"work_mem": {"value": "65536", "unit": "kB", "origin": "configuration file"},
              "effective_cache_size": {"value": "1572864", "unit": "8kB", "origin": "configuration file"}}}
```

```facts finds mysql
{"taken_at": "2026-11-24T00:00:00Z", "health": {"started_at": "2026-10-24T00:00:00Z",
  "counters": {"Innodb_buffer_pool_pages_total": 1048576, "Innodb_buffer_pool_pages_free": 900000}},
 "settings": {"innodb_buffer_pool_size": {"value": "17179869184"}}}
```

## Why it matters
Memory that sessions are allowed to take and that is not there ends in swapping, or in the operating system killing the
server, and with it every connection. A pool that is never filled is memory that the rest of the machine lacks.

## When not to follow
Where few sessions ever sort at the same time and memory is watched; where the data are expected to grow into the pool.

## Fix
Keep `work_mem` small for everybody and raise it for the role or the statement that needs it; put a pooler before the
server so that fewer sessions are open. Shrink a pool that stays empty, or leave it if nothing else needs the memory.

## How we verify
Read from the settings, the number of sessions and Innodb_buffer_pool_pages_free.

## References
PostgreSQL manual, Resource Consumption, Memory; Managing Kernel Resources, Linux Memory Overcommit. MySQL manual,
InnoDB Buffer Pool, Configuring InnoDB Buffer Pool Size.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let finding = if context.engine() == Engine::Postgresql { session_memory(context) } else { empty_pool(context) };
    finding.into_iter().collect()
}

fn session_memory(context: &Context<'_>) -> Option<Finding> {
    let sessions = context.facts.health.connections?.used;
    let work = context.setting_bytes("work_mem")?;
    let cache =
        context.setting("effective_cache_size").filter(|setting| setting.origin.as_deref().is_some_and(|origin| origin != "default"));
    cache?;
    let memory = context.setting_bytes("effective_cache_size")?;
    // A cache said to be smaller than the buffers is no statement on the machine's memory: planner-costs-mismatch says so.
    let believable = context.setting_bytes("shared_buffers").is_none_or(|buffers| memory >= buffers);
    if work * sessions <= memory || sessions < FEWEST_SESSIONS || !believable {
        return None;
    }
    let message = format!(
        "work_mem of {:.0} MB times {sessions:.0} open sessions is {:.1} times effective_cache_size: one sort in each would use up the memory.",
        work / 1_048_576.0,
        work * sessions / memory
    );
    let finding = Finding::new("work_mem", message)
        .evidence(Evidence::measured("work_mem", work, Unit::Bytes, "pg_settings"))
        .evidence(Evidence::measured("sessions", sessions, Unit::Count, "pg_stat_activity"))
        .evidence(Evidence::measured("effective_cache_size", memory, Unit::Bytes, "pg_settings"))
        .risks(0.5);
    let fitting = (memory / 4.0 / sessions / 1_048_576.0).floor().max(4.0);
    if fitting * 1_048_576.0 > work * 0.8 {
        return Some(finding);
    }
    let summary = format!(
        "Lower work_mem to {fitting:.0} MB, a quarter of that memory over the sessions open now; statements that sort more will spill"
    );
    Some(finding.change_if(context.change_setting("work_mem", &format!("'{fitting:.0}MB'"), &summary)))
}

fn empty_pool(context: &Context<'_>) -> Option<Finding> {
    let total = context.counter("innodb_buffer_pool_pages_total")?;
    let free = context.counter("innodb_buffer_pool_pages_free")?;
    let size = context.setting_bytes("innodb_buffer_pool_size")?;
    let days = context.facts.taken_at.days_since(context.facts.health.started_at?);
    if days < SETTLED_DAYS || size < WORTH_BYTES || total <= 0.0 || free / total <= 0.5 {
        return None;
    }
    let message =
        format!("{:.0} % of the buffer pool is empty after {days:.0} days: the memory is reserved for nothing.", free / total * 100.0);
    let finding = Finding::new("innodb_buffer_pool_size", message)
        .evidence(Evidence::measured("buffer pool", size, Unit::Bytes, "global variables"))
        .evidence(Evidence::measured("pages free", free, Unit::Pages, "Innodb_buffer_pool_pages_free"))
        .evidence(Evidence::measured("pages", total, Unit::Pages, "Innodb_buffer_pool_pages_total"))
        .costs_bytes(size * free / total)
        .severe(Severity::Info);
    Some(finding)
}
