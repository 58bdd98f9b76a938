//! `config/planner-costs-mismatch`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/planner-costs-mismatch",
    title: "The planner is told costs that are not the machine's",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

/// Smallest database, bytes, of which it says something that it fits in memory.
const WORTH_BYTES: f64 = 1_073_741_824.0;
/// Plan kinds that servers must not be without.
const PLAN_KINDS: [&str; 10] = [
    "enable_bitmapscan",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_seqscan",
    "enable_sort",
    "enable_partition_pruning",
];

const DOCS: &str = r#"
## Finds
`effective_cache_size` below `shared_buffers`; `random_page_cost` below `seq_page_cost`; kinds of plans switched off for
the whole server (`enable_nestloop = off` and its like, when not for this session alone); and `random_page_cost` of 4 or
more for a database of 1 GB or more that lies in `shared_buffers` as a whole.

```facts finds postgresql
{"settings": {"shared_buffers": {"value": "2097152", "unit": "8kB", "origin": "configuration file"},
              "effective_cache_size": {"value": "524288", "unit": "8kB", "origin": "default"}}}
```

```facts finds postgresql
{"settings": {"enable_nestloop": {"value": "off", "origin": "configuration file"}}}
```

```facts quiet postgresql
{"settings": {"shared_buffers": {"value": "16384", "unit": "8kB", "origin": "default"},
              "effective_cache_size": {"value": "524288", "unit": "8kB", "origin": "default"},
              "random_page_cost": {"value": "4", "origin": "default"}, "seq_page_cost": {"value": "1", "origin": "default"}}}
```

## Why it matters
The planner compares costs, not times. Told that random reads are dear and little is cached, it reads whole tables where
an index would be faster by orders of magnitude; told that a kind of plan is forbidden, it takes the second best for every
statement.

## When not to follow
A kind of plan that was switched off to get round a planner fault is better switched off for the one statement or role.

## Fix
Set `effective_cache_size` to the memory that buffers and file cache have together; `random_page_cost` to about 1.1 where
reads are served from memory or from solid state; the kinds of plans to on. All take effect on reload and lock nothing.

## How we verify
Read from pg_settings and the size of the database. After the change the workload's plans are taken again.

## References
PostgreSQL manual, Query Planning, Planner Cost Constants and Planner Method Configuration.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> =
        [small_cache(context), random_below_sequential(context), all_in_memory(context)].into_iter().flatten().collect();
    findings.extend(PLAN_KINDS.into_iter().filter_map(|name| switched_off(context, name)));
    findings
}

fn small_cache(context: &Context<'_>) -> Option<Finding> {
    let (buffers, cache) = (context.setting_bytes("shared_buffers")?, context.setting_bytes("effective_cache_size")?);
    if cache >= buffers {
        return None;
    }
    let message = "effective_cache_size is below shared_buffers: the planner believes that less is cached than the server itself caches.";
    let finding = Finding::new("effective_cache_size", message)
        .evidence(Evidence::measured("effective_cache_size", cache, Unit::Bytes, "pg_settings"))
        .evidence(Evidence::measured("shared_buffers", buffers, Unit::Bytes, "pg_settings"))
        .risks(0.3);
    let megabytes = (buffers * 3.0 / 1_048_576.0).round();
    let summary = format!("Tell the planner of {megabytes:.0} MB of cache, three times shared_buffers; nothing is allocated");
    Some(finding.change_if(context.change_setting("effective_cache_size", &format!("'{megabytes:.0}MB'"), &summary)))
}

fn random_below_sequential(context: &Context<'_>) -> Option<Finding> {
    let (random, sequential) = (context.setting_number("random_page_cost")?, context.setting_number("seq_page_cost")?);
    if random >= sequential {
        return None;
    }
    let message = "random_page_cost is below seq_page_cost: no device reads pages faster in disorder than in order.";
    let finding = Finding::new("random_page_cost", message)
        .evidence(Evidence::measured("random_page_cost", random, Unit::Cost, "pg_settings"))
        .evidence(Evidence::measured("seq_page_cost", sequential, Unit::Cost, "pg_settings"))
        .risks(0.3);
    Some(finding.change_if(context.change_setting("random_page_cost", &sequential.to_string(), "Set random_page_cost to seq_page_cost")))
}

fn all_in_memory(context: &Context<'_>) -> Option<Finding> {
    let random = context.setting_number("random_page_cost").filter(|cost| *cost >= 4.0)?;
    let buffers = context.setting_bytes("shared_buffers")?;
    let database = context.facts.catalog.database_bytes.as_ref()?;
    if database.value < WORTH_BYTES || database.value > buffers {
        return None;
    }
    let message = format!(
        "The whole database lies in shared_buffers, yet the planner is told that a random read costs {random} times a sequential one."
    );
    let finding = Finding::new("random_page_cost", message)
        .evidence(Evidence::measured("random_page_cost", random, Unit::Cost, "pg_settings"))
        .evidence(Evidence::of("database", database, Unit::Bytes))
        .evidence(Evidence::measured("shared_buffers", buffers, Unit::Bytes, "pg_settings"))
        .severe(Severity::Info)
        .risks(0.2);
    Some(finding.change_if(context.change_setting(
        "random_page_cost",
        "1.1",
        "Tell the planner that random reads cost little more than sequential ones",
    )))
}

fn switched_off(context: &Context<'_>, name: &str) -> Option<Finding> {
    let by_session =
        context.setting(name)?.origin.as_deref().is_some_and(|origin| matches!(origin, "session" | "client" | "user" | "database user"));
    if context.setting_on(name)? || by_session {
        return None;
    }
    let message = format!("{name} is off for the whole server: every statement does without that kind of plan, also where it is the best.");
    let finding = Finding::new(name, message).evidence(Evidence::text(name, "off", "pg_settings")).risks(0.4);
    Some(finding.change_if(context.change_setting(name, "on", &format!("Switch {name} on again"))))
}
