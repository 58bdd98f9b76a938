//! `query/spill-to-disk`.

use dbwright_model::plan::PlanNode;
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/spill-to-disk",
    title: "Sort or hash goes through temporary files",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

/// Bytes a call below which a spill costs next to nothing.
const BYTES_A_CALL: f64 = 1_048_576.0;
/// Bytes of a temporary block (PostgreSQL's page).
const BLOCK_BYTES: f64 = 8192.0;
/// Share of database time, or mean time, from which a spill that statistics show is worth a finding.
const WORTH_SHARE: f64 = 0.01;
const WORTH_MS: f64 = 50.0;

const DOCS: &str = r#"
## Finds
Statements whose executed plan wrote 1 MB or more to temporary files for a sort, hash or aggregate; and statements that by
the server's statistics write 1 MB or more of temporary blocks a call, and take 50 ms or one percent of database time.

```facts finds postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}],
 "workload": {"source": "statistics", "statements": [{"text": "SELECT city, count(DISTINCT name) FROM customer GROUP BY city", "calls": 100, "total_ms": 60000, "temp_blocks": 250000}]}}
```

```facts finds postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}, {"fact": "plans", "state": "read", "detail": ""}],
 "workload": {"source": "measured", "statements": [{"text": "SELECT name FROM customer ORDER BY name", "calls": 10, "total_ms": 6000,
  "plan": {"executed": true, "root": {"operation": "sort", "label": "Sort", "rows_actual": 900000, "loops": 1, "spilled_bytes": 38000000}}}]}}
```

```facts quiet postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}],
 "workload": {"source": "statistics", "statements": [{"text": "SELECT city, count(DISTINCT name) FROM customer GROUP BY city", "calls": 100, "total_ms": 900, "temp_blocks": 800}]}}
```

## Why it matters
Each row is written and read once more, in the worst case several times, and the temporary files compete with everything
else for the disk.

## When not to follow
A nightly report may spill: memory for it would be missing elsewhere during the day.

## Fix
First reduce what is sorted: an index in the order asked for, fewer columns, a filter before the join. Else give this
statement memory: `SET LOCAL work_mem = '64MB'` in its transaction, or for its role. Not for the whole server.

## How we verify
Read from the executed plan (Disk, Batches, temp written) or pg_stat_statements.temp_blks_written. After the change the
statement is run again and writes no temporary block.

## References
PostgreSQL manual, Resource Consumption, work_mem; Using EXPLAIN, EXPLAIN ANALYZE. MySQL manual, Internal Temporary Table
Use.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| by_plan(view).or_else(|| by_statistics(view))).collect()
}

fn by_plan(view: &StatementView<'_>) -> Option<Finding> {
    if !view.was_executed() {
        return None;
    }
    let spilled = |node: &PlanNode| node.spilled_bytes.unwrap_or(0.0);
    let worst = view.plan_nodes().into_iter().max_by(|one, other| spilled(one).total_cmp(&spilled(other)))?;
    let bytes = spilled(worst);
    if bytes < BYTES_A_CALL {
        return None;
    }
    let message = format!("{} writes {:.1} MB to temporary files in each run ({}).", view.title(), bytes / 1_048_576.0, worst.label);
    let finding = view
        .finding(message)
        .graded(Grade::Observed)
        .evidence(Evidence::measured("written to temporary files", bytes, Unit::Bytes, "executed plan"))
        .evidence(Evidence::text("plan node", worst.label.clone(), "executed plan"));
    Some(finding.risks(0.2))
}

fn by_statistics(view: &StatementView<'_>) -> Option<Finding> {
    let statement = view.statement;
    let calls = statement.calls.filter(|calls| *calls > 0.0)?;
    let bytes = statement.temp_blocks? * BLOCK_BYTES / calls;
    let worth = view.time_share.is_some_and(|share| share >= WORTH_SHARE) || statement.mean_ms().is_some_and(|mean| mean >= WORTH_MS);
    if bytes < BYTES_A_CALL || !worth {
        return None;
    }
    let message = format!("{} writes {:.1} MB of temporary blocks a call.", view.title(), bytes / 1_048_576.0);
    let finding = view.finding(message).graded(Grade::Observed).evidence(Evidence::measured(
        "temporary bytes a call",
        bytes,
        Unit::Bytes,
        "statement statistics",
    ));
    Some(finding.risks(0.2))
}
