//! `config/autovacuum-starved`.

use dbwright_model::catalog::Collection;
use dbwright_model::change::Change;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/autovacuum-starved",
    title: "Autovacuum is off or falls behind",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Settings, FactKind::Sizes, FactKind::Activity],
    docs: DOCS,
    check,
};

/// Dead rows below which a table is no concern, whatever its threshold.
const FEWEST_DEAD_ROWS: f64 = 10_000.0;
/// How many times past its own threshold a table must be: autovacuum visits once a minute and may be at work just now.
const TIMES_PAST: f64 = 2.0;

const DOCS: &str = r#"
## Finds
`autovacuum` or `track_counts` switched off for the whole server; tables with `autovacuum_enabled = false`; and tables
whose dead rows are more than twice past the number at which autovacuum should have come (`autovacuum_vacuum_threshold`
plus `autovacuum_vacuum_scale_factor` of the rows, or the table's own values), at least 10,000 of them.

```facts finds postgresql
{"settings": {"autovacuum": {"value": "off", "origin": "configuration file"}}}
```

```facts finds postgresql
{"settings": {"autovacuum": {"value": "on"}, "autovacuum_vacuum_threshold": {"value": "50"}, "autovacuum_vacuum_scale_factor": {"value": "0.2"}},
 "catalog": {"collections": [{"name": {"schema": "public", "name": "orders"}, "kind": "table", "fields": [{"name": "id", "nullable": false}],
   "keys": [{"name": "orders_pkey", "columns": ["id"], "primary": true}],
   "storage": {"rows": {"value": 100000, "exactness": "estimated", "source": "pg_class.reltuples"},
               "dead_rows": {"value": 90000, "exactness": "estimated", "source": "pg_stat_all_tables.n_dead_tup"}}}]}}
```

```facts quiet postgresql
{"settings": {"autovacuum": {"value": "on"}, "autovacuum_vacuum_threshold": {"value": "50"}, "autovacuum_vacuum_scale_factor": {"value": "0.2"}},
 "catalog": {"collections": [{"name": {"schema": "public", "name": "orders"}, "kind": "table", "fields": [{"name": "id", "nullable": false}],
   "keys": [{"name": "orders_pkey", "columns": ["id"], "primary": true}],
   "storage": {"rows": {"value": 100000, "exactness": "estimated", "source": "pg_class.reltuples"},
               "dead_rows": {"value": 21000, "exactness": "estimated", "source": "pg_stat_all_tables.n_dead_tup"}}}]}}
```

## Why it matters
An update leaves the old row behind. Until vacuum takes it away, scans read it, indexes point to it and the table grows;
the planner works with old statistics; and transaction ids are not frozen, which in the end stops all writes.

## When not to follow
A table that is truncated and filled by a job that vacuums it itself. A long transaction or an abandoned replication slot
keeps dead rows alive whatever autovacuum does: look for those first.

## Fix
Switch autovacuum on. For a table that falls behind: vacuum it now, then lower its scale factor so that visits come
earlier and are shorter. Where all tables fall behind, raise `autovacuum_max_workers` and `autovacuum_vacuum_cost_limit`.

## How we verify
Read from pg_settings, the table's options and pg_stat_all_tables. After the change the facts are collected again and the
dead rows are below the threshold.

## References
PostgreSQL manual, Routine Vacuuming, The Autovacuum Daemon; Server Configuration, Automatic Vacuuming.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = ["autovacuum", "track_counts"].into_iter().filter_map(|name| switched_off(context, name)).collect();
    let running = findings.is_empty();
    findings.extend(context.facts.catalog.collections.iter().filter_map(|table| judge(context, table, running)));
    findings
}

fn switched_off(context: &Context<'_>, name: &str) -> Option<Finding> {
    if context.setting_on(name)? {
        return None;
    }
    let message = format!("{name} is off, so no table is vacuumed or analysed by itself: tables grow and transaction ids run out.");
    let finding = Finding::new(name, message).evidence(Evidence::text(name, "off", "pg_settings")).severe(Severity::Error).risks(0.7);
    Some(finding.change_if(context.change_setting(name, "on", &format!("Switch {name} on"))))
}

fn judge(context: &Context<'_>, table: &Collection, running: bool) -> Option<Finding> {
    if option_off(table) {
        return worth_vacuuming(table).then(|| disabled(context, table));
    }
    let limit = threshold(context, table)?;
    let dead = table.storage.dead_rows.as_ref()?;
    if !running || dead.value < FEWEST_DEAD_ROWS || dead.value < limit * TIMES_PAST {
        return None;
    }
    let message = format!(
        "{} holds {:.0} dead rows, {:.1} times the number at which autovacuum should have come: it does not keep up.",
        table.name,
        dead.value,
        dead.value / limit.max(1.0)
    );
    let finding = Finding::new(table.name.to_string(), message)
        .evidence(Evidence::of("dead rows", dead, Unit::Rows))
        .evidence(Evidence::estimated("rows at which autovacuum comes", limit, Unit::Rows, "pg_settings and reloptions"))
        .change(catch_up(context, table))
        .risks(0.4);
    Some(match bytes_of_dead_rows(table) {
        Some(bytes) => finding.costs_bytes(bytes),
        None => finding,
    })
}

fn option_off(table: &Collection) -> bool {
    table.storage.options.get("autovacuum_enabled").is_some_and(|value| matches!(value.as_str(), "false" | "off" | "0" | "no"))
}

/// A table that was never changed needs no vacuum.
fn worth_vacuuming(table: &Collection) -> bool {
    let changed = table.activity.as_ref().is_none_or(|activity| activity.inserts + activity.updates + activity.deletes > 0);
    changed && table.rows().is_none_or(|rows| rows >= FEWEST_DEAD_ROWS)
}

fn disabled(context: &Context<'_>, table: &Collection) -> Finding {
    let name = Ddl::of(context.facts).object(&table.name);
    let change = Change::new("Let autovacuum visit the table again")
        .step(format!("ALTER TABLE {name} RESET (autovacuum_enabled)"), format!("ALTER TABLE {name} SET (autovacuum_enabled = false)"))
        .locking("SHARE UPDATE EXCLUSIVE on the table: reads and writes go on");
    let message = format!("{} is exempt from autovacuum (autovacuum_enabled = false): its dead rows are never taken away.", table.name);
    Finding::new(table.name.to_string(), message)
        .evidence(Evidence::text("autovacuum_enabled", "false", "pg_class.reloptions"))
        .change(change)
        .risks(0.5)
}

/// The number of dead rows at which autovacuum comes, with the table's own options before the server's.
fn threshold(context: &Context<'_>, table: &Collection) -> Option<f64> {
    let own = |name: &str| table.storage.options.get(name).and_then(|value| value.parse::<f64>().ok());
    let base = own("autovacuum_vacuum_threshold").or_else(|| context.setting_number("autovacuum_vacuum_threshold")).unwrap_or(50.0);
    let scale = own("autovacuum_vacuum_scale_factor").or_else(|| context.setting_number("autovacuum_vacuum_scale_factor")).unwrap_or(0.2);
    let limit = scale.mul_add(table.rows()?.max(0.0), base);
    let most = own("autovacuum_vacuum_max_threshold").or_else(|| context.setting_number("autovacuum_vacuum_max_threshold"));
    Some(most.filter(|most| *most > 0.0).map_or(limit, |most| limit.min(most)))
}

fn bytes_of_dead_rows(table: &Collection) -> Option<f64> {
    let (rows, dead) = (table.rows()?, table.storage.dead_rows.as_ref()?.value);
    let bytes = table.storage.table_bytes.as_ref()?.value;
    (rows + dead > 0.0).then(|| bytes * dead / (rows + dead))
}

fn catch_up(context: &Context<'_>, table: &Collection) -> Change {
    let name = Ddl::of(context.facts).object(&table.name);
    let option = "autovacuum_vacuum_scale_factor";
    let undo = match table.storage.options.get(option).and_then(|value| value.parse::<f64>().ok()) {
        Some(before) => format!("ALTER TABLE {name} SET ({option} = {before})"),
        None => format!("ALTER TABLE {name} RESET ({option})"),
    };
    Change::new("Vacuum the table now and let autovacuum come earlier")
        .step(format!("VACUUM (ANALYZE) {name}"), "")
        .step(format!("ALTER TABLE {name} SET ({option} = 0.02)"), undo)
        .locking("SHARE UPDATE EXCLUSIVE on the table: reads and writes go on, other DDL and vacuum wait")
}
