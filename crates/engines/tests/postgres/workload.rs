//! Statements and their plans.

use dbwright_engines::CollectOptions;
use dbwright_model::plan::Operation;
use dbwright_model::workload::WorkloadSource;
use dbwright_model::{FactKind, Reading};

use crate::{assert_read, collect, collect_with, coverage, on_each, options};

const SCHEMA: &str = "CREATE SCHEMA stats; CREATE EXTENSION pg_stat_statements SCHEMA stats; CREATE SCHEMA app;
    CREATE TABLE app.orders (id serial PRIMARY KEY, customer int, total int);
    INSERT INTO app.orders (customer, total) SELECT i % 100, i FROM generate_series(1, 20000) i; VACUUM ANALYZE;
    CREATE FUNCTION app.odd(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
    CREATE ROLE app LOGIN SUPERUSER; ALTER ROLE app SET search_path = app;";

#[tokio::test]
async fn reads_statements_and_plans_them() {
    on_each(&["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.max=200"], async |server| {
        server.sql("postgres", SCHEMA);
        server.sql(
            "postgres",
            "SET SESSION AUTHORIZATION app; SET search_path = app; SELECT stats.pg_stat_statements_reset();
             SELECT sum(total) FROM orders WHERE customer = 7; SELECT sum(total) FROM orders WHERE customer = 9;
             SELECT * FROM orders WHERE id = 5 AND total < 100;
             SELECT app.odd(3); SELECT id FROM orders WHERE id = 3 FOR UPDATE;
             WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT count(*) FROM gone;
             ALTER ROLE app PASSWORD 'canary-55aa';",
        );
        let facts = collect(&server.url("postgres")).await;
        assert_read(&facts, &[FactKind::Workload]);
        let workload = &facts.workload;
        assert_eq!((workload.source, workload.literals_hidden, workload.capacity), (WorkloadSource::Statistics, true, Some(200)));
        assert!(workload.evicted.is_some() && workload.since.is_some());
        let statement =
            |part: &str| workload.statements.iter().find(|s| s.text.contains(part)).unwrap_or_else(|| panic!("{part} in {workload:#?}"));
        let sums = statement("sum(total)");
        assert_eq!((sums.calls, sums.user.as_deref(), sums.rows), (Some(2.0), Some("app"), Some(2.0)));
        assert!(sums.total_ms.unwrap() > 0.0 && sums.engine_id.is_some() && sums.latency.is_none());
        let plan = sums.plan.as_ref().unwrap_or_else(|| panic!("{:?} {:?}", sums.failure, coverage(&facts, FactKind::Plans)));
        assert!(!plan.executed);
        let scan =
            plan.nodes().into_iter().find(|node| node.operation == Operation::FullScan).unwrap_or_else(|| panic!("{plan:?}")).clone();
        assert_eq!(scan.collection.unwrap().to_string(), "app.orders");
        assert!(scan.filter.unwrap().contains("$1"), "a plan for any parameter");
        let by_key = statement("total < $2");
        let by_key = by_key.plan.as_ref().unwrap_or_else(|| panic!("{:?}", by_key.failure));
        assert!(by_key.nodes().iter().any(|node| node.operation == Operation::IndexScan && node.index.as_deref() == Some("orders_pkey")));
        let odd = statement("odd($1)");
        assert!(odd.plan.is_none() && odd.failure.as_ref().unwrap().contains("odd"), "{odd:?}");
        for part in ["FOR UPDATE", "DELETE FROM"] {
            assert!(statement(part).plan.is_none(), "{part} is never planned");
        }
        assert!(!serde_json::to_string(&facts).unwrap().contains("canary-55aa"));
        assert!(facts.effort.explains >= 2 && facts.effort.queries <= 40, "{:?}", facts.effort);
    })
    .await;
}

#[tokio::test]
async fn planning_can_be_switched_off() {
    on_each(&["shared_preload_libraries=pg_stat_statements"], async |server| {
        server.sql("postgres", SCHEMA);
        let facts = collect_with(&server.url("postgres"), &CollectOptions { explain: false, ..options() }).await;
        assert_eq!((facts.effort.explains, facts.reading(FactKind::Plans)), (0, Reading::Missing));
        assert!(facts.workload.statements.iter().all(|statement| statement.plan.is_none()));
    })
    .await;
}

#[tokio::test]
async fn says_what_to_install() {
    on_each(&[], async |server| {
        let facts = collect(&server.url("postgres")).await;
        let entry = coverage(&facts, FactKind::Workload);
        assert_eq!(entry.state, Reading::Missing);
        assert!(entry.hint.as_ref().unwrap().contains("shared_preload_libraries"));
    })
    .await;
}
