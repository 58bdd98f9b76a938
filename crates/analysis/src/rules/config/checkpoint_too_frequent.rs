//! `config/checkpoint-too-frequent`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/checkpoint-too-frequent",
    title: "Checkpoints are forced by too small a log",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Settings, FactKind::Health],
    docs: DOCS,
    check,
};

/// Forced checkpoints below which chance, base backups and manual CHECKPOINTs explain them.
const FEWEST_REQUESTED: u64 = 24;
/// Share of forced checkpoints from which the log counts as too small.
const REQUESTED_SHARE: f64 = 0.5;
/// Minutes of writing that the redo log of InnoDB should hold.
const SHORTEST_LOG_MINUTES: f64 = 15.0;

const DOCS: &str = r#"
## Finds
PostgreSQL: more than half of the checkpoints, at least 24, were forced because `max_wal_size` was used up, and not made
by schedule. MySQL and MariaDB: the redo log holds less than 15 minutes of writing at the mean rate since the start.

```facts finds postgresql
{"health": {"checkpoints": [40, 210]}, "settings": {"max_wal_size": {"value": "1024", "unit": "MB", "origin": "default"}}}
```

```facts quiet postgresql
{"health": {"checkpoints": [288, 9]}, "settings": {"max_wal_size": {"value": "1024", "unit": "MB", "origin": "default"}}}
```

```facts finds mysql
{"taken_at": "2026-11-24T00:00:00Z", "health": {"started_at": "2026-11-23T00:00:00Z", "counters": {"Innodb_os_log_written": 240000000000}},
 "settings": {"innodb_redo_log_capacity": {"value": "104857600"}}}
```

## Why it matters
After each checkpoint PostgreSQL writes the first change of every page as a full page: frequent checkpoints multiply the
log, and dirty pages go to disk in bursts that other statements wait for. InnoDB with a full log stops writers until
pages are flushed.

## When not to follow
Right after a bulk load, which forces checkpoints once; and where recovery after a crash must take seconds: a larger log
is a longer recovery.

## Fix
PostgreSQL: double `max_wal_size` until scheduled checkpoints prevail; it needs that much disk. MySQL 8.0.30 and newer:
`innodb_redo_log_capacity` so that the log holds half an hour to an hour; older and MariaDB: `innodb_log_file_size`.

## How we verify
Read from the server's counters: pg_stat_bgwriter, from version 17 on pg_stat_checkpointer; Innodb_os_log_written and
Uptime. After the change the share is taken again over a day.

## References
PostgreSQL manual, WAL Configuration; MySQL manual, Redo Log, Configuring Redo Log Capacity.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let finding = if context.engine() == Engine::Postgresql { forced_checkpoints(context) } else { short_log(context) };
    finding.into_iter().collect()
}

fn forced_checkpoints(context: &Context<'_>) -> Option<Finding> {
    let (timed, requested) = context.facts.health.checkpoints?;
    let share = requested as f64 / (timed + requested).max(1) as f64;
    if requested < FEWEST_REQUESTED || share <= REQUESTED_SHARE {
        return None;
    }
    let message = format!(
        "{requested} of {} checkpoints were forced because the log reached max_wal_size: writes come in bursts and full pages are logged again and again.",
        timed + requested
    );
    let source = if context.facts.major_version() >= 17 { "pg_stat_checkpointer" } else { "pg_stat_bgwriter" };
    let finding = Finding::new("max_wal_size", message)
        .evidence(Evidence::measured("checkpoints forced", requested as f64, Unit::Count, source))
        .evidence(Evidence::measured("checkpoints by schedule", timed as f64, Unit::Count, source))
        .risks(0.3);
    let Some(size) = context.setting_bytes("max_wal_size").filter(|size| *size > 0.0) else { return Some(finding) };
    let finding = finding.evidence(Evidence::measured("max_wal_size", size, Unit::Bytes, "pg_settings"));
    Some(finding.change_if(larger_log(context, size)))
}

/// Doubles the log, to PostgreSQL's own default of 1 GB at least, where the disk has room for twice that or its size is not
/// known.
fn larger_log(context: &Context<'_>, size: f64) -> Option<dbwright_model::change::Change> {
    const SMALLEST: f64 = 1_073_741_824.0;
    let wanted = (size * 2.0).max(SMALLEST);
    let room = context.facts.health.disk.map(|disk| disk.limit - disk.used);
    if room.is_some_and(|free| free < wanted * 2.0) {
        return None;
    }
    let megabytes = (wanted / 1_048_576.0).round();
    let summary = format!("Let the log grow to {megabytes:.0} MB between checkpoints; it needs that much disk");
    context.change_setting("max_wal_size", &format!("'{megabytes:.0}MB'"), &summary)
}

fn short_log(context: &Context<'_>) -> Option<Finding> {
    let capacity = redo_log_bytes(context)?;
    let written = context.counter("innodb_os_log_written")?;
    let started = context.facts.health.started_at?;
    let minutes = context.facts.taken_at.days_since(started) * 1440.0;
    if minutes < 60.0 || capacity <= 0.0 {
        return None;
    }
    let held = capacity / (written / minutes).max(1.0);
    if held >= SHORTEST_LOG_MINUTES {
        return None;
    }
    let message = format!(
        "The redo log holds {held:.1} minutes of writing at the mean rate since the start: pages must be flushed in haste to make room."
    );
    let finding = Finding::new("innodb_redo_log_capacity", message)
        .evidence(Evidence::measured("redo log", capacity, Unit::Bytes, "global variables"))
        .evidence(Evidence::measured("redo written", written, Unit::Bytes, "Innodb_os_log_written"))
        .evidence(Evidence::measured("uptime", minutes * 60.0, Unit::Seconds, "Uptime"))
        .risks(0.3);
    Some(finding)
}

fn redo_log_bytes(context: &Context<'_>) -> Option<f64> {
    let files = context.setting_number("innodb_log_files_in_group").unwrap_or(1.0);
    context.setting_bytes("innodb_redo_log_capacity").or_else(|| context.setting_bytes("innodb_log_file_size").map(|size| size * files))
}
