//! `workload/statistics-missing`.

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::change::Change;
use dbwright_model::workload::WorkloadSource;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Reading, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "workload/statistics-missing",
    title: "Statistics that judgements rest on are not there",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Rows from which a planner without statistics chooses badly enough to notice.
const ROWS: f64 = 10_000.0;

const DOCS: &str = r#"
## Finds
Servers that keep no statistics of statements (pg_stat_statements or performance_schema not there), and tables of 10,000
rows or more of which the planner has no statistics, because nobody ever ran ANALYZE.

```facts finds postgresql
{"workload": {"source": "none", "statements": []}, "catalog": {"extensions": []},
 "settings": {"shared_preload_libraries": {"value": "auto_explain", "origin": "configuration file"}}}
```

```facts finds sqlite
{"coverage": [{"fact": "catalog", "state": "read", "detail": ""}, {"fact": "sizes", "state": "read", "detail": ""}, {"fact": "column-statistics", "state": "read", "detail": "no sqlite_stat1"}],
 "catalog": {"collections": [{"name": {"name": "visit"}, "kind": "table", "fields": [{"name": "id"}, {"name": "page"}],
  "keys": [{"columns": ["id"], "primary": true}],
  "indexes": [{"name": "visit_page", "method": "btree", "valid": true, "parts": [{"column": "page"}]}],
  "storage": {"rows": {"value": 250000, "exactness": "measured", "source": "count"}}}]}}
```

```facts quiet sqlite
{"coverage": [{"fact": "catalog", "state": "read", "detail": ""}, {"fact": "sizes", "state": "read", "detail": ""}, {"fact": "column-statistics", "state": "read", "detail": "sqlite_stat1"}],
 "catalog": {"collections": [{"name": {"name": "visit"}, "kind": "table", "fields": [{"name": "id"}, {"name": "page", "statistics": {"distinct": 900, "source": "sqlite_stat1"}}],
  "keys": [{"columns": ["id"], "primary": true}],
  "indexes": [{"name": "visit_page", "method": "btree", "valid": true, "parts": [{"column": "page"}], "prefix_distinct": [900]}],
  "storage": {"rows": {"value": 250000, "exactness": "measured", "source": "count"}}}]}}
```

```facts quiet postgresql
{"workload": {"source": "statistics", "statements": [{"text": "SELECT 1", "calls": 1, "total_ms": 1}]}}
```

## Why it matters
Without statement statistics nobody can say which statement takes the server's time, so advice can't be ranked by what it
saves. Without table statistics the planner assumes the same for every table and column.

## When not to follow
A table that is filled and emptied all the time has no statistics that would hold for long.

## Fix
Load pg_stat_statements at the next restart and create its extension. Run ANALYZE on the tables; in SQLite
`PRAGMA optimize` before closing a connection keeps them fresh.

## How we verify
Read from the catalog and the statistics. After the change they are collected again.

## References
PostgreSQL manual, pg_stat_statements; Updating Planner Statistics. SQLite manual, ANALYZE; PRAGMA optimize. MySQL manual,
Performance Schema Statement Tables.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = no_statement_statistics(context).into_iter().collect();
    if statistics_were_looked_for(context) {
        findings.extend(context.facts.catalog.collections.iter().filter_map(|table| never_analysed(context, table)));
    }
    findings
}

/// Whether absent statistics mean that there are none: they were read, or the gap is that nobody ran ANALYZE.
fn statistics_were_looked_for(context: &Context<'_>) -> bool {
    let entry = context.facts.coverage.iter().find(|entry| entry.fact == FactKind::ColumnStatistics);
    entry.is_some_and(|entry| entry.state == Reading::Read || entry.hint.as_deref().is_some_and(|hint| hint.contains("ANALYZE")))
}

fn no_statement_statistics(context: &Context<'_>) -> Option<Finding> {
    let workload = &context.facts.workload;
    if context.engine() == Engine::Sqlite || workload.source != WorkloadSource::None || !workload.statements.is_empty() {
        return None;
    }
    let (source, object) = match context.engine() {
        Engine::Postgresql => ("pg_stat_statements", "pg_stat_statements"),
        _ => ("performance_schema", "performance_schema"),
    };
    let installed = context.facts.catalog.extensions.iter().any(|extension| extension.name == source);
    if installed || context.setting_on("performance_schema") == Some(true) {
        return None;
    }
    let message =
        format!("{source} is not there: which statements take the server's time is not known, and nothing can be ranked by what it saves.");
    let finding = Finding::new(object, message).risks(0.2);
    Some(if context.engine() == Engine::Postgresql { finding.change_if(load_extension(context)) } else { finding })
}

fn load_extension(context: &Context<'_>) -> Option<Change> {
    let libraries = context.setting("shared_preload_libraries")?.value.trim();
    let plain = |list: &str| list.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b',' | b' ' | b'-'));
    if !plain(libraries) {
        return None;
    }
    let create = ("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", "DROP EXTENSION IF EXISTS pg_stat_statements");
    if libraries.split(',').any(|name| name.trim() == "pg_stat_statements") {
        return Some(Change::new("Create the extension; its library is loaded already").step(create.0, create.1));
    }
    let names: Vec<&str> = libraries.split(',').map(str::trim).filter(|name| !name.is_empty()).chain(["pg_stat_statements"]).collect();
    let summary = "Load pg_stat_statements at the next restart and create its extension";
    let change = context.change_setting_at_start("shared_preload_libraries", &names.join(", "), summary)?;
    Some(change.step(create.0, create.1))
}

fn never_analysed(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let stored = matches!(table.kind, CollectionKind::Table | CollectionKind::Partition | CollectionKind::MaterializedView);
    let rows = table.storage.rows.as_ref().filter(|rows| rows.value >= ROWS)?;
    let activity = table.activity.as_ref();
    let analysed = activity.is_some_and(|activity| activity.last_analyze.is_some())
        || table.fields.iter().any(|field| field.statistics.is_some())
        || table.indexes.iter().any(|index| !index.prefix_distinct.is_empty());
    if !stored || analysed || !planner_wants_statistics(context.engine(), table) {
        return None;
    }
    let message = format!("The planner has no statistics of {}: nobody has run ANALYZE on it.", table.name);
    let name = Ddl::of(context.facts).object(&table.name);
    let change = match context.engine() {
        Engine::Postgresql => {
            Change::new("Collect statistics").step(format!("ANALYZE {name}"), "").locking("SHARE UPDATE EXCLUSIVE: reads and writes go on")
        }
        Engine::Sqlite => {
            Change::new("Collect statistics").step(format!("ANALYZE {name}"), "").locking("RESERVED on the file: other writers wait")
        }
        _ => Change::new("Collect statistics").step(format!("ANALYZE TABLE {name}"), "").locking("reads and writes go on"),
    };
    let finding = Finding::new(table.name.to_string(), message).evidence(Evidence::of("rows", rows, Unit::Rows));
    Some(finding.change(change).risks(0.2))
}

/// SQLite's planner uses statistics of indexes only: a table without a second index has none to choose between.
fn planner_wants_statistics(engine: Engine, table: &Collection) -> bool {
    engine != Engine::Sqlite || table.indexes.iter().any(|index| !index.automatic)
}
