//! What a role may not read is a gap with the grant that closes it; the rest goes on.

use std::time::Duration;

use dbwright_engines::CollectOptions;
use dbwright_model::{FactKind, Reading};

use crate::{assert_read, collect, collect_with, coverage, on_each, options, table};

const SCHEMA: &str =
    "CREATE TABLE a (id serial PRIMARY KEY, t text); INSERT INTO a (t) SELECT 'x' || i FROM generate_series(1, 1000) i; ANALYZE;
    CREATE EXTENSION pg_stat_statements; SELECT count(*) FROM a WHERE t = 'y';";

#[tokio::test]
async fn a_role_without_any_grant_reads_the_catalog() {
    on_each(&["shared_preload_libraries=pg_stat_statements"], async |server| {
        server.sql("postgres", SCHEMA);
        server.sql("postgres", "CREATE ROLE nobody LOGIN");
        let facts = collect(&server.url_as("nobody", "postgres")).await;
        assert_read(&facts, &[FactKind::Catalog, FactKind::Activity]);
        assert_eq!(table(&facts, "public", "a").fields.len(), 2);
        assert!(table(&facts, "public", "a").rows().unwrap() > 900.0);
        let gaps = [
            (FactKind::ColumnStatistics, Reading::Missing, "GRANT pg_read_all_data TO \"nobody\";"),
            (FactKind::Settings, Reading::Partial, "GRANT pg_read_all_settings TO \"nobody\";"),
            (FactKind::Health, Reading::Partial, "GRANT pg_monitor TO \"nobody\";"),
            (FactKind::Topology, Reading::Partial, "GRANT pg_monitor TO \"nobody\";"),
            (FactKind::Roles, Reading::Partial, "pg_authid"),
            (FactKind::Admission, Reading::Missing, "pg_hba_file_rules"),
            (FactKind::Workload, Reading::Partial, "GRANT pg_read_all_stats TO \"nobody\";"),
        ];
        for (kind, state, hint) in gaps {
            let entry = coverage(&facts, kind);
            assert_eq!(entry.state, state, "{entry:?}");
            assert!(entry.hint.as_ref().is_some_and(|text| text.contains(hint)), "{entry:?}");
        }
        assert!(facts.security.plaintext_sessions.is_none(), "a number that can't be known is not given");
    })
    .await;
}

#[tokio::test]
async fn pg_monitor_closes_most_gaps() {
    on_each(&["shared_preload_libraries=pg_stat_statements"], async |server| {
        server.sql("postgres", SCHEMA);
        server.sql("postgres", "CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
        let facts = collect(&server.url_as("watcher", "postgres")).await;
        assert_read(&facts, &[FactKind::Catalog, FactKind::Settings, FactKind::Health, FactKind::Topology, FactKind::Workload]);
        assert_eq!(facts.reading(FactKind::Plans), Reading::Partial);
        let plans = coverage(&facts, FactKind::Plans);
        assert!(plans.hint.as_ref().is_some_and(|hint| hint.contains("pg_read_all_data")), "{plans:?}");
        assert!(facts.security.plaintext_sessions.is_some());
        server.sql("postgres", "GRANT pg_read_all_data TO watcher");
        let facts = collect(&server.url_as("watcher", "postgres")).await;
        assert_read(&facts, &[FactKind::ColumnStatistics, FactKind::Bloat]);
        assert!(facts.workload.statements.iter().any(|statement| statement.plan.is_some()));
    })
    .await;
}

#[tokio::test]
async fn a_time_limit_hit_in_one_query_leaves_the_rest() {
    on_each(&[], async |server| {
        server.sql("postgres", SCHEMA.split("CREATE EXTENSION").next().unwrap());
        // A view that our query for sessions reads is made slow, as a server under load would be.
        server.sql(
            "postgres",
            "SET allow_system_table_mods = on;
             CREATE OR REPLACE VIEW pg_catalog.pg_stat_archiver AS
               SELECT 1::bigint AS archived_count, ''::text AS last_archived_wal, now() + (pg_sleep(9)::text || '0 s')::interval AS last_archived_time,
                      0::bigint AS failed_count, ''::text AS last_failed_wal, now() AS last_failed_time, now() AS stats_reset;",
        );
        let limited = CollectOptions { statement_timeout: Duration::from_millis(700), ..options() };
        let facts = collect_with(&server.url("postgres"), &limited).await;
        let health = coverage(&facts, FactKind::Health);
        assert_eq!(health.state, Reading::Missing);
        assert!(health.detail.contains("57014"), "{health:?}");
        assert_read(&facts, &[FactKind::Catalog, FactKind::ColumnStatistics, FactKind::Settings, FactKind::Topology, FactKind::Roles, FactKind::Admission]);
        assert!(!facts.security.roles.is_empty() && table(&facts, "public", "a").rows().is_some());
    })
    .await;
}
