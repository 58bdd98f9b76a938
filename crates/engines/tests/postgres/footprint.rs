//! What collecting does to the server: connections, locks, writes, what is left behind, and what happens when it ends first.

use std::time::{Duration, Instant};

use dbwright_engines::{CollectOptions, ErrorKind};
use dbwright_model::{FactKind, Reading};
use dbwright_testkit::postgres::{Server, installed};

use crate::{VERSIONS, collect, coverage, on_each, options, table, try_collect};

const MANY: &str = "DO $$ BEGIN FOR i IN 1..300 LOOP
    EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, a int, b text); CREATE INDEX ON t%s (a); CREATE VIEW v%s AS SELECT * FROM t%s;', i, i, i, i);
    END LOOP; END $$;";

/// While collecting, a watcher looks at what we hold: at most three connections, and no lock beyond ACCESS SHARE.
#[tokio::test(flavor = "multi_thread")]
async fn at_most_three_connections_and_no_lock_beyond_access_share() {
    on_each(&["max_locks_per_transaction=256"], async |server| {
        server.sql("postgres", MANY);
        for name in ["a", "b", "c", "d", "e"] {
            server.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE postgres"));
        }
        let watch = "DO $$ DECLARE most int := 0; now_ int; wrong text; seen int := 0; BEGIN
             CREATE TABLE IF NOT EXISTS public.watched (most int, seen int, wrong text);
             FOR i IN 1..4000 LOOP
               SELECT count(*) INTO now_ FROM pg_stat_get_activity(NULL) WHERE application_name = 'dbwright';
               seen := seen + (now_ > 0)::int; most := greatest(most, now_);
               SELECT string_agg(l.mode || ' on ' || coalesce(l.relation::text, l.locktype), ', ') INTO wrong
                 FROM pg_locks l JOIN pg_stat_get_activity(NULL) s ON s.pid = l.pid
                WHERE s.application_name = 'dbwright' AND l.mode <> 'AccessShareLock' AND l.locktype <> 'virtualxid' AND l.classid IS DISTINCT FROM 'pg_database'::regclass;
               EXIT WHEN wrong IS NOT NULL OR (seen > 0 AND now_ = 0 AND i > 3000);
               PERFORM pg_sleep(0.001); PERFORM pg_stat_clear_snapshot();
             END LOOP;
             INSERT INTO public.watched VALUES (most, seen, wrong); END $$;";
        server.sql("postgres", "CREATE DATABASE watcher");
        let watcher = server.in_background("watcher", watch);
        let url = format!("{}?all_databases=1", server.url("postgres"));
        for _ in 0..2 {
            assert_eq!(try_collect(&url, &options()).await.unwrap().len(), 7);
        }
        watcher.finish();
        let seen = server.sql("watcher", "SELECT most, seen > 3, coalesce(wrong, '-') FROM watched");
        assert!(["1|t|-", "2|t|-", "3|t|-"].contains(&seen.as_str()), "{seen}");
    })
    .await;
}

/// The transaction writes nothing: no transaction identifier is taken, no statistics reset.
#[tokio::test]
async fn nothing_is_written() {
    on_each(&["autovacuum=off"], async |server| {
        server.sql("postgres", MANY);
        let state =
            "SELECT txid_snapshot_xmax(txid_current_snapshot()), (SELECT stats_reset FROM pg_stat_database WHERE datname = 'postgres'),
                     (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_replication_slots)";
        let before = server.sql("postgres", state);
        collect(&server.url("postgres")).await;
        assert_eq!(server.sql("postgres", state), before);
    })
    .await;
}

#[tokio::test]
async fn the_number_of_queries_does_not_grow_with_the_tables() {
    on_each(&["max_locks_per_transaction=256"], async |server| {
        server.sql("postgres", "CREATE DATABASE small");
        server.sql("small", "CREATE TABLE t (id serial PRIMARY KEY, a int); CREATE VIEW v AS SELECT * FROM t;");
        server.sql("postgres", MANY);
        let (small, large) = (collect(&server.url("small")).await, collect(&server.url("postgres")).await);
        assert_eq!(small.effort.queries, large.effort.queries);
        assert!(large.effort.queries <= 32, "{:?}", large.effort);
        assert_eq!(large.effort.connections, 1);
    })
    .await;
}

/// A collection that is dropped half-way, as Ctrl-C does, leaves no statement running.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_remains_after_cancelling() {
    on_each(&[], async |server| {
        slow_archiver(server);
        let patient = CollectOptions { statement_timeout: Duration::from_secs(60), ..options() };
        let url = server.url("postgres");
        let collecting = tokio::spawn(async move { try_collect(&url, &patient).await });
        server.wait_for(
            "postgres",
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'dbwright' AND wait_event = 'PgSleep'",
        );
        let started = Instant::now();
        collecting.abort();
        let _ = collecting.await;
        server.wait_for("postgres", "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'dbwright'");
        assert!(started.elapsed() < Duration::from_secs(5), "the statement would have slept for 90 s");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_half_way_is_a_clear_error() {
    for major in VERSIONS {
        let Some(installation) = installed(major) else { continue };
        let mut server = Server::start(&installation, &[]);
        slow_archiver(&server);
        let url = server.url("postgres");
        let patient = CollectOptions { statement_timeout: Duration::from_secs(60), ..options() };
        let collecting = tokio::spawn(async move { try_collect(&url, &patient).await });
        server.wait_for(
            "postgres",
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'dbwright' AND wait_event = 'PgSleep'",
        );
        server.kill();
        let error = tokio::time::timeout(Duration::from_secs(10), collecting).await.expect("it does not hang").unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Lost, "{error:?}");
        assert!(error.action.contains("postgresql://postgres@") && !error.hint.is_empty(), "{error:?}");
    }
}

#[tokio::test]
async fn a_table_under_an_exclusive_lock_is_not_waited_for() {
    on_each(&[], async |server| {
        server.sql("postgres", "CREATE TABLE held (id serial PRIMARY KEY, t text); INSERT INTO held (t) SELECT 'x' FROM generate_series(1, 5000); CREATE TABLE free (id int); VACUUM ANALYZE;");
        let holder = server.in_background("postgres", "BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(30);");
        server.wait_for("postgres", "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted");
        let started = Instant::now();
        let facts = collect(&server.url("postgres")).await;
        drop(holder);
        assert!(started.elapsed() < Duration::from_secs(3));
        assert_eq!(coverage(&facts, FactKind::Sizes).state, Reading::Partial);
        let held = table(&facts, "public", "held");
        assert!(held.storage.table_bytes.as_ref().unwrap().value > 8192.0, "the planner's memory serves: {:?}", held.storage);
        assert_eq!(held.fields.len(), 2);
        assert!(facts.catalog.collections.iter().any(|table| table.name.name == "free"));
    })
    .await;
}

/// Makes one of the views that we read sleep.
fn slow_archiver(server: &Server) {
    server.sql(
        "postgres",
        "SET allow_system_table_mods = on;
         CREATE OR REPLACE VIEW pg_catalog.pg_stat_archiver AS
           SELECT 1::bigint AS archived_count, ''::text AS last_archived_wal, now() + (pg_sleep(90)::text || '0 s')::interval AS last_archived_time,
                  0::bigint AS failed_count, ''::text AS last_failed_wal, now() AS last_failed_time, now() AS stats_reset;",
    );
}
