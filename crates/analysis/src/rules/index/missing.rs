//! `index/missing`.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::plan::{Operation, PlanNode};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::Block;

use crate::context::access::conditions_on;
use crate::context::tables::{SMALL_TABLE_ROWS, field, leads_an_index};
use crate::context::{Context, StatementView};
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{distinct, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/missing",
    title: "Rows found without an index",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Plans, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Share of rows up to which an index beats reading the whole table.
const FEW: f64 = 0.05;
/// Share of database time below which a statement is no reason for an index.
const LEAST_TIME: f64 = 0.01;
/// Columns compared by equality that an index gets at most.
const MOST_COLUMNS: usize = 3;
/// Statements named as evidence at most.
const MOST_STATEMENTS: usize = 5;

const DOCS: &str = r#"
## Finds
Columns by which statements pick few rows of a table of 1,000 rows and more while their plan reads all of it, and that
no index begins with. Equality comes first, the column with the most values before others, then one range. Statements
known to take less than 1 % of database time are left out.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer", "statistics": {"distinct": 40000, "source": "pg_stats"}}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 200000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]},
 "workload": {"statements": [{"text": "SELECT id FROM ticket WHERE a = $1", "calls": 900, "total_ms": 30000,
  "plan": {"executed": false, "root": {"operation": "full-scan", "label": "Seq Scan", "collection": {"schema": "public", "name": "ticket"}, "filter": "(a = $1)", "rows_estimated": 5}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer", "statistics": {"distinct": 3, "source": "pg_stats"}}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 200000, "exactness": "estimated", "source": "pg_class.reltuples"}}}]},
 "workload": {"statements": [{"text": "SELECT id FROM ticket WHERE a = $1", "calls": 900, "total_ms": 30000,
  "plan": {"executed": false, "root": {"operation": "full-scan", "label": "Seq Scan", "collection": {"schema": "public", "name": "ticket"}, "filter": "(a = $1)", "rows_estimated": 66000}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "ticket"}, "kind": "table", "fields": [{"name": "id", "nullable": false}, {"name": "a", "family": "integer"}, {"name": "b", "family": "integer"}], "keys": [{"name": "ticket_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 300, "exactness": "estimated", "source": "pg_class.reltuples"}}}]},
 "workload": {"statements": [{"text": "SELECT id FROM ticket WHERE a = $1", "calls": 900, "total_ms": 30000,
  "plan": {"executed": false, "root": {"operation": "full-scan", "label": "Seq Scan", "collection": {"schema": "public", "name": "ticket"}, "filter": "(a = $1)", "rows_estimated": 1}}}]}}
```

## Why it matters
Each execution reads every row to throw nearly all of them away: time grows with the table, and the pages push others
out of the cache.

## When not to follow
Statements that run rarely, on tables that are written all the time.

## Fix
Make the index, concurrently where the engine can, and look at the plan again. One index may serve several statements:
those are listed together.

## How we verify
The plan shows the scan, and statistics or the executed plan the share of rows kept. Whether the planner takes the index
is tried in the lab.

## References
PostgreSQL manual, Examining Index Usage; SQLite manual, The SQLite Query Optimizer Overview.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut wanted: BTreeMap<(String, Vec<String>), Vec<&StatementView<'_>>> = BTreeMap::new();
    let mut tables: BTreeMap<String, &Collection> = BTreeMap::new();
    for view in context.statements().iter().filter(|view| view.time_share.is_none_or(|share| share >= LEAST_TIME)) {
        for (table, columns) in candidates(context, view) {
            tables.insert(table.name.to_string(), table);
            let views = wanted.entry((table.name.to_string(), columns)).or_default();
            if !views.iter().any(|one| one.fingerprint == view.fingerprint) {
                views.push(view);
            }
        }
    }
    let ddl = Ddl::of(context.facts);
    let found = wanted.iter().filter_map(|((table, columns), views)| Some(finding(&ddl, tables.get(table)?, columns, views)));
    found.collect()
}

/// Tables that the statement's plan reads as a whole for few rows, with the columns that an index would need.
fn candidates<'a>(context: &Context<'a>, view: &StatementView<'a>) -> Vec<(&'a Collection, Vec<String>)> {
    let mut found = Vec::new();
    for node in view.plan_nodes() {
        let Some(table) = node.collection.as_ref().and_then(|name| context.collection(name)) else { continue };
        let reads_all = matches!(node.operation, Operation::FullScan | Operation::AutomaticIndex) && node.loops != Some(0.0);
        let Some(rows) = context.rows_of(table).filter(|rows| reads_all && *rows >= SMALL_TABLE_ROWS) else { continue };
        for block in &view.shape.blocks {
            let columns = columns_of(context, block, table, node.operation == Operation::AutomaticIndex);
            let fresh = columns.first().is_some_and(|first| !leads_an_index(table, first)) && !found.iter().any(|(_, one)| *one == columns);
            if fresh && keeps_few(table, &columns, node, rows) {
                found.push((table, columns));
            }
        }
    }
    found
}

/// The columns that the block compares by equality, those with most values first, and one range behind them.
fn columns_of(context: &Context<'_>, block: &Block, table: &Collection, joined: bool) -> Vec<String> {
    let (mut equal, mut ranges): (Vec<&Field>, Vec<&Field>) = (Vec::new(), Vec::new());
    for predicate in conditions_on(context, block, table).filter(|predicate| !predicate.negated) {
        let Some(column) = field(table, &predicate.column.column) else { continue };
        match &predicate.kind {
            PredicateKind::Equality | PredicateKind::In(_) => equal.push(column),
            PredicateKind::Join(_, true) if joined || block.correlated => equal.push(column),
            PredicateKind::Range(_) | PredicateKind::Prefix => ranges.push(column),
            _ => {}
        }
    }
    equal.sort_by(|a, b| distinct(b).unwrap_or(0.0).total_cmp(&distinct(a).unwrap_or(0.0)).then_with(|| a.name.cmp(&b.name)));
    let mut names: Vec<String> = Vec::new();
    for column in equal.into_iter().take(MOST_COLUMNS).chain(ranges.into_iter().take(1)) {
        if !names.contains(&column.name) {
            names.push(column.name.clone());
        }
    }
    names
}

/// Whether few rows are left: seen, else estimated by the planner, else by the distinct values of the first column.
fn keeps_few(table: &Collection, columns: &[String], node: &PlanNode, rows: f64) -> bool {
    if node.operation == Operation::AutomaticIndex {
        return true;
    }
    if let (Some(kept), Some(removed)) = (node.rows_actual, node.rows_removed) {
        return kept <= (kept + removed) * FEW;
    }
    match node.rows_estimated.filter(|_| node.filter.is_some()) {
        Some(kept) => kept <= rows * FEW,
        None => columns.first().and_then(|name| distinct(table.field(name)?)).is_some_and(|values| values * FEW >= 1.0),
    }
}

fn finding(ddl: &Ddl<'_>, table: &Collection, columns: &[String], views: &[&StatementView<'_>]) -> Finding {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let share: f64 = views.iter().filter_map(|view| view.time_share).sum();
    let executed = views.iter().any(|view| view.was_executed());
    let which = if views.len() == 1 { "a statement reads".to_owned() } else { format!("{} statements read", views.len()) };
    let message = format!("No index of {} begins with {}, and {which} all of it for few rows.", table.name, names[0]);
    let mut finding = Finding::new(table.name.with_columns(columns), message)
        .graded(if executed { Grade::Observed } else { Grade::Planned })
        .change_if(ddl.create_index(table, &names));
    for view in views.iter().take(MOST_STATEMENTS) {
        finding = finding.evidence(Evidence::text("statement", view.object(), "workload"));
    }
    if views.iter().any(|view| view.time_share.is_some()) {
        finding = finding.costs_time(share).evidence(Evidence::measured("share of database time", share, Unit::Share, "workload"));
    }
    with_rows(finding.risks(0.3), table)
}
