//! `topology/backlog-too-small`.

use dbwright_model::topology::Role;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};
use crate::rules::shared::{MEGABYTE, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/backlog-too-small",
    title: "A short break of the link ends in a full copy",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Topology, FactKind::Health],
    docs: DOCS,
    check,
};

/// Seconds of writes that a restart of a replica or a switch takes.
const LEAST_SECONDS: f64 = 60.0;
/// Seconds of writes that are proposed.
const WANTED_SECONDS: f64 = 600.0;
/// Refusals from which it is no single case.
const MANY_REFUSED: f64 = 3.0;
/// Time that the rate must rest on, seconds.
const LEAST_UPTIME: f64 = 600.0;
/// Bytes that are proposed at most.
const MOST_BYTES: f64 = 4096.0 * MEGABYTE;

const DOCS: &str = r#"
## Finds
Primaries with replicas whose replication backlog holds less than a minute of what they write; and servers that had to refuse
three or more replicas a partial copy.

```facts finds redis
{"health": {"counters": {"repl_backlog_size": 1048576, "master_repl_offset": 900000000000, "uptime_in_seconds": 864000}}, "settings": {"repl-backlog-size": {"value": "1048576"}}}
```

```facts quiet redis
{"health": {"counters": {"repl_backlog_size": 268435456, "master_repl_offset": 900000000000, "uptime_in_seconds": 864000}}}
```

## Why it matters
A replica that comes back finds its place in the backlog or copies everything again: a fork, a snapshot, hours on a slow
link, and meanwhile one copy less.

## When not to follow
Where the link never breaks, or a full copy takes seconds.

## Fix
Let the backlog hold ten minutes of writes; it is memory beside the data.

## How we verify
Bytes of the replication stream over the time that the server runs, against `repl_backlog_size`; `sync_partial_err`.

## References
redis.conf, repl-backlog-size; Redis documentation, Replication.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let followed = !context.facts.topology.replicas.is_empty();
    let (Some(backlog), Some(offset), Some(uptime)) =
        (context.counter("repl_backlog_size"), context.counter("master_repl_offset"), context.counter("uptime_in_seconds"))
    else {
        return Vec::new();
    };
    if !context.judges_server() || context.facts.topology.role != Role::Primary || uptime < LEAST_UPTIME {
        return Vec::new();
    }
    let rate = offset / uptime;
    let refused = context.counter("sync_partial_err").unwrap_or(0.0);
    let seconds = if rate > 0.0 { backlog / rate } else { f64::INFINITY };
    if !(followed && seconds < LEAST_SECONDS) && refused < MANY_REFUSED {
        return Vec::new();
    }
    let message = if seconds < LEAST_SECONDS {
        format!("The backlog of {} holds {seconds:.0} seconds of writes: a longer break of the link ends in a full copy.", size(backlog))
    } else {
        format!(
            "{refused:.0} replicas that came back had to copy everything: their place was no longer in the backlog of {}.",
            size(backlog)
        )
    };
    let wanted = (rate * WANTED_SECONDS / MEGABYTE).ceil().max(1.0) * MEGABYTE;
    let change = (wanted > backlog && wanted <= MOST_BYTES)
        .then(|| {
            context.change_setting("repl-backlog-size", &format!("{wanted:.0}"), "Keep ten minutes of writes for replicas that come back")
        })
        .flatten();
    vec![
        Finding::new("repl-backlog-size", message)
            .evidence(Evidence::measured("backlog", backlog, Unit::Bytes, "INFO repl_backlog_size"))
            .evidence(Evidence::estimated("written a second", rate, Unit::Bytes, "INFO master_repl_offset over uptime"))
            .evidence(Evidence::measured("partial copies refused", refused, Unit::Count, "INFO sync_partial_err"))
            .change_if(change)
            .risks(0.3),
    ]
}
